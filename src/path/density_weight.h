#pragma once
// What `density_regularisation` of PathOptions says. Internal.

#include <optional>

#include "latentpath/path/path_options.h"

namespace latentpath {

/// μ; 0: none; nothing: to be found, pair by pair. Throws Error(kArgument) for a text that says none of
/// these.
std::optional<double> density_weight_of(const PathOptions& options);

}  // namespace latentpath
