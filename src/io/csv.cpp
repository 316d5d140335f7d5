#include "latentpath/io/csv.h"

#include <ATen/ATen.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"

namespace latentpath {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::vector<std::string_view> split(std::string_view line, char separator) {
  std::vector<std::string_view> values;
  if (separator == ' ') {  // any run of blanks
    for (size_t at = 0; (at = line.find_first_not_of(" \t", at)) != std::string_view::npos;) {
      const size_t end = std::min(line.find_first_of(" \t", at), line.size());
      values.push_back(line.substr(at, end - at));
      at = end;
    }
    return values;
  }
  for (size_t at = 0;;) {
    const size_t end = line.find(separator, at);
    std::string_view value = trim(line.substr(at, end == std::string_view::npos ? end : end - at));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = trim(value.substr(1, value.size() - 2));
    values.push_back(value);
    if (end == std::string_view::npos) return values;
    at = end + 1;
  }
}

std::optional<double> number(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc::result_out_of_range && end == text.data() + text.size())
    return text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos
               ? std::optional<double>(0.0)
               : std::optional<double>(INFINITY);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Tensor read_csv(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  std::string_view text = bytes;
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  LATENTPATH_CHECK(text.find('\0') == std::string_view::npos, kInput, path.string(),
                   " is not a text file of numbers: it holds binary data");
  std::vector<double> numbers;
  size_t columns = 0, line_number = 0, first_line = 0;
  char separator = '\0';
  bool heading_allowed = true;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line_number;
    if (line.empty() || line.front() == '#') continue;
    if (separator == '\0') {
      separator = ' ';
      for (const char candidate : {',', ';', '\t'})
        if (line.find(candidate) != std::string_view::npos) {
          separator = candidate;
          break;
        }
    }
    const std::vector<std::string_view> values = split(line, separator);
    if (heading_allowed) {
      heading_allowed = false;
      bool words = false;
      for (const std::string_view value : values) words = words || (!value.empty() && !number(value));
      if (words) {
        separator = '\0';  // a heading of one word does not show it
        continue;
      }
    }
    if (columns == 0) columns = values.size(), first_line = line_number;
    LATENTPATH_CHECK(values.size() == columns, kInput, path.string(), ", line ", line_number, " has ",
                     values.size(), values.size() == 1 ? " value" : " values", " where line ", first_line,
                     " has ", columns, ": every point needs the same number of coordinates");
    for (size_t c = 0; c < columns; ++c) {
      const std::optional<double> value = number(values[c]);
      LATENTPATH_CHECK(
          value.has_value(), kInput, path.string(), ", line ", line_number, ", column ", c + 1,
          values[c].empty() ? std::string(" is empty") : " is '" + std::string(values[c].substr(0, 40)) + "'",
          ": it must be a number");
      LATENTPATH_CHECK(std::isfinite(*value), kInput, path.string(), ", line ", line_number, ", column ",
                       c + 1, " is ", std::string(values[c].substr(0, 40)), ": numbers must be finite");
      numbers.push_back(*value);
    }
  }
  LATENTPATH_CHECK(columns > 0, kInput, path.string(), " holds no numbers: it must have one point a line");
  const auto count = static_cast<int64_t>(columns);
  return at::tensor(numbers, at::kDouble).view({-1, count});
}

}  // namespace latentpath
