#pragma once
// A text as one number.

#include <charconv>
#include <optional>
#include <string_view>

namespace latentpath {

/// The number that a text is, all of it; none where it is anything else, or has no room in a Number.
template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number value{};
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && rest == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

}  // namespace latentpath
