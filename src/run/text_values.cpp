#include "latentpath/run/text_values.h"

#include <cmath>
#include <sstream>

#include "latentpath/core/error.h"

namespace latentpath {

std::vector<double> parse_numbers(const std::string& field, const std::string& text) {
  std::vector<double> numbers;
  std::stringstream stream(text);
  for (std::string word; std::getline(stream, word, ',');) {
    size_t used = 0;
    double value = 0;
    try {
      value = std::stod(word, &used);
    } catch (const std::exception&) {
      used = 0;
    }
    LATENTPATH_CHECK(used > 0 && word.find_first_not_of(' ', used) == std::string::npos, kArgument, "`",
                     field, "` takes numbers separated by commas; '", text, "' is not");
    numbers.push_back(value);
  }
  LATENTPATH_CHECK(!numbers.empty(), kArgument, "`", field,
                   "` takes numbers separated by commas; it is empty");
  return numbers;
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
