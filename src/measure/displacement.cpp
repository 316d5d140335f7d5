// Displacement: each point travels to where optimal transport sends it. Which transport, the samples matched
// by it, and the path.

#include <ATen/ATen.h>

#include <cmath>
#include <iomanip>

#include "latentpath/core/error.h"
#include "latentpath/core/memory.h"
#include "latentpath/path/find_path.h"
#include "measure/measure_search.h"

namespace latentpath {
namespace {

Tensor to_tensor(const std::vector<double>& v, at::IntArrayRef shape) {
  return at::tensor(v, at::kDouble).view(shape);
}

/// Each particle takes the best path under the quality between its two ends.
void bend(const MeasureSearch& search, MeasurePath& path) {
  search.tell({.stage = "paths of the points", .activity = Activity::kTransport});
  PathProblem problem;
  problem.embedding = identity_embedding(search.start.size(1));
  problem.quality = search.quality;
  problem.start = search.matched->from;
  problem.end = search.matched->to;
  PathOptions how;
  how.segments = std::max<int64_t>(32, search.options.steps);
  how.epsilon = search.options.epsilon;
  how.cost = "chord";
  how.seed = search.options.seed;
  const PathResult found = find_path(problem, how, {}, search.cancellation);
  const Tensor nodes = interpolate_polyline(found.nodes, found.times, search.result.times);  // [N, K + 1, d]
  path.points.narrow(0, 1, search.options.steps - 1)
      .copy_(nodes.transpose(0, 1).narrow(0, 1, search.options.steps - 1));
}

/// Both maps at once: X sent forward fades out while Y sent back fades in, so that the ends are exact.
void displace_by_entropy(MeasureSearch& search) {
  LATENTPATH_CHECK(!search.quality || search.options.kind != MeasureKind::kDisplacement, kArgument,
                   "displacement with a quality needs an exact transport: ", search.not_exact);
  search.tell({.stage = "entropic transport", .activity = Activity::kTransport});
  const EntropicTransport found = entropic_transport(sample_of(search.start, search.start_weights),
                                                     sample_of(search.end, search.end_weights),
                                                     search.options.entropic, search.cancellation);
  const Tensor forward = to_tensor(found.forward, search.start.sizes()),
               backward = to_tensor(found.backward, search.end.sizes());
  const Tensor t = search.result.times.view({-1, 1, 1});
  MeasurePath path = mixture_path(search, search.options.steps);
  const int64_t n = search.start.size(0);
  path.points.narrow(1, 0, n).copy_((1 - t) * search.start + t * forward);
  path.points.narrow(1, n, search.end.size(0)).copy_((1 - t) * backward + t * search.end);
  path.points[0].narrow(0, 0, n).copy_(search.start);
  path.points[search.options.steps].narrow(0, n, search.end.size(0)).copy_(search.end);
  search.result.displacement = std::move(path);
  search.result.transport = "entropic";
  search.result.transport_cost = found.cost;
  search.result.transport_lower_bound = found.lower_bound;
  search.result.transport_upper_bound = found.upper_bound;
  search.result.entropic_blur = found.blur;
  MeasurePath gap;
  gap.points = at::cat({forward, search.end}).expand({2, -1, -1}).contiguous();
  const Tensor w = weights_or_uniform(search.start_weights, search.start),
               v = weights_or_uniform(search.end_weights, search.end);
  gap.weights = at::stack({at::cat({w, at::zeros_like(v)}), at::cat({at::zeros_like(w), v})});
  search.result.entropic_end_gap = std::sqrt(search.distances->steps(gap, false)[0].value);
  search.result.warnings.push_back(join_message(
      "displacement is entropic (blur ", found.blur, "), since ", search.not_exact,
      ": the squared Wasserstein distance lies between ", found.lower_bound, " and ", found.upper_bound,
      "; the sample sent forward ends at an MMD of ", search.result.entropic_end_gap, " from the other one"));
}

}  // namespace

void choose_transport(MeasureSearch& search) {
  if (search.options.transport == "entropic") {
    search.not_exact = "`transport` is entropic";
    return;
  }
  if (search.start.size(1) == 1) return;  // by sorting
  const auto pairs = static_cast<double>(search.start.size(0)) * static_cast<double>(search.end.size(0));
  const bool weighted = search.start_weights.defined() || search.end_weights.defined();
  const TransportEffort effort = exact_transport_effort(search.start.size(0), search.end.size(0), weighted);
  const double gigabytes =
      search.options.memory > 0 ? search.options.memory : static_cast<double>(available_memory()) / 2e9;
  const std::string needs =
      join_message("an exact transport of ", search.start.size(0), " x ", search.end.size(0),
                   " points takes ", std::setprecision(3), effort.bytes / 1e9, " GB");
  const bool fits = effort.bytes / 1e9 <= gigabytes;
  LATENTPATH_CHECK(fits || search.options.transport != "exact", kArgument, needs, ", and ",
                   std::setprecision(3), gigabytes,
                   " GB are to be used: give more `memory`, smaller samples, or the "
                   "`transport` entropic");
  if (search.options.transport == "auto" && pairs > static_cast<double>(search.options.exact_transport_pairs))
    search.not_exact = join_message("it is made up to ", search.options.exact_transport_pairs,
                                    " pairs of points; these samples have ", static_cast<int64_t>(pairs));
  else if (!fits)
    search.not_exact = join_message(needs, ", and ", std::setprecision(3), gigabytes, " GB are to be used");
  if (search.not_exact.empty() && effort.seconds > 10 && search.progress) {
    Progress said;
    said.note = join_message(needs, ", and about ", std::lround(effort.seconds), " seconds");
    search.progress(said);
  }
}

const Particles& matched_particles(MeasureSearch& search) {
  if (search.matched) return *search.matched;
  search.tell({.stage = "matching the samples", .activity = Activity::kTransport});
  const TransportPlan plan = exact_transport(sample_of(search.start, search.start_weights),
                                             sample_of(search.end, search.end_weights), search.cancellation);
  std::vector<int64_t> from, to;
  std::vector<double> mass;
  for (const auto& move : plan.moves)
    from.push_back(move.from), to.push_back(move.to), mass.push_back(move.mass);
  const Tensor first = at::tensor(from, at::kLong), second = at::tensor(to, at::kLong),
               masses = at::tensor(mass, at::kDouble);
  search.matched = Particles{search.start.index_select(0, first), search.end.index_select(0, second), masses,
                             search.equal_sizes()};
  search.result.coupling = at::stack({first.to(at::kDouble), second.to(at::kDouble), masses}, 1);
  search.result.transport = "exact";
  search.result.transport_cost = search.result.transport_upper_bound = plan.cost;
  search.result.transport_lower_bound = plan.lower_bound();
  return *search.matched;
}

const MeasurePath& displaced_particles(MeasureSearch& search) {
  if (!search.displaced) {
    search.displaced = straight_path(matched_particles(search), search.options.steps);
    if (search.quality && search.options.steps > 1) bend(search, *search.displaced);
  }
  return *search.displaced;
}

void displace(MeasureSearch& search) {
  if (search.exact_transport_fits())
    search.result.displacement = displaced_particles(search);
  else
    displace_by_entropy(search);
  search.result.displacement_figures = search.figures(*search.result.displacement);
}

}  // namespace latentpath
