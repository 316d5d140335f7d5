#include "latentpath/metric/path_energy.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <atomic>
#include <cmath>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/metric/derivative_check.h"

namespace latentpath::testing {
namespace {

/// A smooth quality in (0.2, 0.9) that depends on z.
QualityPointer wavy() {
  return function_quality(
      [](const Tensor& z) { return 0.55 + 0.35 * at::sin(2 * z.select(1, 0) + z.select(1, 1)); }, "wavy");
}

/// As wavy, but computed from Φ(z).
class DecodedQuality final : public Quality {
 public:
  Tensor evaluate(const QualityPoints& points) const override {
    return at::sigmoid(points.decoded.flatten(1).sum(1));
  }
  bool needs_decoded() const override { return true; }
  std::string describe() const override { return "decoded"; }
};

EnergyOptions with_cost(const CostPointer& cost, double epsilon = 0.1) {
  EnergyOptions options;
  options.cost = cost;
  options.epsilon = epsilon;
  return options;
}

/// Two smooth curves in the plane; `speed` re-parametrises them.
Tensor two_curves(const Tensor& t) {
  const Tensor first = at::stack({-0.8 + 1.5 * t, 0.4 - t * t + 0.3 * at::sin(3 * t)}, 1);
  const Tensor second = at::stack({at::cos(2 * t), 0.9 * at::sin(2 * t) - 0.2}, 1);
  return at::stack({first, second});
}

CurvePoints on_grid(const Tensor& times) {
  return {two_curves(times), two_curves(middle_times(times)), times};
}

}  // namespace

TEST(PathEnergy, ChordCostByHand) {
  // Two segments of lengths 1 and 2 in a plane of constant quality.
  const PathEnergy energy(identity_embedding(2), constant_quality(0.5), with_cost(chord_cost()));
  const Tensor nodes = at::tensor({0.0, 0.0, 1.0, 0.0, 1.0, 2.0}, at::kDouble).view({1, 3, 2});
  const Tensor times = at::tensor({0.0, 0.25, 1.0}, at::kDouble);
  const Tensor middles = 0.5 * (nodes.narrow(1, 0, 2) + nodes.narrow(1, 1, 2));
  const double w = std::log(2);  // −log(0.1 + 0.8 · 0.5)
  EXPECT_NEAR(energy.cost(CurvePoints{nodes, middles, times}).item<double>(), w * w * (1 / 0.25 + 4 / 0.75),
              1e-14);
}

TEST(PathEnergy, WeightIsTakenAtTheMidpointAndItsTime) {
  const auto ramp = time_ramp(wavy());
  const PathEnergy energy(identity_embedding(2), ramp, with_cost(chord_cost(), 0.05));
  const Tensor times = graded_times(6, 0.5);
  const CurvePoints points = on_grid(times);
  const SegmentTerms terms = energy.terms(points);
  for (int64_t pair = 0; pair < 2; ++pair) {
    const Tensor q = ramp->evaluate({points.middles[pair], middle_times(times), {}});
    EXPECT_TRUE(at::allclose(terms.weight[pair], -at::log(0.05 + 0.9 * q), 0, 1e-14));
    const Tensor step = points.nodes[pair].narrow(0, 1, 6) - points.nodes[pair].narrow(0, 0, 6);
    EXPECT_TRUE(at::allclose(terms.squared_chord[pair], step.square().sum(1), 0, 1e-14));
  }
  EXPECT_TRUE(at::allclose(terms.duration, times.narrow(0, 1, 6) - times.narrow(0, 0, 6), 0, 1e-16));
}

TEST(PathEnergy, EndpointMeanCostByHand) {
  // Paper B, Eq. 3, on the nodes 0, 1, 3 of a line with Q = exp(−z²): its two terms, times n = 2 segments.
  const auto bell = function_quality([](const Tensor& z) { return at::exp(-z.square().sum(1)); }, "bell");
  const PathEnergy energy(identity_embedding(1), bell, with_cost(endpoint_mean_cost(), 0));
  const Tensor nodes = at::tensor({0.0, 1.0, 3.0}, at::kDouble).view({1, 3, 1});
  const auto square = [](double x) { return x * x; };
  const double eq3 =
      square(std::log((1 + std::exp(-1)) / 2)) * 1 + square(std::log((std::exp(-1) + std::exp(-9)) / 2)) * 4;
  const Tensor elsewhere = at::full({1, 2, 1}, 77.0, at::kDouble);  // midpoints are not looked at
  EXPECT_NEAR(energy.cost(CurvePoints{nodes, elsewhere, uniform_times(2)}).item<double>(), 2 * eq3, 1e-13);
}

TEST(PathEnergy, EndpointMeanAsksAtTheNodesTimesAndImages) {
  const auto ramp = time_ramp(std::make_shared<DecodedQuality>());
  const auto decoder = perceptron(2, 3);
  const PathEnergy energy(decoder, ramp, with_cost(endpoint_mean_cost(), 0.05));
  const Tensor times = graded_times(5, 0.5);
  const CurvePoints points = on_grid(times);
  const SegmentTerms terms = energy.terms(points);
  for (int64_t pair = 0; pair < 2; ++pair) {
    const Tensor q = ramp->evaluate({points.nodes[pair], times, (*decoder)(points.nodes[pair])});
    const Tensor mean = 0.5 * (q.narrow(0, 0, 5) + q.narrow(0, 1, 5));
    EXPECT_TRUE(at::allclose(terms.weight[pair], -at::log(0.05 + 0.9 * mean), 0, 1e-13));
  }
  // A solver pays for the nodes alone.
  const int64_t before = decoder->evaluations();
  energy.terms(points);
  EXPECT_EQ(decoder->evaluations() - before, 2 * 6);
}

TEST(PathEnergy, EndpointMeanGradientPassesTheTaylorTest) {
  const PathEnergy energy(stereographic_sphere(), wavy(), with_cost(endpoint_mean_cost(), 0.01));
  const Tensor times = uniform_times(6), nodes = two_curves(times);
  const auto f = [&](const Tensor& z) {
    return energy.cost(CurvePoints{z, two_curves(middle_times(times)), times}).sum();
  };
  const Tensor leaf = nodes.clone().requires_grad_(true);
  const Tensor gradient = torch::autograd::grad({f(leaf)}, {leaf})[0];
  EXPECT_NEAR(taylor_slope(f, nodes, gradient, random_normal(nodes.sizes(), 5), 1e-3), 2, 0.1);
}

TEST(PathEnergy, DynamicCostWithoutTimeIsTheChordCost) {
  const auto sphere = stereographic_sphere();
  const CurvePoints points = on_grid(uniform_times(9));
  const Tensor chord = PathEnergy(sphere, wavy(), with_cost(chord_cost())).cost(points);
  const Tensor dynamic = PathEnergy(sphere, wavy(), with_cost(dynamic_cost(0))).cost(points);
  EXPECT_TRUE(at::allclose(chord, dynamic, 1e-14, 0));
  EXPECT_GT(
      (PathEnergy(sphere, wavy(), with_cost(dynamic_cost(1))).cost(points) - chord).min().item<double>(),
      1e-2);
}

TEST(PathEnergy, LinearKernelIsTheChordCost) {
  for (const auto& embedding : {stereographic_sphere(), perceptron(2, 5)}) {
    const CurvePoints points = on_grid(uniform_times(9));
    EnergyOptions kernel = with_cost(chord_cost());
    kernel.kernel = linear_kernel();
    EXPECT_TRUE(at::allclose(PathEnergy(embedding, wavy(), with_cost(chord_cost())).cost(points),
                             PathEnergy(embedding, wavy(), kernel).cost(points), 1e-14, 0));
  }
}

TEST(PathEnergy, GaussianKernelOfGreatWidthIsTheChordCost) {
  // 2(1 − exp(−γc)) / 2γ = c (1 − γc/2 + …): chords here are below 0.1, so 1e-6 c is below 1e-7.
  const CurvePoints points = on_grid(uniform_times(30));
  const double gamma = 1e-6;
  EnergyOptions kernel = with_cost(chord_cost());
  kernel.kernel = gaussian_kernel(gamma);
  const Tensor chord = PathEnergy(identity_embedding(), wavy(), with_cost(chord_cost())).cost(points);
  EXPECT_TRUE(at::allclose(PathEnergy(identity_embedding(), wavy(), kernel).cost(points) / (2 * gamma), chord,
                           1e-6, 0));
}

TEST(PathEnergy, MeanNormDividesByTheNumberOfOutputs) {
  const CurvePoints points = on_grid(uniform_times(9));
  EnergyOptions mean = with_cost(chord_cost());
  mean.norm = OutputNorm::kMean;
  const Tensor sum = PathEnergy(perceptron(2, 5), wavy(), with_cost(chord_cost())).cost(points);
  EXPECT_TRUE(at::allclose(6 * PathEnergy(perceptron(2, 5), wavy(), mean).cost(points), sum, 1e-14, 0));
}

TEST(PathEnergy, HalfEpsilonIsThePlainEnergy) {
  const CurvePoints points = on_grid(uniform_times(9));
  const Tensor plain =
      PathEnergy(stereographic_sphere(), constant_quality(0.5), with_cost(chord_cost(), 0)).cost(points);
  EXPECT_TRUE(
      at::allclose(PathEnergy(stereographic_sphere(), wavy(), with_cost(chord_cost(), 0.5)).cost(points),
                   plain, 1e-14, 0));
}

TEST(PathEnergy, ConvergesWithOrderTwo) {
  for (const auto& cost : {chord_cost(), dynamic_cost(1), length_cost(1), endpoint_mean_cost()}) {
    const PathEnergy energy(stereographic_sphere(), time_ramp(wavy()), with_cost(cost));
    const Tensor exact = energy.cost(on_grid(uniform_times(4096)));
    double before = 0;
    for (const int64_t n : {16, 32, 64, 128}) {
      const double error = (energy.cost(on_grid(uniform_times(n))) - exact).abs().max().item<double>();
      // Halving the step quarters the error; the next order disturbs it by O(1/n²).
      if (before > 0) {
        EXPECT_NEAR(before / error, 4, 0.4) << cost->describe() << " " << n;
      }
      before = error;
    }
  }
}

TEST(PathEnergy, BadOptionsAreArgumentErrors) {
  for (const double epsilon : {-0.1, 0.51, std::nan("")}) {
    try {
      const PathEnergy refused(identity_embedding(2), wavy(), with_cost(chord_cost(), epsilon));
      ADD_FAILURE() << epsilon;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kArgument);
      EXPECT_NE(std::string(error.what()).find("epsilon"), std::string::npos);
    }
  }
  EXPECT_THROW(PathEnergy(nullptr, wavy(), {}), Error);
  EXPECT_THROW(PathEnergy(identity_embedding(2), nullptr, {}), Error);
}

