#include "latentpath/path/second_order_path.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/curve/curve.h"
#include "latentpath/path/path_objective.h"
#include "latentpath/path/select.h"
#include "latentpath/solver/solver.h"

namespace latentpath {
namespace {

PathCertificate certificate_of(PathObjective& objective, int64_t row, const Tensor& x, Termination why,
                               int64_t subdivisions) {
  PathCertificate certificate;
  certificate.subdivisions = subdivisions;
  SecondOrderModel* model = objective.second_order(row);
  if (model == nullptr) return certificate;
  const Tensor point = x.to(at::kCPU, at::kDouble).contiguous();
  const double cost = model->linearise(point.data_ptr<double>());
  certificate.conclude(certify_by_blocks(*model, cost), why);
  return certificate;
}

}  // namespace

SecondOrderPaths finish_by_second_order(const PathEnergy& energy, const Tensor& start, const Tensor& end,
                                        const Tensor& nodes, const Tensor& times,
                                        const SecondOrderOptions& options, const ProgressObserver& progress,
                                        const CancellationToken& cancellation) {
  const int64_t pairs = nodes.size(0), n = times.size(0) - 1, dim = nodes.size(2);
  const auto count = static_cast<std::size_t>(pairs);
  SecondOrderPaths found{nodes.to(at::kDouble).clone(),
                         std::vector<Termination>(count, Termination::kStalled),
                         std::vector<int64_t>(count, 0),
                         std::vector<PathCertificate>(count),
                         {}};
  if (n < 2) return found;
  const auto curve = polyline_curve(times, dim);
  const Tensor compared = refine_times(times, options.compare_subdivisions);
  Tensor open = at::arange(pairs, at::kLong);  // pairs whose path is not settled
  const auto cost_of = [&](const Tensor& paths, const Tensor& rows) {
    if (options.counter == nullptr) return polyline_cost(energy, paths, times, compared);
    const auto scope = options.counter->count_for(options.pairs.index_select(0, rows));
    return polyline_cost(energy, paths, times, compared);
  };
  Tensor best = cost_of(found.nodes, open);
  // A curve's metric is that of its nodes: with midpoints between them there is none.
  const bool on_nodes = solver_method(options.method).needs == SolverNeeds::kCurveMetric;
  const int64_t finest = on_nodes ? 1 : options.finest;
  for (int64_t subdivisions = 1; open.numel() > 0 && subdivisions <= finest; subdivisions *= 2) {
    const Tensor from = start.index_select(0, open).to(at::kDouble),
                 to = end.index_select(0, open).to(at::kDouble);
    PathObjective objective(energy, curve, from, to, refine_times(times, subdivisions), true, subdivisions,
                            options.preconditioner);
    if (options.counter != nullptr) objective.count(*options.counter, options.pairs.index_select(0, open));
    const auto solver = make_solver<Tensor>(options.method);
    found.method = solver->describe();
    const SolveResult solved = solve(
        objective, curve->fit(found.nodes.index_select(0, open), times), *solver,
        {.max_iterations = options.max_iterations,
         .gradient_residual = options.tolerance,
         .max_seconds = options.max_seconds},
        [&](const SolverState& state) {
          if (progress)
            progress(
                {found.method, state.iteration, options.max_iterations, state.value.mean().item<double>()});
        },
        cancellation);
    const Tensor moved =
        at::cat({from.unsqueeze(1), solved.state.x.view({-1, n - 1, dim}), to.unsqueeze(1)}, 1);
    const Tensor cost = cost_of(moved, open);
    std::vector<int64_t> again;
    for (int64_t i = 0; i < open.numel(); ++i) {
      const int64_t pair = open[i].item<int64_t>();
      const auto index = static_cast<std::size_t>(pair), row = static_cast<std::size_t>(i);
      found.iterations[index] += solved.state.iterations[row];
      // A last-bit difference is no rise.
      const bool better = cost[i].item<double>() <= best[pair].item<double>() * (1 + 1e-9);
      if (better) {
        found.nodes[pair].copy_(moved[i]);
        best[pair].copy_(cost[i]);
        found.termination[index] = solved.state.termination[row];
      } else if (subdivisions < finest) {
        again.push_back(pair);
        continue;
      }
      const Tensor x = curve->fit(found.nodes.narrow(0, pair, 1), times)[0];
      found.certificates[index] = certificate_of(objective, i, x, found.termination[index], subdivisions);
    }
    open = at::tensor(again, at::kLong);
  }
  return found;
}

}  // namespace latentpath
