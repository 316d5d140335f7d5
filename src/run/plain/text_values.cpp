#include "latentpath/run/text_values.h"

#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/core/read_number.h"

namespace latentpath {

std::vector<double> parse_numbers(const std::string& field, const std::string& text) {
  LATENTPATH_CHECK(!text.empty(), kArgument, "`", field, "` takes numbers separated by commas; it is empty");
  const auto numbers = read_number_list(text);
  LATENTPATH_CHECK(numbers, kArgument, "`", field, "` takes numbers separated by commas; '", text,
                   "' is not");
  return *numbers;
}

std::vector<double> parse_finite_numbers(const std::string& field, const std::string& text) {
  std::vector<double> numbers = parse_numbers(field, text);
  for (const double value : numbers)
    LATENTPATH_CHECK(std::isfinite(value), kArgument, "`", field, "` takes numbers separated by commas; '",
                     text, "' is not");
  return numbers;
}

std::optional<ValueRange> parse_range(const std::string& field, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto numbers = parse_numbers(field, text);
  LATENTPATH_CHECK(numbers.size() == 2 && numbers[0] < numbers[1], kArgument, "`", field,
                   "` takes two numbers low,high with low < high; '", text, "' is not");
  return ValueRange{numbers[0], numbers[1]};
}

std::optional<std::string> text_after(const std::string& prefix, const std::string& text) {
  if (text.rfind(prefix, 0) != 0) return std::nullopt;
  return text.substr(prefix.size());
}

}  // namespace latentpath