TEST(Measure, RefinesAtLeastFourTimesUntilTheCostIsSteady) {
  const PathEnergy energy(stereographic_sphere(), wavy(), with_cost(chord_cost()));
  const CurveFigures<Tensor> rough = energy.measure(two_curves, 2, uniform_times(6), nullptr, 0.01, 32);
  EXPECT_GE(rough.subdivisions.min().item<int64_t>(), 4);
  const CurveFigures<Tensor> fine = energy.measure(two_curves, 2, uniform_times(6), nullptr, 1e-7, 128);
  EXPECT_GT(fine.subdivisions.min().item<int64_t>(), 16);
  const Tensor exact = energy.cost(on_grid(uniform_times(4096)));
  EXPECT_TRUE(at::allclose(rough.cost_refined, exact, 0.01, 0));
  EXPECT_TRUE(at::allclose(fine.cost_refined, exact, 1e-4, 0));  // order 2 at 6 · 128 segments or less
  EXPECT_TRUE(at::allclose(rough.cost, energy.cost(on_grid(uniform_times(6))), 1e-13, 0));
}

TEST(Measure, EndpointMeanOnRefinedGridsMeetsTheChordCost) {
  for (const QualityPointer& quality :
       {wavy(), time_ramp(wavy()), QualityPointer(std::make_shared<DecodedQuality>())}) {
    const PathEnergy mean(stereographic_sphere(), quality, with_cost(endpoint_mean_cost())),
        chord(stereographic_sphere(), quality, with_cost(chord_cost()));
    const CurveFigures<Tensor> a = mean.measure(two_curves, 2, uniform_times(8), nullptr, 1e-5, 64),
                               b = chord.measure(two_curves, 2, uniform_times(8), nullptr, 1e-5, 64);
    EXPECT_TRUE(at::allclose(a.cost, mean.cost(on_grid(uniform_times(8))), 1e-12, 0));
    EXPECT_FALSE(at::allclose(a.cost, b.cost, 1e-3, 0));
    EXPECT_TRUE(at::allclose(a.cost_refined, b.cost_refined, 1e-3, 0));  // order 2 at 512 segments
    EXPECT_TRUE(at::allclose(a.length, b.length, 1e-3, 0));
    EXPECT_TRUE(at::allclose(a.min_quality, b.min_quality, 1e-2, 0));
  }
}

