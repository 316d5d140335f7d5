#include "latentpath/path/published_methods.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/core/random.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/path_objective.h"
#include "path/init_choices.h"
#include "path/path_methods.h"
#include "path/row_iterations.h"
#include "path/search.h"

namespace latentpath {
namespace {

struct Method {
  PathMethod asked;
  bool descent;      ///< paper B: gradient descent on a polyline's nodes
  bool first_order;  ///< its steps are as long as a learning rate says
  bool neural;
  Method(const PathOptions& options, bool paper_b)
      : asked(path_method(options)),
        descent(paper_b),
        first_order(asked.takes_rate),
        neural(options.curve == "neural" || (options.curve == "auto" && first_order && !descent)) {}
};

std::shared_ptr<Curve> curve_of(const Search& search, const Method& method, const Tensor& times) {
  if (!method.neural) return polyline_curve(times, search.dim());
  NeuralCurveOptions neural = search.options.neural;
  neural.seed = search.options.seed;
  return neural_curve(search.dim(), neural);
}

/// The parameters of the first curves.
Tensor fit(const Search& search, const Method& method, Curve& curve, const PathSet& paths,
           const Tensor& times) {
  // The networks work in the end points' own precision, as in the papers' program; polylines in float64.
  const auto type = method.neural ? search.problem.start.scalar_type() : at::kDouble;
  if (!method.neural || !init_choice(search.options).straight) return curve.fit(paths.nodes.to(type), times);
  const Tensor ends = uniform_times(1);
  return curve.fit(linear_path(search.start, search.end, ends).to(type), ends);
}

std::unique_ptr<PathObjective> objective_of(const Search& search, const Method& method,
                                            const std::shared_ptr<Curve>& curve, const Tensor& times) {
  std::unique_ptr<PathObjective> objective;
  if (method.first_order && !method.descent)
    objective = std::make_unique<RandomTimesObjective>(search.energy, curve, search.start, search.end,
                                                       search.options.random_points,
                                                       make_generator(search.options.seed + 1));
  else
    objective = std::make_unique<PathObjective>(search.energy, curve, search.start, search.end, times,
                                                !method.neural && !method.descent, /*subdivisions=*/1,
                                                search.options.preconditioner);
  objective->count(search.counter, search.pairs);
  return objective;
}

std::unique_ptr<Solver> solver_of(const Search& search, const Method& method, const Tensor& times) {
  const PathOptions& options = search.options;
  const double rate = options.learning_rate.value_or(options.published.learning_rate);
  if (method.descent && !options.learning_rate) {
    const auto scope = search.count_for_all();
    return sgd_solver({.learning_rate = 1,
                       .factor = stable_rates(search.energy, search.start, search.end, times,
                                              options.published.stable_share)});
  }
  if (method.descent) return sgd_solver({.learning_rate = rate});
  return make_solver<Tensor>(method.asked.solver,
                             {.adam = {.learning_rate = rate}, .sgd = {.learning_rate = rate}});
}

/// The best of the iterates shown to it, by their cost on one fixed grid.
class BestIterate {
 public:
  BestIterate(Search& search, const Curve& curve, const Tensor& times, const Tensor& x)
      : search_(search), curve_(curve), times_(times), x_(x.clone()), cost_(cost_of(x)) {}

  void look(const Tensor& x) {
    const Tensor cost = cost_of(x), better = cost < cost_;
    cost_ = at::where(better, cost, cost_);
    x_ = at::where(better.unsqueeze(1), x, x_);
  }
  Tensor nodes() const { return nodes_of(x_); }

 private:
  Tensor nodes_of(const Tensor& x) const {
    const at::NoGradGuard no_gradient;
    return curve_.at(x, search_.start, search_.end, times_).to(at::kDouble);
  }
  Tensor cost_of(const Tensor& x) {
    const auto scope = search_.counter.count_verification();
    return polyline_cost(search_.energy, nodes_of(x), times_, times_);
  }

  Search& search_;
  const Curve& curve_;
  const Tensor times_;
  Tensor x_, cost_;
};

}  // namespace

PathSet published_first_paths(Search& search, const Tensor& times) {
  const InitChoice& init = init_choice(search.options);
  if (init.left)  // the papers start from the straight line
    return one_path_each(hold(linear_path(search.start, search.end, times), search.problem.held, times),
                         {StartKind::kStraight});
  const PathSet paths = init.from_coarse() ? first_paths(search, times) : given_paths(search, times);
  return paths.select(
      best_rows(search, paths, times, refine_times(times, search.options.select.level_subdivisions), false));
}

bool takes_quality(const PathOptions& options) {
  const PublishedMethod* published = path_method(options).published;
  return published == nullptr || published->takes_quality;
}

Tensor stable_rates(const PathEnergy& energy, const Tensor& start, const Tensor& end, const Tensor& times,
                    double share) {
  const at::NoGradGuard no_gradient;
  const int64_t n = times.size(0) - 1;
  const Tensor nodes = linear_path(start, end, times);
  const SegmentTerms terms =
      energy.terms({nodes, 0.5 * (nodes.narrow(1, 0, n) + nodes.narrow(1, 1, n)), times});
  const Tensor moved = (nodes.narrow(1, 1, n) - nodes.narrow(1, 0, n)).square().sum(2).clamp_min(1e-30);
  const Tensor k = terms.weight.square() * terms.squared_chord / moved / terms.duration;
  return share / at::nan_to_num(k, 0, 0, 0).amax(1).clamp_min(1e-30);
}

namespace {

FoundPaths run(Search& search, const Method& method) {
  const PathOptions& options = search.options;
  const Tensor times = method.descent ? uniform_times(options.segments) : search.grid(options.segments);
  const PathSet paths = published_first_paths(search, times);
  const std::shared_ptr<Curve> curve = curve_of(search, method, times);
  const Tensor x0 = fit(search, method, *curve, paths, times);
  const std::unique_ptr<PathObjective> objective = objective_of(search, method, curve, times);
  const std::unique_ptr<Solver> solver = solver_of(search, method, times);
  StoppingOptions stopping;
  stopping.max_iterations = options.max_iterations > 0 ? options.max_iterations
                            : method.first_order       ? options.published.first_order_iterations
                                                       : options.published.quasi_newton_iterations;
  stopping.relative_decrease = method.first_order ? 0 : options.relative_decrease();
  stopping.max_seconds = search.seconds_left();
  RowIterations iterations(search.size());
  stopping.prune = [&](SolverState& state) { iterations.look(state); };
  BestIterate best(search, *curve, times, x0);
  const SolveResult solved = solve(
      *objective, x0, *solver, stopping,
      [&](const SolverState& state) {
        iterations.look(state);
        search.report({solver->describe(), state.iteration, stopping.max_iterations,
                       state.value.mean().item<double>()});
        if (method.first_order && state.iteration % options.published.evaluate_every == 0) best.look(state.x);
      },
      search.cancellation);
  best.look(solved.state.x);
  search.history.push_back({options.segments, 1, solved.state.iteration, search.size(),
                            solved.state.value.mean().item<double>(), solved.state.seconds});
  FoundPaths found = no_paths(search, times);
  found.nodes = best.nodes();
  found.start = paths.start;
  found.termination = solved.state.termination;
  found.iterations = iterations.counts(solved.state);
  found.curve = curve->describe();
  found.method = solver->describe();
  return found;
}

}  // namespace

FoundPaths run_paper2019(Search& search) { return run(search, Method(search.options, true)); }

FoundPaths run_on_one_grid(Search& search) { return run(search, Method(search.options, false)); }

}  // namespace latentpath
