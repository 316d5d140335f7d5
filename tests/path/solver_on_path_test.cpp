// Every solver on costs of paths: of a chart without LibTorch, of the same chart by tensors, and of a
// decoder.

#include <ATen/ATen.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "contract/run_solver.h"
#include "contract/test_models.h"
#include "latentpath/kernel/kernel.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/path_objective.h"
#include "path/dense/chord_objective.h"
#include "path/geodesic_test_tools.h"
#include "path/path_problems.h"

namespace latentpath::testing {
namespace {

constexpr int64_t kSegments = 6;

/// The least chord cost of an arc θ of the unit sphere at Q = ½: n equal chords of a great circle.
double least_cost(double arc) {
  const double n = static_cast<double>(kSegments), chord = 2 * std::sin(arc / (2 * n));
  return std::numbers::ln2 * std::numbers::ln2 * n * n * chord * chord;
}

/// The stereographic sphere, of which second derivatives are not known.
class FirstDerivatives final : public AnalyticMap {
 public:
  FirstDerivatives() : AnalyticMap(2, 3, "first derivatives"), chart_(stereographic_chart(2)) {}
  bool has_curvatures() const override { return false; }
  void values(std::size_t count, const double* z, const double* t, double* x) const override {
    chart_->values(count, z, t, x);
  }
  std::unique_ptr<MapExpansion> make_expansion() const override { return chart_->make_expansion(); }