TEST(Measure, FiguresAreWhatTheirNamesSay) {
  const auto quality = wavy();
  const PathEnergy energy(stereographic_sphere(), quality, with_cost(chord_cost()));
  const auto feature = time_ramp(constant_quality(0.5));
  const CurveFigures<Tensor> figures = energy.measure(two_curves, 2, uniform_times(64), feature, 0.01, 4);
  ASSERT_EQ(figures.subdivisions.max().item<int64_t>(), 4);
  const Tensor times = uniform_times(256);
  const SegmentTerms terms = energy.terms(on_grid(times));
  const Tensor q = at::stack({quality->evaluate({two_curves(middle_times(times))[0], times, {}}),
                              quality->evaluate({two_curves(middle_times(times))[1], times, {}})});
  const auto same = [](const Tensor& a, const Tensor& b) { return at::allclose(a, b, 1e-12, 0); };
  EXPECT_TRUE(same(figures.cost_refined, energy.cost(terms)));
  EXPECT_TRUE(same(figures.length, (terms.weight * terms.squared_chord.sqrt()).sum(1)));
  EXPECT_TRUE(same(figures.quality_of_curve, at::exp(-figures.length)));
  EXPECT_TRUE(same(figures.embedding_length, terms.squared_chord.sqrt().sum(1)));
  EXPECT_TRUE(same(figures.mean_quality, q.mean(1)));
  EXPECT_TRUE(same(figures.min_quality, q.amin(1)));
  EXPECT_TRUE(same(figures.min_weight, terms.weight.amin(1)));
  // ∫ 1 − 4t(1 − t)/2 dt = 2/3; the midpoint rule errs by 1/(6 · 256²).
  EXPECT_NEAR(figures.mean_feature[0].item<double>(), 2.0 / 3, 1e-5);
}

