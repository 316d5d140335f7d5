#include "latentpath/path/find_geodesics.h"
#include "latentpath/path/global_geodesics.h"
#include "latentpath/solver/methods.h"

namespace latentpath {
namespace {

OptionTable<GeodesicLevelOptions> level_table() {
  using O = GeodesicLevelOptions;
  return OptionTable<O>()
      .group("Stages: coarse to fine")
      .add("tolerance", &O::tolerance)
      .help("Residual below which a level has converged, but the last")
      .above(0)
      .add("hidden", &O::hidden)
      .help("A path longer by this share than its own grid believes is sought again on a finer one")
      .above(0)
      .add("last-hidden", &O::last_hidden)
      .help("The same on the last level")
      .above(0)
      .add("most-subdivisions", &O::most_subdivisions)
      .help("Subdivisions of each segment at which that ends")
      .range(1, 1024)
      .add("weighted-subdivisions", &O::weighted_subdivisions)
      .help("Subdivisions of each segment where weights differ, and subdivisions is 0")
      .range(1, 1024)
      .add("first-order-iterations", &O::first_order_iterations)
      .help("Iterations of adam and sgd on each level, where max-iterations is 0")
      .range(1, 1000000)
      .add("iterations", &O::iterations)
      .help("Iterations of all other methods on each level, where max-iterations is 0")
      .range(1, 1000000);
}

OptionTable<ContinuationOptions> continuation_table() {
  using O = ContinuationOptions;
  return OptionTable<O>()
      .group("Stages: level sets")
      .add("subdivisions", &O::subdivisions)
      .help("Subdivisions of each segment where weights are those of a level set, and subdivisions is 0")
      .range(1, 1024)
      .add("first-weight", &O::first_weight)
      .help("K starts where it adds this share of the set's own weight at the first path's deepest point")
      .above(0)
      .add("tolerance", &O::tolerance)
      .help("Residual below which a path has converged while K grows and kinks sharpen")
      .above(0)
      .add("growing-width", &O::growing_width)
      .help("Width of kinks while K grows, as a share of the set's own weight over K")
      .above(0)
      .add("first-width", &O::first_width)
      .help("The same once K has grown; it is halved from there")
      .above(0)
      .add("last-width", &O::last_width)
      .help("The same at the end, over the square of the number of segments")
      .above(0);
}

OptionTable<BlockLimits> block_table() {
  using O = BlockLimits;
  return OptionTable<O>()
      .group("Stages: choice of the method")
      .add("metric", &O::metric)
      .help("Latent dimensions up to which newton is taken, and beyond them newton-cg")
      .at_least(0)
      .add("level-set", &O::level_set)
      .help("The same for level sets")
      .at_least(0);
}

}  // namespace

const OptionTable<RivalOptions>& rival_option_table() {
  using O = RivalOptions;
  static const OptionTable<O> table =
      OptionTable<O>()
          .group("Stages: rivals")
          .add("most-detour", &O::most_detour)
          .help(
              "A route longer than a known geodesic by this factor is left alone, where models are in files")
          .at_least(1)
          .add("beside", &O::beside)
          .help("And one that is nowhere further from it than this share of its own extent")
          .at_least(0)
          .add("routes", &O::routes)
          .help("Routes of a pair that are looked at there")
          .at_least(0)
          .add("straight-subdivisions", &O::straight_subdivisions)
          .help("Subdivisions of the straight lines by which the copies of an end are ordered")
          .range(1, 1024)
          .add("most-straight", &O::most_straight)
          .help("A copy whose straight line is longer than a known geodesic by this factor is left alone")
          .at_least(1)
          .add("same-length", &O::same_length)
          .help("Geodesics whose lengths differ by no more than this share may be one")
          .at_least(0)
          .add("same-place", &O::same_place)
          .help("They are where their nodes are no further apart than this share of their extent")
          .at_least(0);
  return table;
}

const OptionTable<GeodesicOptions>& geodesic_option_table() {
  using O = GeodesicOptions;
  const GeodesicLevelOptions levels;
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
          .help("Iterations of each level")
          .range(1, 1000000)
          .zero(join_message(levels.iterations, ", of adam and sgd ", levels.first_order_iterations))
          .add("tolerance", &O::tolerance)
          .help(
              "Converged when the scale-free gradient residual falls below; for first-order methods on "
              "models in "
              "files, when 3 iterations together lower the cost by less than this share")
          .above(0)
          .unset(join_message(GeodesicOptions().residual()))
          .add("threads", &O::threads)
          .help("Threads")
          .range(1, 1024)
          .zero("all cores")
          .group("Fine settings of the search")
          .add("coarsest-segments", &O::coarsest_segments)
          .help("Segments of the coarsest level")
          .range(1, 100000)
          .add("subdivisions", &O::subdivisions)
          .help("Subdivisions of each segment, for the cost")
          .range(1, 1024)
          .zero("as the settings of the stages say where weights differ, else chosen")
          .add("escape-saddles", &O::escape_saddles)
          .help("Leave saddles along negative curvature")
          .add("resolution-tolerance", &O::resolution_tolerance)
          .help("Length and refined length may differ by this share before a path is called under-resolved")
          .at_least(0)
          .include(&O::levels, level_table(), "levels")
          .include(&O::continuation, continuation_table(), "continuation")
          .include(&O::blocks, block_table(), "blocks");
  return table;
}

}  // namespace latentpath
