#include "path/density_weight.h"

#include "latentpath/core/error.h"
#include "latentpath/core/read_number.h"

namespace latentpath {
namespace {

/// A bound of numbers and no choice: beyond it the density term alone would overflow where images are far
/// apart.
constexpr double kLargestWeight = 1e30;

}  // namespace

bool regularises_density(const PathOptions& options) { return density_weight_of(options) != 0.0; }

std::optional<double> density_weight_of(const PathOptions& options) {
  const std::string& text = options.density_regularisation;
  if (text == "none") return 0.0;
  if (text == "auto") return std::nullopt;
  const auto weight = read_number<double>(text);
  LATENTPATH_CHECK(weight && *weight > 0 && *weight <= kLargestWeight, kArgument,
                   "`density_regularisation` takes a number above 0 and up to ", kLargestWeight,
                   ", auto or none; '", text, "' is none of these");
  return weight;
}

}  // namespace latentpath