TEST(Measure, LengthIsInvariantUnderReparametrisation) {
  const PathEnergy energy(stereographic_sphere(), wavy(), with_cost(chord_cost()));
  const auto faster = [](const Tensor& t) { return two_curves(t * t * (3 - 2 * t)); };
  const auto figures = energy.measure(two_curves, 2, uniform_times(64), nullptr, 0, 16);
  const auto changed = energy.measure(faster, 2, uniform_times(64), nullptr, 0, 16);
  // 1024 segments: the error of the midpoint rule is of order 1e-6.
  EXPECT_TRUE(at::allclose(figures.length, changed.length, 1e-5, 0));
  EXPECT_TRUE(at::allclose(figures.embedding_length, changed.embedding_length, 1e-5, 0));
  EXPECT_GT((changed.cost_refined / figures.cost_refined - 1).abs().min().item<double>(), 0.01);
  // 2E ≥ L² (Cauchy–Schwarz).
  EXPECT_GT((figures.cost_refined - figures.length.square()).min().item<double>(), 0);
}

TEST(Measure, DecodesNoPointTwice) {
  const int64_t n = 10;
  for (const int64_t subdivisions : {4, 16}) {
    const auto sphere = stereographic_sphere();
    PathEnergy(sphere, wavy(), with_cost(chord_cost()))
        .measure(two_curves, 2, uniform_times(n), nullptr, 0, subdivisions);
    EXPECT_LE(sphere->evaluations(), 2 * (subdivisions * n + 1));  // the nodes of the finest grid, once each
    const auto decoder = perceptron(2, 1);
    PathEnergy(decoder, std::make_shared<DecodedQuality>(), with_cost(chord_cost()))
        .measure(two_curves, 2, uniform_times(n), nullptr, 0, subdivisions);
    // Midpoints of the finest grid too; and one point that tells the shape of an output.
    EXPECT_LE(decoder->evaluations(), 2 * (2 * subdivisions * n + 1) + 1);
  }
}

TEST(Measure, PairsAreMeasuredAsIfAlone) {
  const PathEnergy energy(perceptron(2, 1), std::make_shared<DecodedQuality>(), with_cost(chord_cost()));
  const auto feature = std::make_shared<DecodedQuality>();
  const CurveFigures<Tensor> both = energy.measure(two_curves, 2, uniform_times(6), feature, 1e-4, 64);
  for (int64_t pair = 0; pair < 2; ++pair) {
    const CurveFigures<Tensor> alone =
        energy.measure([&](const Tensor& t) { return two_curves(t).narrow(0, pair, 1); }, 1, uniform_times(6),
                       feature, 1e-4, 64);
    EXPECT_EQ(alone.subdivisions.item<int64_t>(), both.subdivisions[pair].item<int64_t>());
    EXPECT_NEAR(alone.cost_refined.item<double>(), both.cost_refined[pair].item<double>(), 1e-12);
    EXPECT_NEAR(alone.mean_feature.item<double>(), both.mean_feature[pair].item<double>(), 1e-12);
  }
}

