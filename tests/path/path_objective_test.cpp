#include "latentpath/path/path_objective.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/metric/derivative_check.h"
#include "latentpath/path/initial_path.h"

namespace latentpath::testing {
namespace {

/// As a classifier: a sigmoid of a fixed combination of the decoded numbers.
class DecodedSigmoid final : public Quality {
 public:
  Tensor evaluate(const QualityPoints& points) const override {
    const Tensor flat = points.decoded.flatten(1);
    const Tensor mix = at::linspace(-1, 1.5, flat.size(1), flat.options().requires_grad(false));
    return at::sigmoid(at::matmul(flat, mix));
  }
  bool needs_decoded() const override { return true; }
  std::string describe() const override { return "sigmoid of the decoded point"; }
};

struct Piece {
  std::string name;
  std::shared_ptr<Embedding> embedding;
  int64_t dim;
};

EnergyOptions with_cost(const CostPointer& cost) {
  EnergyOptions options;
  options.cost = cost;
  return options;
}

double slope_of(PathObjective& objective, const Tensor& x, double h0) {
  const Tensor rows = at::arange(x.size(0), at::kLong);
  const auto f = [&](const Tensor& at_x) { return objective.evaluate(at_x, rows).value.sum(); };
  const Tensor gradient = objective.evaluate(x, rows).gradient;
  EXPECT_GT(gradient.abs().max().item<double>(), 1e-4);
  return taylor_slope(f, x, gradient, random_normal(x.sizes(), 77), h0);
}

}  // namespace

TEST(PathObjective, WholeGradientPassesTheTaylorTest) {
  const auto quality = time_ramp(std::make_shared<DecodedSigmoid>());
  for (const Piece& piece :
       {Piece{"sphere", stereographic_sphere(), 2}, Piece{"perceptron", perceptron(4, 3), 4}}) {
    const Tensor start = random_normal({3, piece.dim}, 1), end = random_normal({3, piece.dim}, 2);
    for (const auto& cost : {chord_cost(), dynamic_cost(1.5), length_cost(0.7)}) {
      EnergyOptions plain = with_cost(cost), kernel = plain, mean = plain;
      kernel.kernel = gaussian_kernel(0.3);
      mean.norm = OutputNorm::kMean;
      for (const EnergyOptions& options : {plain, kernel, mean}) {
        const PathEnergy energy(piece.embedding, quality, options);
        for (const int64_t subdivisions : {1, 2}) {
          const auto polyline = polyline_curve(uniform_times(6), piece.dim);
          Tensor x = polyline->fit(linear_path(start, end, uniform_times(6)), uniform_times(6));
          x = x + random_normal(x.sizes(), 9, 0.2);
          PathObjective objective(energy, polyline, start, end, uniform_times(6 * subdivisions), true,
                                  subdivisions);
          // Third-order terms bend the line by a few per cent.
          EXPECT_NEAR(slope_of(objective, x, 1e-3), 2, 0.1)
              << piece.name << " " << cost->describe() << " subdivisions " << subdivisions;
        }
        const auto neural = neural_curve(piece.dim, {.hidden = 16});
        Tensor x = neural->fit(linear_path(start, end, uniform_times(1)), uniform_times(1));
        x = x + random_normal(x.sizes(), 9, 0.1);
        PathObjective objective(energy, neural, start, end, uniform_times(6), false);
        // Small steps: a ReLU network is smooth as long as no unit switches.
        EXPECT_NEAR(slope_of(objective, x, 1e-4), 2, 0.1) << piece.name << " neural " << cost->describe();
      }
    }
  }
}

TEST(PathObjective, RowsAreTheirOwnProblems) {
  const PathEnergy energy(perceptron(3, 3), std::make_shared<DecodedSigmoid>(), {});
  const Tensor start = random_normal({4, 3}, 1), end = random_normal({4, 3}, 2);
  const auto curve = polyline_curve(uniform_times(5), 3);
  const Tensor x = curve->fit(linear_path(start, end, uniform_times(5)), uniform_times(5)) +
                   random_normal({4, 12}, 3, 0.1);
  PathObjective objective(energy, curve, start, end, uniform_times(5), true);
  const ObjectiveValue all = objective.evaluate(x, at::arange(4, at::kLong));
  const Tensor some = at::tensor({1, 3}, at::kLong);
  const ObjectiveValue part = objective.evaluate(x.index_select(0, some), some);
  // Matrix products of another size may sum in another order.
  EXPECT_TRUE(at::allclose(part.value, all.value.index_select(0, some), 1e-13, 0));
  EXPECT_TRUE(at::allclose(part.gradient, all.gradient.index_select(0, some), 0, 1e-12));
}

TEST(PathObjective, SmallBatchesGiveTheSameSum) {
  EnergyOptions small;
  small.points_per_batch = 8;  // one pair at a time
  const auto decoder = perceptron(3, 3);
  const PathEnergy whole(decoder, std::make_shared<DecodedSigmoid>(), {});
  const PathEnergy split(decoder, std::make_shared<DecodedSigmoid>(), small);
  const Tensor start = random_normal({4, 3}, 1), end = random_normal({4, 3}, 2),
               rows = at::arange(4, at::kLong);
  const auto curve = polyline_curve(uniform_times(5), 3);
  const Tensor x = curve->fit(linear_path(start, end, uniform_times(5)), uniform_times(5));
  PathObjective a(whole, curve, start, end, uniform_times(5), true);
  PathObjective b(split, curve, start, end, uniform_times(5), true);
  EXPECT_TRUE(at::allclose(a.evaluate(x, rows).value, b.evaluate(x, rows).value, 1e-13, 0));
  EXPECT_TRUE(at::allclose(a.evaluate(x, rows).gradient, b.evaluate(x, rows).gradient, 0, 1e-12));
}

TEST(PathObjective, CountsTheDecodedPoints) {
  for (const bool decoded : {false, true}) {
    const auto decoder = perceptron(3, 3);
    const QualityPointer quality =
        decoded ? QualityPointer(std::make_shared<DecodedSigmoid>()) : normal_prior(3);
    EvaluationCounter counter(decoder, 4);
    const PathEnergy energy(counter.map(), quality, {});
    const Tensor start = random_normal({2, 3}, 1), end = random_normal({2, 3}, 2);
    const auto curve = polyline_curve(uniform_times(5), 3);
    const Tensor x = curve->fit(linear_path(start, end, uniform_times(5)), uniform_times(5));
    PathObjective objective(energy, curve, start, end, uniform_times(5), true);
    objective.count(counter, at::tensor({3, 1}, at::kLong));  // rows 0 and 1 are of pairs 3 and 1
    objective.evaluate(x, at::arange(2, at::kLong));
    objective.evaluate(x.narrow(0, 1, 1), at::tensor({1}, at::kLong));
    const int64_t each = decoded ? 11 : 6;  // nodes, and midpoints where the quality looks at them
    EXPECT_EQ(counter.of_pairs(), (std::vector<int64_t>{0, 2 * each, 0, each}));
    EXPECT_EQ(3 * each, decoder->evaluations());
  }
}

TEST(PathObjective, PreconditionerIsNewtonsStepInFlatSpace) {
  // Φ = id, Q constant: the cost is quadratic and H₀ its inverse Hessian, on any grid of times.
  const PathEnergy energy(identity_embedding(2), constant_quality(0.3), {});
  const Tensor start = random_normal({2, 2}, 1), end = random_normal({2, 2}, 2),
               rows = at::arange(2, at::kLong);
  for (const double grading : {0.0, 0.8}) {
    const Tensor times = graded_times(9, grading);
    const auto curve = polyline_curve(times, 2);
    const Tensor straight = curve->fit(linear_path(start, end, times), times);
    const Tensor x = straight + random_normal({2, 16}, 3, 0.1);
    PathObjective objective(energy, curve, start, end, times, true);
    const ObjectiveValue at_x = objective.evaluate(x, rows);
    const Tensor step = objective.precondition(at_x.gradient, rows);
    EXPECT_TRUE(at::allclose(x - step, straight, 0, 1e-12)) << grading;
    EXPECT_GT(objective.gradient_residual(x, at_x, rows).min().item<double>(), 1e-3);
    const ObjectiveValue at_line = objective.evaluate(straight, rows);
    EXPECT_LT(objective.gradient_residual(straight, at_line, rows).max().item<double>(), 1e-12);
  }
}

TEST(PathObjective, ResidualDoesNotDependOnUnits) {
  const auto residual = [](double unit, double output_unit) {
    const auto sphere = stereographic_sphere();
    const PathEnergy energy(
        function_embedding([=](const Tensor& z) { return output_unit * (*sphere)(z / unit); }, 2),
        constant_quality(0.4), {});
    const Tensor start = unit * random_normal({1, 2}, 1), end = unit * random_normal({1, 2}, 2);
    const Tensor times = uniform_times(12), rows = at::arange(1, at::kLong);
    const auto curve = polyline_curve(times, 2);
    const Tensor x = curve->fit(linear_path(start, end, times), times);
    PathObjective objective(energy, curve, start, end, times, true);
    return objective.gradient_residual(x, objective.evaluate(x, rows), rows).item<double>();
  };
  const double plain = residual(1, 1);
  EXPECT_GT(plain, 1e-3);
  EXPECT_NEAR(residual(100, 1), plain, 1e-9 * plain);
  EXPECT_NEAR(residual(1, 1000), plain, 1e-9 * plain);
}

TEST(RandomTimes, AreFreshEachIterationAndDecidedByTheSeed) {
  const PathEnergy energy(stereographic_sphere(), time_ramp(normal_prior(2)), {});
  const Tensor start = random_normal({1, 2}, 1), end = random_normal({1, 2}, 2),
               rows = at::arange(1, at::kLong);
  const auto curve = neural_curve(2, {.hidden = 8});
  const Tensor x = curve->fit(linear_path(start, end, uniform_times(1)), uniform_times(1));
  const auto values = [&](uint64_t seed) {
    RandomTimesObjective objective(energy, curve, start, end, 20, make_generator(seed));
    std::vector<double> list;
    for (int64_t i = 0; i < 5; ++i) {
      objective.begin_iteration(i);
      const double value = objective.evaluate(x, rows).value.item<double>();
      EXPECT_EQ(objective.evaluate(x, rows).value.item<double>(), value);  // one sample an iteration
      list.push_back(value);
    }
    return list;
  };
  const auto first = values(1);
  EXPECT_EQ(first, values(1));
  EXPECT_NE(first, values(2));
  for (size_t i = 1; i < first.size(); ++i) EXPECT_NE(first[i], first[i - 1]);
  EXPECT_THROW(RandomTimesObjective(energy, curve, start, end, 2, make_generator(1)), Error);
}

}  // namespace latentpath::testing
