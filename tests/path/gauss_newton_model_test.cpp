#include "latentpath/path/gauss_newton_model.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "contract/test_models.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/path_objective.h"

namespace latentpath::testing {
namespace {

/// Stretches the two latent coordinates by 30 and by 1.
std::shared_ptr<Embedding> uneven_plane() {
  return function_embedding([](const Tensor& z) { return z * at::tensor({30.0, 1.0}, z.options()); }, 2);
}

struct Straight {
  Tensor start = at::tensor({0.0, 0.0}, at::kDouble).view({1, 2}),
         end = at::tensor({1.0, 2.0}, at::kDouble).view({1, 2});
  Tensor times = graded_times(32, 0.8);
  Tensor nodes = linear_path(start, end, times)[0];
};

/// The cost's excess over that of the straight line, which is the best there is.
double excess(PathObjective& objective, const Tensor& x, const Tensor& best) {
  const Tensor rows = at::arange(1, at::kLong);
  return (objective.evaluate(x, rows).value - objective.evaluate(best, rows).value).item<double>();
}

}  // namespace

TEST(GaussNewtonModel, ItsStepIsNearlyNewtonsWhereImagesAreLinear) {
  const Straight line;
  const PathEnergy energy(uneven_plane(), constant_quality(0.3), {});
  const auto curve = polyline_curve(line.times, 2);
  const Tensor best = curve->fit(line.nodes.unsqueeze(0), line.times), rows = at::arange(1, at::kLong);
  Tensor x = best + random_normal({1, best.size(1)}, 5, 0.02);
  // The scalar model knows the stretch along the path alone, the block model that of either coordinate.
  PathObjective objective(energy, curve, line.start, line.end, line.times, true);
  const double before = excess(objective, x, best);
  const Tensor early = x - objective.precondition(objective.evaluate(x, rows).gradient, rows);
  for (int i = 0; i < 8; ++i) objective.evaluate(x, rows);
  const Tensor late = x - objective.precondition(objective.evaluate(x, rows).gradient, rows);
  EXPECT_GT(excess(objective, early, best), 0.1 * before);
  EXPECT_LT(excess(objective, late, best), 0.02 * before);
}

TEST(GaussNewtonModel, FewIterationsDoWithoutIt) {
  const Straight line;
  const auto embedding = uneven_plane();
  const PathEnergy energy(embedding, constant_quality(0.3), {});
  const auto curve = polyline_curve(line.times, 2);
  const Tensor x = curve->fit(line.nodes.unsqueeze(0), line.times), rows = at::arange(1, at::kLong);
  const auto decoded = [&](int64_t iterations) {
    PathObjective objective(energy, curve, line.start, line.end, line.times, true);
    objective.expect_iterations(iterations);
    const int64_t before = embedding->evaluations();
    for (int64_t i = 0; i <= iterations; ++i) objective.evaluate(x, rows);
    return (embedding->evaluations() - before) / (iterations + 1);
  };
  EXPECT_EQ(decoded(8), 33);  // the nodes of each evaluation, and nothing else
  EXPECT_GT(decoded(9), 33);
}

TEST(GaussNewtonModel, CountsWhatItDecodes) {
  const Straight line;
  const auto embedding = uneven_plane();
  const PathEnergy energy(embedding, constant_quality(0.3), {});
  GaussNewtonModel model;
  EXPECT_FALSE(model.linearised());
  std::vector<double> x(31 * 2, 1.0);
  EXPECT_FALSE(model.solve(x.data()));
  EXPECT_EQ(x, std::vector<double>(31 * 2, 1.0));
  const int64_t decoded = embedding->evaluations();
  EXPECT_EQ(model.linearise(energy, line.nodes, line.times), 33 * 3);
  EXPECT_EQ(embedding->evaluations() - decoded, 33 * 3);
  // A loop that has not left its point has no scale.
  GaussNewtonModel still;
  EXPECT_EQ(still.linearise(energy, at::zeros({33, 2}, at::kDouble), line.times), 0);
  EXPECT_FALSE(still.linearised());
  // Values that are no numbers are left to the caller.
  const Tensor ones = at::ones({32}, at::kDouble), bad = ones * std::nan("");
  model.update(ones, ones, ones, line.nodes);
  EXPECT_TRUE(model.solve(x.data()));
  model.update(bad, ones, ones, line.nodes);
  EXPECT_FALSE(model.solve(x.data()));
}

TEST(GaussNewtonModel, ALeapBetweenTwoNodesIsStiff) {
  // At the nodes the images are flat; the chord of segment 16 says otherwise.
  const Straight line;
  const PathEnergy energy(function_embedding([](const Tensor& z) { return 0.01 * z; }, 2),
                          constant_quality(0.3), {});
  GaussNewtonModel model;
  model.linearise(energy, line.nodes, line.times);
  const Tensor pull = at::ones({32}, at::kDouble), action = at::zeros({32}, at::kDouble);
  Tensor flat = at::full({32}, 1e-4, at::kDouble), leap = flat.clone();
  leap[16].fill_(1.0);
  const auto apart = [&](const Tensor& stiffness) {
    std::vector<double> push(31 * 2, 0.0);
    // Pulls the two nodes of segment 16 apart, along the segment.
    push[15 * 2] = -1, push[15 * 2 + 1] = -2, push[16 * 2] = 1, push[16 * 2 + 1] = 2;
    model.update(pull, stiffness, action, line.nodes);
    EXPECT_TRUE(model.solve(push.data()));
    return push[16 * 2 + 1] - push[15 * 2 + 1];
  };
  EXPECT_LT(apart(leap), 0.01 * apart(flat));
}

}  // namespace latentpath::testing