TEST(Measure, ManyPairsKeepTheirOrder) {
  // More pairs than are held in memory at once.
  const PathEnergy energy(identity_embedding(1), constant_quality(0.5), with_cost(chord_cost()));
  const Tensor ends = at::arange(1, 401, at::kDouble).view({400, 1, 1});
  const auto lines = [&](const Tensor& t) { return ends * t.view({1, -1, 1}); };
  const CurveFigures<Tensor> figures = energy.measure(lines, 400, uniform_times(64), nullptr);
  EXPECT_TRUE(at::allclose(figures.embedding_length, ends.flatten(), 1e-12, 0));
}

TEST(Measure, FindsWhatACoarseGridCannotSee) {
  // A wall that the midpoints of two segments (±½) step over.
  const auto wall = function_quality(
      [](const Tensor& z) { return 0.95 - 0.9 * at::exp(-(z.select(1, 0) / 0.2).square()); }, "wall");
  const PathEnergy energy(identity_embedding(1), wall, with_cost(chord_cost(), 0.01));
  const auto line = [](const Tensor& t) { return (2 * t - 1).view({1, -1, 1}); };
  const CurveFigures<Tensor> figures = energy.measure(line, 1, uniform_times(2), nullptr);
  EXPECT_GT((figures.cost_refined / figures.cost).item<double>(), 10);
  EXPECT_LT(figures.min_quality.item<double>(), 0.1);
}

namespace {

/// A perceptron that several threads may run at once.
class ConcurrentPerceptron final : public Embedding {
 public:
  explicit ConcurrentPerceptron(int64_t operations = 1'000'000) : operations_(operations) {}
  std::string describe() const override { return "perceptron"; }
  bool concurrent() const override { return true; }
  int64_t operations_per_point() const override { return operations_; }
  /// Batches mapped so far.
  int64_t calls() const { return calls_; }

 protected:
  Tensor map(const Tensor& z) const override {
    ++calls_;
    return (*inner_)(z);
  }

 private:
  int64_t operations_;
  mutable std::atomic<int64_t> calls_{0};
  std::shared_ptr<Embedding> inner_ = testing::perceptron(3, 5);
};

}  // namespace

TEST(PathEnergy, AMapOfFewOperationsIsLeftToOneThread) {
  const int before = at::get_num_threads();
  at::set_num_threads(3);
  for (const auto& [operations, calls] : {std::pair<int64_t, int64_t>{0, 1}, {100, 1}, {1'000'000, 3}}) {
    const auto embedding = std::make_shared<ConcurrentPerceptron>(operations);
    const PathEnergy energy(embedding, normal_prior(3), {});
    energy.decode(testing::random_normal({100, 3}, 9));
    EXPECT_EQ(embedding->calls(), calls) << operations << " operations a point";
  }
  at::set_num_threads(before);
}

TEST(PathEnergy, ThreadsThatShareThePointsAgreeWithOne) {
  const int before = at::get_num_threads();
  EnergyOptions options;
  const auto embedding = std::make_shared<ConcurrentPerceptron>();
  const PathEnergy energy(embedding, normal_prior(3), options);
  ASSERT_TRUE(energy.concurrent());
  EXPECT_FALSE(PathEnergy(identity_embedding(3), normal_prior(3), options).concurrent());
  const Tensor nodes = testing::random_normal({4, 33, 3}, 9);
  std::vector<Tensor> costs, gradients;
  std::vector<int64_t> evaluations;
  for (const int threads : {1, 3}) {
    at::set_num_threads(threads);
    const int64_t count = embedding->evaluations();
    const Tensor leaf = nodes.clone().requires_grad_(true);
    const Tensor middles = 0.5 * (leaf.narrow(1, 0, 32) + leaf.narrow(1, 1, 32));
    const Tensor cost = energy.cost(CurvePoints{leaf, middles, uniform_times(32)});
    gradients.push_back(torch::autograd::grad({cost.sum()}, {leaf})[0]);
    costs.push_back(cost.detach());
    evaluations.push_back(embedding->evaluations() - count);
    const at::NoGradGuard no_gradient;
    EXPECT_TRUE(at::allclose(energy.cost(CurvePoints{nodes, middles.detach(), uniform_times(32)}), costs[0],
                             1e-12, 0));
  }
  at::set_num_threads(before);
  EXPECT_TRUE(at::allclose(costs[0], costs[1], 1e-12, 0));
  EXPECT_TRUE(at::allclose(gradients[0], gradients[1], 1e-10, 1e-12));
  EXPECT_EQ(evaluations[0], evaluations[1]);
}

}  // namespace latentpath::testing
