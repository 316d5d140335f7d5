#pragma once
// A text as one number, as several, or as parts.
//
//   read_number<int64_t>("12");   // 12
//   read_number_list("1.0, 2,-0.5");  // {1, 2, −0.5}
//   split_at_commas("a,b");           // {"a", "b"}

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace latentpath {

/// The number that a text is, all of it; none where it is anything else, or has no room in a Number.
template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number value{};
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && rest == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// A whole number from 0 up to 2⁶³ − 1, of digits alone; none where the text is anything else.
inline std::optional<int64_t> read_count(std::string_view text) {
  return text.starts_with('-') ? std::nullopt : read_number<int64_t>(text);
}

/// The parts of a text between its commas, as they stand: one more than there are commas.
inline std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  for (size_t begin = 0, end = 0; end != std::string_view::npos; begin = end + 1) {
    end = text.find(',', begin);
    parts.emplace_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
  }
  return parts;
}

/// The numbers of a text, separated by commas, spaces around them and a plus sign before them allowed; none
/// where it is anything else.
inline std::optional<std::vector<double>> read_number_list(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  std::vector<double> numbers;
  for (size_t begin = 0, end = 0; end != std::string_view::npos; begin = end + 1) {
    end = text.find(',', begin);
    std::string_view word = text.substr(begin, end == std::string_view::npos ? end : end - begin);
    word.remove_prefix(std::min(word.find_first_not_of(kSpaces), word.size()));
    word = word.substr(0, word.find_last_not_of(kSpaces) + 1);
    if (word.size() > 1 && word[0] == '+' && word[1] != '-') word.remove_prefix(1);
    const auto value = read_number<double>(word);
    if (!value) return std::nullopt;
    numbers.push_back(*value);
  }
  return numbers;
}

}  // namespace latentpath
