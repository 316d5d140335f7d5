#pragma once
// Names in a sentence.

#include <cstddef>
#include <string>
#include <vector>

namespace latentpath {

/// "a", "a and b", "a, b and c".
inline std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

}  // namespace latentpath
