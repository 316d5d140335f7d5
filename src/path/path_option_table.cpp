#include "latentpath/path/path_option_table.h"

#include "latentpath/core/error.h"
#include "latentpath/metric/epsilon.h"
#include "path/density_weight.h"
#include "path/init_choices.h"
#include "path/path_methods.h"
#include "path/stage_option_tables.h"

namespace latentpath {
namespace {

OptionTable<PathOptions> make_table() {
  const RouteStartOptions routes;
  OptionTable<PathOptions> t;
  t.group("What the path should be like");
  add_epsilon(t, &PathOptions::epsilon);
  t.add("cost", &PathOptions::cost)
      .help("What is minimised")
      .choices({{"auto", "dynamic with the ramp or for loops, else chord"},
                {"chord"},
                {"dynamic"},
                {"length"},
                {"endpoint-mean"}})
      .add("time-weight", &PathOptions::time_weight)
      .help("Weight lambda of the time term of dynamic and length costs")
      .unit("squared image distance")
      .range(0, 1e20)
      .unset(join_message(ResolveOptions().time_weight,
                          " times the mean squared image distance of prior samples"))
      .add("norm", &PathOptions::norm,
           {{{"sum", "over pixels"}, OutputNorm::kSum}, {{"mean"}, OutputNorm::kMean}})
      .help("Squared image distance")
      .add("density-regularisation", &PathOptions::density_regularisation)
      .help(
          "Keep to where decoded points are likely (Kim & Zhang): weight MU of the mean of -log p(x) along "
          "the path, a "
          "number above 0; auto: pair by pair, such that the straight line's density weighs as much as twice "
          "its length; "
          "or none")

      .group("How it is sought")
      .add("method", &PathOptions::method)
      .help("Solver")
      .choices(path_method_choices())
      .add("curve", &PathOptions::curve)
      .help("Curve")
      .choices({{"auto", "neural for adam and sgd, else polyline"}, {"polyline"}, {"neural"}})
      .add("init", &PathOptions::init)
      .help("First path")
      .choices(init_option_choices())
      .add("segments", &PathOptions::segments)
      .help("Segments of the path")
      .range(1, 100000)
      .add("max-iterations", &PathOptions::max_iterations)
      .help("Iterations; of a search from coarse to fine, of its last level and of each start's rounds")
      .at_least(0)
      .zero(join_message("as the settings of the stages say: ", LevelOptions().iterations, " a level, ",
                         PublishedOptions().first_order_iterations, " of adam and sgd"))
      .add("max-seconds", &PathOptions::max_seconds)
      .help("Time limit")
      .unit("s")
      .at_least(0)
      .zero("none")
      .add("memory", &PathOptions::memory)
      .help("Memory for points that are mapped at once")
      .unit("GB")
      .at_least(0)
      .zero("a half of what is available")
      .add("tolerance", &PathOptions::tolerance)
      .help(
          "Stop when 3 iterations together lower the cost by less than this share; where given, second-order "
          "methods stop at this gradient residual")
      .at_least(0)
      .unset(join_message(PathOptions().relative_decrease()))
      .add("learning-rate", &PathOptions::learning_rate)
      .help("Step length of adam, sgd, paper2019 and kim-zhang")
      .above(0)
      .zero("as if not given")
      .unset(join_message(PublishedOptions().learning_rate,
                          "; for paper2019 and kim-zhang what their straight line allows"))
      .add("seed", &PathOptions::seed)
      .help("Seed of everything random")

      .group("Fine settings of the search")
      .add("coarsest-segments", &PathOptions::coarsest_segments)
      .help("Segments of the coarsest level, for lbfgs")
      .range(1, 100000)
      .add("coarse-subdivisions", &PathOptions::coarse_subdivisions)
      .help("Cost midpoints a segment on levels of few segments")
      .range(1, 1024)
      .power_of_two()
      .add("grading", &PathOptions::grading)
      .help(
          "How much finer the time grid is at the ends; negative: resolve-grading where the quality depends "
          "on time, "
          "else 0")
      .below(1)
      .at_least(-1)
      .add("via-starts", &PathOptions::via_starts)
      .help("Paths through good places kept as starts of each pair")
      .range(1, 1000)
      .add("route-samples", &PathOptions::route_samples)
      .help("Prior samples that routes run through")
      .range(2, 1000000)
      .zero(join_message(routes.samples_of_few, " for up to ", routes.few_latents, " latents, else ",
                         routes.samples))
      .add("route-starts", &PathOptions::route_starts)
      .help("Routes kept as starts of each pair")
      .range(1, 1000)
      .add("resolution-tolerance", &PathOptions::resolution_tolerance)
      .help(
          "Cost and refined cost may differ by this share before a path is refined, or flagged "
          "under-resolved")
      .at_least(0)
      .add("random-points", &PathOptions::random_points)
      .help("Times drawn in each step of adam and sgd")
      .range(1, 1000000);
  add_stage_options(t);
  t.rule([](const PathOptions& o) { density_weight_of(o); });
  return t;
}

}  // namespace

const OptionTable<PathOptions>& path_option_table() {
  static const OptionTable<PathOptions> table = make_table();
  return table;
}

}  // namespace latentpath
