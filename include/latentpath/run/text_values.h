#pragma once
// Values that users give as text: lists of numbers, ranges of values, names of files.
//
//   parse_numbers("from", "1.0,2,-0.5");   // {1, 2, −0.5}
//
// `field` is the option's field, named in the sentence of a refusal.

#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/value_range.h"

namespace latentpath {

/// Throws Error(kArgument) for anything that is not numbers separated by commas.
std::vector<double> parse_numbers(const std::string& field, const std::string& text);
/// The same without NaN and infinity.
std::vector<double> parse_finite_numbers(const std::string& field, const std::string& text);

/// "low,high" with low < high; none for an empty text.
std::optional<ValueRange> parse_range(const std::string& field, const std::string& text);

/// Whether a text names an array file.
bool is_npy(const std::string& text);

/// "samples:codes.npy", "samples:" → "codes.npy"; none for another prefix.
std::optional<std::string> text_after(const std::string& prefix, const std::string& text);

/// Sentences, or warnings, to the end of a list of the same or of warnings.
template <class Sentence, class Other>
void append(std::vector<Sentence>& list, const std::vector<Other>& more) {
  list.insert(list.end(), more.begin(), more.end());
}

}  // namespace latentpath
