#include "latentpath/path/second_order_path.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/curve/curve.h"
#include "latentpath/path/path_objective.h"
#include "latentpath/solver/solver.h"

namespace latentpath {
namespace {

/// Midpoints a segment tried one after another, and of the grid on which paths are compared.
constexpr int64_t kQuadratures[] = {1, 2, 4}, kComparedOn = 8;

/// `times` with every interval split into `factor` equal ones.
Tensor split_times(const Tensor& times, int64_t factor) {
  const int64_t n = times.size(0) - 1;
  const Tensor first = times.narrow(0, 0, n).unsqueeze(1), last = times.narrow(0, 1, n).unsqueeze(1);
  const Tensor share = at::arange(factor, times.options()).unsqueeze(0) / static_cast<double>(factor);
  return at::cat({(first + (last - first) * share).flatten(), times.narrow(0, n, 1)});
}

/// Costs [pairs] on a grid `factor` times finer.
Tensor finer_cost(const PathEnergy& energy, const Tensor& nodes, const Tensor& times, int64_t factor) {
  const at::NoGradGuard no_gradient;
  const Tensor fine = split_times(times, factor);
  const int64_t n = fine.size(0) - 1;
  const Tensor curve = interpolate_polyline(nodes, times, fine);
  std::vector<Tensor> costs;
  for (const Tensor& part :
       curve.split(std::max<int64_t>(1, energy.options().points_per_batch / (2 * n + 1))))
    costs.push_back(
        energy.cost(CurvePoints{part, 0.5 * (part.narrow(1, 0, n) + part.narrow(1, 1, n)), fine}));
  return at::nan_to_num(at::cat(costs), 1e300, 1e300);
}

PathCertificate certificate_of(PathObjective& objective, int64_t row, const Tensor& x, double tolerance,
                               int64_t quadrature) {
  PathCertificate certificate;
  certificate.quadrature = quadrature;
  SecondOrderModel* model = objective.second_order(row);
  if (model == nullptr) return certificate;
  const Tensor point = x.to(at::kCPU, at::kDouble).contiguous();
  const double cost = model->linearise(point.data_ptr<double>());
  static_cast<StationaryCertificate&>(certificate) = certify_by_blocks(*model, cost);
  certificate.minimum = certificate.gradient_residual <= tolerance && certificate.negative_directions == 0;
  return certificate;
}

}  // namespace

bool is_second_order(const std::string& method) {
  for (const SolverMethod& known : solver_methods())
    if (known.name == method) return known.needs != SolverNeeds::kGradient;
  return false;
}

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
  Tensor best = finer_cost(energy, found.nodes, times, kComparedOn);
  Tensor open = at::arange(pairs, at::kLong);  // pairs whose path is not settled
  for (const int64_t quadrature : kQuadratures) {
    if (open.numel() == 0) break;
    const Tensor from = start.index_select(0, open).to(at::kDouble),
                 to = end.index_select(0, open).to(at::kDouble);
    PathObjective objective(energy, curve, from, to, split_times(times, quadrature), true, quadrature);
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
    const Tensor cost = finer_cost(energy, moved, times, kComparedOn);
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
      } else if (quadrature < kQuadratures[2]) {
        again.push_back(pair);
        continue;
      }
      const Tensor x = curve->fit(found.nodes.narrow(0, pair, 1), times)[0];
      found.certificates[index] = certificate_of(objective, i, x, 10 * options.tolerance, quadrature);
    }
    open = at::tensor(again, at::kLong);
  }
  return found;
}

}  // namespace latentpath
