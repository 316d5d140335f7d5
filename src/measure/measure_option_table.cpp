#include "latentpath/measure/measure_problem.h"

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/metric/epsilon.h"
#include "latentpath/solver/methods.h"
#include "measure/measure_starts.h"

namespace latentpath {
namespace {

/// The solvers of mmd, with what each is or without.
std::string solvers(bool described) {
  std::string text = described ? "auto (lbfgs on the points, adam on a neural curve)" : "auto";
  for (const SolverMethod& method : solver_methods())
    if (method.needs == SolverNeeds::kGradient)
      text += ", " + method.name + (described ? " (" + method.description + ")" : "");
  return text;
}

void check_method(const MeasureOptions& o) {
  if (with_kind_for_method(o).method != o.method) return;
  const auto& all = solver_methods();
  const bool known = o.method == "auto" || std::any_of(all.begin(), all.end(), [&](const auto& method) {
                       return method.name == o.method && method.needs == SolverNeeds::kGradient;
                     });
  LATENTPATH_CHECK(known, kArgument, "`method` must be one of ", solvers(false),
                   ", which need a gradient alone, not '", o.method, "'");
}

std::vector<OptionChoice> start_choices() {
  std::vector<OptionChoice> choices{
      {"auto", "all, until one costs no more than the bound; the best is kept"}};
  for (const MeasureStartRow& row : measure_starts()) choices.push_back({row.name, row.help});
  return choices;
}

OptionTable<MeasureOptions> make_table() {
  using O = MeasureOptions;
  OptionTable<EntropicOptions> entropic;
  entropic.group("How it is sought")
      .add("blur", &EntropicOptions::blur)
      .help("Blur of entropic transport")
      .unit("units of the points")
      .at_least(0)
      .zero("0.03 median distances");
  OptionTable<O> t;
  t.group("How it is sought")
      .add("kind", &O::kind,
           {{{"mmd", "points move, Eq. 13"}, MeasureKind::kMmd},
            {{"mixture", "the kernel's exact geodesic: weights change"}, MeasureKind::kMixture},
            {{"displacement", "optimal transport"}, MeasureKind::kDisplacement}})
      .help("Kind of path")
      .add("method", &O::method)
      .help("Solver of mmd: " + solvers(true))
      .add("steps", &O::steps)
      .help("Steps K of the path")
      .range(1, 10000)
      .add("start", &O::start)
      .help("First path of mmd")
      .choices(start_choices())
      .add("curve", &O::curve)
      .help("Curve of mmd")
      .choices({{"polyline", "the points themselves"}, {"neural", "the papers' network"}})
      .add("harmonics", &O::harmonics)
      .help("Sine waves in a smooth motion")
      .range(1, 1000);
  add_epsilon(t, &O::epsilon)
      .add("max-iterations", &O::max_iterations)
      .help("Iterations, of each level")
      .at_least(0)
      .zero("400, adam and sgd 1000")
      .add("tolerance", &O::tolerance)
      .help("Stop when 5 iterations together lower the cost by less than this share")
      .at_least(0)
      .add("learning-rate", &O::learning_rate)
      .help("Step length of adam and sgd")
      .above(0)
      .add("max-seconds", &O::max_seconds)
      .help("Time limit for each start")
      .unit("s")
      .at_least(0)
      .zero("none")
      .add("transport", &O::transport)
      .help("Transport of displacement, and of the starts matched and smooth")
      .choices({{"auto", "exact where it fits, see exact-transport-pairs and memory"},
                {"exact", "network simplex"},
                {"entropic", "Sinkhorn, with bounds on what it misses"}})
      .add("memory", &O::memory)
      .help("Memory for an exact transport")
      .unit("GB")
      .at_least(0)
      .zero("a half of what is available")
      .include(&O::entropic, entropic)
      .add("features", &O::features)
      .help("Random features, used where the samples are too large for all pairs")
      .at_least(2)
      .add("seed", &O::seed)
      .help("Seed of everything random")
      .group("Fine settings of the search")
      .add("exact-transport-pairs", &O::exact_transport_pairs)
      .help("Up to so many pairs of points transport auto is exact, above entropic")
      .at_least(0)
      .add("exact-mmd-points", &O::exact_mmd_points)
      .help("Up to so many points all pairs are summed, above random features are used")
      .at_least(0)
      .add("baselines", &O::baselines)
      .help("Measure mixture and displacement beside the path");
  t.rule(check_method);
  t.rule([](const O& o) {
    for (const MeasureStartRow& row : measure_starts())
      LATENTPATH_CHECK(o.start != row.name || !row.needs_points || o.curve == "polyline", kArgument,
                       "`start` ", row.name,
                       " is a curve of its own kind: it cannot be taken with `curve` neural");
  });
  return t;
}

}  // namespace

std::string measure_kind_name(MeasureKind kind) {
  switch (kind) {
    case MeasureKind::kMixture:
      return "mixture";
    case MeasureKind::kDisplacement:
      return "displacement";
    default:
      return "mmd";
  }
}

MeasureOptions with_kind_for_method(MeasureOptions options) {
  for (const MeasureKind kind : {MeasureKind::kMmd, MeasureKind::kMixture, MeasureKind::kDisplacement})
    if (options.method == measure_kind_name(kind)) {
      options.kind = kind;
      options.method = "auto";
      break;
    }
  return options;
}

const OptionTable<MeasureOptions>& measure_option_table() {
  static const OptionTable<MeasureOptions> table = make_table();
  return table;
}

}  // namespace latentpath