 private:
  ChartPointer chart_;
};

/// `least`: the least cost; none: no closed form.
ContractProblem dense_problem(const std::string& name, const WeightedMetric& metric,
                              const std::set<SolverNeeds>& offers, const std::vector<double>& start,
                              const std::vector<double>& end, std::optional<double> least) {
  const auto kept = std::make_shared<const WeightedMetric>(metric);
  ContractProblem problem{
      .name = name, .offers = offers, .variables = 2 * (kSegments - 1), .learning_rate = 0.005};
  const auto line = [=] {
    DenseRows x(1, 2 * (kSegments - 1));
    for (int64_t i = 1; i < kSegments; ++i)
      for (int64_t k = 0; k < 2; ++k) {
        const double t = static_cast<double>(i) / kSegments;
        x(0, 2 * (i - 1) + k) = (1 - t) * start[static_cast<size_t>(k)] + t * end[static_cast<size_t>(k)];
      }
    return x;
  };
  const auto make = [=] {
    auto objective = std::make_unique<detail::ChordObjective>(*kept, 0);
    objective->set_grid(kSegments);
    objective->set_ends(start.data(), end.data());
    return objective;
  };
  problem.start_value = {make()->linearise(line().data())};
  problem.run = [=](const std::string& method, const SolverOptions& options, const PlainStopping& stopping) {
    const auto objective = make();
    return run_solver<DenseRows>(*objective, line(), method, options, stopping);
  };
  // Without a closed form: the lower of what Newton's method, to its end, and a long descent come to.
  if (least)
    problem.least_value = {*least};
  else
    problem.find_least = [run = problem.run] {
      const double newton = run("newton", {}, {.max_iterations = 100, .gradient_residual = 1e-12}).value[0];
      return std::vector<double>{std::min(newton, run("lbfgs", {}, {.max_iterations = 3000}).value[0])};
    };
  return problem;
}

ContractProblem chart_problem(const std::string& name, const ChartPointer& chart,
                              const std::set<SolverNeeds>& offers) {
  const std::vector<double> start = {0.2, 0.1}, end = {-0.9, 1.1};
  return dense_problem(name, WeightedMetric(chart, analytic_constant(0.5)), offers, start, end,
                       least_cost(arc_between(*chart, start.data(), end.data())));
}

/// Poincaré's half-plane, G = I/y².
ContractProblem metric_problem() {
  const auto half_plane = analytic_metric(
      [](const auto* z, auto* g) {
        g[0] = g[2] = 1.0 / (z[1] * z[1]);
        g[1] = 0.0;
      },
      2, "half plane");
  return dense_problem("metric_dense", WeightedMetric(plane_chart(2), {}, 0, half_plane),
                       {SolverNeeds::kBlocks, SolverNeeds::kCurvatures, SolverNeeds::kProducts}, {0, 0.5},
                       {1, 0.6}, std::nullopt);
}

struct TensorPaths {
  std::shared_ptr<Embedding> embedding;
  QualityPointer quality;
  Tensor start, end;
  double epsilon;
};

PlainOutcome run_paths(const TensorPaths& paths, const std::string& method, const SolverOptions& options,
                       const PlainStopping& stopping) {
  EnergyOptions energy_options;
  energy_options.epsilon = paths.epsilon;
  const PathEnergy energy(paths.embedding, paths.quality, energy_options);
  const Tensor rows = stopping.rows.empty() ? at::arange(paths.start.size(0), at::kLong)
                                            : at::tensor(stopping.rows, at::kLong);
  const Tensor start = paths.start.index_select(0, rows), end = paths.end.index_select(0, rows);
  const Tensor times = uniform_times(kSegments);
  const auto curve = polyline_curve(times, start.size(1));
  PathObjective objective(energy, curve, start, end, times, true);
  return run_solver<Tensor>(objective, curve->fit(linear_path(start, end, times), times), method, options,
                            stopping);
}

ContractProblem tensor_problem(const std::string& name, const TensorPaths& paths) {
  ContractProblem problem{.name = name,
                          .offers = {SolverNeeds::kBlocks, SolverNeeds::kCurvatures, SolverNeeds::kProducts,
                                     SolverNeeds::kCurveMetric},
                          .variables = paths.start.size(1) * (kSegments - 1),
                          .learning_rate = 0.005,
                          .most_iterations = 1500};
  problem.start_value = run_paths(paths, "lbfgs", {}, {.max_iterations = 0}).value;
  problem.run = [paths](const std::string& method, const SolverOptions& options,
                        const PlainStopping& stopping) {
    return run_paths(paths, method, options, stopping);
  };
  return problem;
}

ContractProblem tensor_chart_problem() {
  const TensorPaths paths{stereographic_sphere(), constant_quality(0.5),
                          at::tensor({0.2, 0.1, -0.5, 0.4, 0.0, 0.3}, at::kDouble).view({3, 2}),
                          at::tensor({-0.9, 1.1, 0.8, 0.7, 0.6, -0.8}, at::kDouble).view({3, 2}), 0};
  ContractProblem problem = tensor_problem("chart_by_tensors", paths);
  const auto chart = stereographic_chart(2);
  for (int64_t row = 0; row < 3; ++row)
    problem.least_value.push_back(least_cost(
        arc_between(*chart, paths.start[row].data_ptr<double>(), paths.end[row].data_ptr<double>())));
  return problem;
}

ContractProblem decoder_problem() {
  const TensorPaths paths{
      perceptron(4, 3),
      function_quality([](const Tensor& z) { return 0.5 + 0.3 * at::sin(z.sum(1)); }, "wavy"),
      random_normal({2, 4}, 5, 0.3), random_normal({2, 4}, 6, 0.3), 0.1};
  ContractProblem problem = tensor_problem("decoder_by_tensors", paths);
  // No closed form: the lower of what Newton's method, with a residual of 1e-10, and a long descent end at.
  problem.find_least = [paths] {
    auto least = run_paths(paths, "newton", {}, {.max_iterations = 100, .gradient_residual = 1e-10}).value;
    const auto descended = run_paths(paths, "lbfgs", {}, {.max_iterations = 3000}).value;
    for (size_t row = 0; row < descended.size(); ++row) least[row] = std::min(least[row], descended[row]);
    return least;
  };
  problem.alone = 1e-6;  // products of matrices of other sizes round otherwise
  return problem;
}

/// Parameters of a curve, of which nothing but a gradient is known; `cost` of the path's own points.
ContractProblem gradient_problem(const std::string& name, bool neural, const CostPointer& cost,
                                 const std::shared_ptr<const Kernel>& kernel = {}) {
  const Tensor start = at::tensor({-1.0, 0.1, -0.9, -0.2}, at::kDouble).view({2, 2}),
               end = at::tensor({1.0, 0.0, 0.8, 0.3}, at::kDouble).view({2, 2});
  const QualityPointer quality = ridge();
  const auto run = [=](const std::string& method, const SolverOptions& options,
                       const PlainStopping& stopping) {
    EnergyOptions energy_options;
    energy_options.cost = cost;
    energy_options.kernel = kernel;
    const PathEnergy energy(identity_embedding(2), quality, energy_options);
    const Tensor rows =
        stopping.rows.empty() ? at::arange(2, at::kLong) : at::tensor(stopping.rows, at::kLong);
    const Tensor from = start.index_select(0, rows), to = end.index_select(0, rows);
    const Tensor times = uniform_times(12);
    const auto curve = neural ? neural_curve(2, {.hidden = 8, .layers = 1}) : polyline_curve(times, 2);
    PathObjective objective(energy, curve, from, to, times, false);
    return run_solver<Tensor>(objective, curve->fit(linear_path(from, to, times), times), method, options,
                              stopping);
  };
  ContractProblem problem{.name = name, .learning_rate = 0.01, .most_iterations = 1500};
  const PlainOutcome first = run("lbfgs", {}, {.max_iterations = 0});
  problem.start_value = first.value;
  problem.variables = static_cast<int64_t>(first.x.size()) / 2;
  // No closed form: what long descents end at, the lower.
  problem.find_least = [run] { return run("lbfgs", {}, {.max_iterations = 4000}).value; };
  problem.alone = neural ? 1e-9 : 0;  // a perceptron a row, in one product of matrices
  problem.run = run;
  return problem;
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Paths, SolverOnObjective,
                         combinations({chart_problem("chart_dense", stereographic_chart(2),
                                                     {SolverNeeds::kBlocks, SolverNeeds::kCurvatures,
                                                      SolverNeeds::kProducts, SolverNeeds::kCurveMetric}),
                                       chart_problem("chart_of_first_derivatives",
                                                     std::make_shared<FirstDerivatives>(),
                                                     {SolverNeeds::kBlocks}),
                                       metric_problem(), tensor_chart_problem(), decoder_problem()}),
                         combination_name);
INSTANTIATE_TEST_SUITE_P(Curves, SolverOnObjective,
                         combinations({gradient_problem("neural_curve", true, chord_cost()),
                                       gradient_problem("length_of_a_polyline", false, length_cost(1)),
                                       gradient_problem("distance_of_a_kernel", false, chord_cost(),
                                                        gaussian_kernel(0.5))}),
                         combination_name);

}  // namespace latentpath::testing
