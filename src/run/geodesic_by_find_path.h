#pragma once
// Geodesics that find_path() seeks in place of the dense solvers: models in files are decoded in batches.
// Internal.

#include <string>

#include "latentpath/metric/weighted_metric.h"
#include "latentpath/path/find_geodesics.h"
#include "latentpath/path/path_options.h"

namespace latentpath {

/// Who searches, and how.
struct GeodesicEngine {
  bool by_find_path = false;  ///< else by the dense solvers
  std::string method = {};    ///< of solver_methods(); "auto" leaves it to the dense solvers
  std::string reason = {};    ///< why, where `method` was left open; to stand after "since"
};

/// Formulas go to the dense solvers, with any method. So do models in files by Newton's method and its kin
/// where that pays (newton_pays()); else find_path() takes them: by L-BFGS where nobody names a method, and
/// by a second-order method after that. In bulk, where models are decoded for many pairs at once, L-BFGS is
/// cheaper than Newton's method a pair, too.
GeodesicEngine geodesic_engine(const WeightedMetric& metric, bool from_files, const std::string& method,
                               bool in_bulk = false);

/// What is asked of a search for geodesics, with `init` of the job, in find_path()'s terms.
PathOptions find_path_options(const GeodesicOptions& search, const std::string& init,
                              const std::string& method, double epsilon);

}  // namespace latentpath
