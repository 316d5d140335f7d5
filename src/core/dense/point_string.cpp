#include "latentpath/core/point_string.h"

#include <algorithm>

#include "latentpath/core/error.h"

namespace latentpath {

std::string point_string(std::span<const double> z) {
  constexpr std::size_t kShown = 8;
  std::string text = "(";
  for (std::size_t i = 0; i < std::min(z.size(), kShown); ++i) text += join_message(i ? ", " : "", z[i]);
  return text + (z.size() > kShown ? ", …)" : ")");
}

}  // namespace latentpath
