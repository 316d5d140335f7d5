// Every solver on Eq. 13, as a function of the points of a path of samples and of the amplitudes of smooth
// motions.

#include <ATen/ATen.h>

#include "contract/run_solver.h"
#include "contract/test_models.h"
#include "measure/measure_objectives.h"

namespace latentpath::testing {
namespace {

constexpr int64_t kSteps = 4, kPoints = 6, kHarmonics = 2;

ContractProblem measure_problem(const std::string& name, bool smooth) {
  MeasurePath path;
  const Tensor x = random_normal({kPoints, 2}, 1), y = random_normal({kPoints, 2}, 2) + 1.5;
  const Tensor t = uniform_times(kSteps).view({-1, 1, 1});
  path.points = ((1 - t) * x + t * y).contiguous();
  path.weights = at::full({kSteps + 1, kPoints}, 1.0 / kPoints, at::kDouble);
  path.uniform = true;
  const auto run = [=](const std::string& method, const SolverOptions& options,
                       const PlainStopping& stopping) {
    const NeighbourDistances distances(RadialKernel::gaussian({0.25}), true, 2, 0);
    MeasureObjective nodes(distances, nullptr, 0, path);
    if (!smooth) {
      const Tensor x0 = path.points.narrow(0, 1, kSteps - 1).reshape({1, -1});
      return run_solver<Tensor>(nodes, x0, method, options, stopping);
    }
    SmoothObjective motions(nodes, path, kHarmonics);
    return run_solver<Tensor>(motions, at::zeros({1, motions.variables()}, at::kDouble), method, options,
                              stopping);
  };
  ContractProblem problem{.name = name, .learning_rate = 0.5, .most_iterations = 2000};
  const PlainOutcome first = run("lbfgs", {}, {.max_iterations = 0});
  problem.start_value = first.value;
  problem.variables = static_cast<int64_t>(first.x.size());
  // No closed form: what a long descent ends at.
  problem.find_least = [run] { return run("lbfgs", {}, {.max_iterations = 4000}).value; };
  problem.run = run;
  return problem;
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Measures, SolverOnObjective,
                         combinations({measure_problem("points", false), measure_problem("motions", true)}),
                         combination_name);

}  // namespace latentpath::testing
