#pragma once
// Geodesics that find_path() seeks in place of the dense solvers: models in files are decoded in batches, by
// methods that need a gradient alone. Internal.

#include <string>

#include "latentpath/path/find_geodesics.h"
#include "latentpath/path/path_options.h"

namespace latentpath {

/// `method` is one by name: what auto is has been decided.
bool goes_to_find_path(bool from_files, const std::string& method);

/// What is asked of a search for geodesics, with `init` of the job, in find_path()'s terms.
PathOptions find_path_options(const GeodesicOptions& search, const std::string& init,
                              const std::string& method, double epsilon);

}  // namespace latentpath
