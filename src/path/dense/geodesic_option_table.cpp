#include "latentpath/path/find_geodesics.h"
#include "latentpath/solver/methods.h"

namespace latentpath {

const OptionTable<GeodesicOptions>& geodesic_option_table() {
  using O = GeodesicOptions;
  static const OptionTable<O> table =
      OptionTable<O>()
          .group("How they are sought")
          .add("method", &O::method)
          .help("Solver")
          .choices(solver_method_choices({{"auto", "by size"}}))
          .add("segments", &O::segments)
          .help("Segments of the path")
          .range(2, 100000)
          .add("max-iterations", &O::max_iterations)
          .help("Iterations of each level; where left, adam, sgd and paper2019 take their own 1000")
          .range(1, 1000000)
          .add("tolerance", &O::tolerance)
          .help(
              "Converged when the scale-free gradient residual falls below; for first-order methods on "
              "models in "
              "files, when 3 iterations together lower the cost by less than this share")
          .above(0)
          .add("threads", &O::threads)
          .help("Threads")
          .range(1, 1024)
          .zero("all cores")
          .group("Fine settings of the search")
          .add("coarsest-segments", &O::coarsest_segments)
          .help("Segments of the coarsest level")
          .range(1, 100000)
          .zero("chosen")
          .add("subdivisions", &O::subdivisions)
          .help("Subdivisions of each segment, for the cost")
          .range(1, 1024)
          .zero("chosen")
          .add("escape-saddles", &O::escape_saddles)
          .help("Leave saddles along negative curvature");
  return table;
}

}  // namespace latentpath
