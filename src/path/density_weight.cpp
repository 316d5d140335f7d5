#include "path/density_weight.h"

#include <charconv>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

/// A bound of numbers and no choice: beyond it the density term alone would overflow where images are far
/// apart.
constexpr double kLargestWeight = 1e30;

}  // namespace

std::optional<double> density_weight_of(const PathOptions& options) {
  const std::string& text = options.density_regularisation;
  if (text == "none") return 0.0;
  if (text == "auto") return std::nullopt;
  double weight = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  LATENTPATH_CHECK(
      error == std::errc() && rest == text.data() + text.size() && weight > 0 && weight <= kLargestWeight,
      kArgument, "`density_regularisation` takes a number above 0 and up to ", kLargestWeight,
      ", auto or none; '", text, "' is none of these");
  return weight;
}

}  // namespace latentpath
