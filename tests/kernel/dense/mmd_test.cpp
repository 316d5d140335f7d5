#include "latentpath/kernel/mmd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <random>

#include "contract/random_points.h"
#include "latentpath/core/error.h"

namespace latentpath::testing {
namespace {

std::vector<double> random_weights(int64_t count, uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> uniform(0.1, 2);
  std::vector<double> weights(static_cast<size_t>(count));
  for (double& w : weights) w = uniform(engine);
  return weights;
}

/// The formula in extended precision, pair by pair: k itself, not k(0) − k.
struct DoubleLoop {
  const RadialKernel& kernel;

  long double k(long double r2) const {
    const auto& p = kernel.parameters();
    switch (kernel.family()) {
      case RadialKernel::Family::kGaussian: {
        long double total = 0;
        for (const double gamma : p) total += std::exp(-gamma * r2);
        return total;
      }
      case RadialKernel::Family::kInverseMultiquadric:
        return 1 / std::sqrt(r2 + p[0]);
      case RadialKernel::Family::kLaplace:
        return std::exp(-std::sqrt(r2) * p[0]);
      case RadialKernel::Family::kEnergy:
        return -std::sqrt(r2);
      case RadialKernel::Family::kLinear:
        return -r2 / 2;
    }
    return 0;
  }
  /// 2 dk/d(ρ²).
  long double slope(long double r2) const {
    const auto& p = kernel.parameters();
    switch (kernel.family()) {
      case RadialKernel::Family::kGaussian: {
        long double total = 0;
        for (const double gamma : p) total -= 2 * gamma * std::exp(-gamma * r2);
        return total;
      }
      case RadialKernel::Family::kInverseMultiquadric:
        return -std::pow(r2 + p[0], -1.5L);
      case RadialKernel::Family::kLaplace:
        return r2 == 0 ? 0 : -p[0] * std::exp(-std::sqrt(r2) * p[0]) / std::sqrt(r2);
      case RadialKernel::Family::kEnergy:
        return r2 == 0 ? 0 : -1 / std::sqrt(r2);
      case RadialKernel::Family::kLinear:
        return -1;
    }
    return 0;
  }

  struct Result {
    long double value = 0;
    std::vector<long double> first, second;
  };
  Result operator()(const SampleView& x, const SampleView& y) const {
    const int64_t dim = x.dim, n = x.count(), total = n + y.count();
    std::vector<const double*> points;
    std::vector<long double> s;
    for (const SampleView* sample : {&x, &y}) {
      long double sum = 0;
      for (int64_t i = 0; i < sample->count(); ++i)
        sum += sample->weights.empty() ? 1 : sample->weights[static_cast<size_t>(i)];
      for (int64_t i = 0; i < sample->count(); ++i) {
        points.push_back(sample->points.data() + i * dim);
        s.push_back((sample == &x ? 1 : -1) *
                    (sample->weights.empty() ? 1 : sample->weights[static_cast<size_t>(i)]) / sum);
      }
    }
    Result result;
    for (int64_t i = 0; i < total; ++i) {
      std::vector<long double> gradient(static_cast<size_t>(dim), 0);
      for (int64_t j = 0; j < total; ++j) {
        const auto a = static_cast<size_t>(i), b = static_cast<size_t>(j);
        long double r2 = 0;
        for (int64_t c = 0; c < dim; ++c) {
          const long double d = static_cast<long double>(points[a][c]) - points[b][c];
          r2 += d * d;
        }
        result.value += s[a] * s[b] * k(r2);
        for (int64_t c = 0; c < dim; ++c)
          gradient[static_cast<size_t>(c)] +=
              2 * s[a] * s[b] * slope(r2) * (static_cast<long double>(points[a][c]) - points[b][c]);
      }
      auto& target = i < n ? result.first : result.second;
      target.insert(target.end(), gradient.begin(), gradient.end());
    }
    return result;
  }
};

std::vector<RadialKernel> all_kernels() {
  return {RadialKernel::gaussian({0.125}),
          RadialKernel::gaussian({0.25, 0.125, 1.0 / 64}),
          RadialKernel::inverse_multiquadric(0.01),
          RadialKernel::inverse_multiquadric(100),
          RadialKernel::laplace(1.5),
          RadialKernel::energy(),
          RadialKernel::linear()};
}

double relative_error(const std::vector<double>& got, const std::vector<long double>& expected) {
  EXPECT_EQ(got.size(), expected.size());
  long double worst = 0, scale = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, std::abs(got[i] - expected[i]));
    scale = std::max(scale, std::abs(expected[i]));
  }
  return static_cast<double>(worst / scale);
}

void expect_double_loop(const RadialKernel& kernel, const SampleView& x, const SampleView& y,
                        const std::string& what, double tolerance = 1e-12) {
  const auto expected = DoubleLoop{kernel}(x, y);
  for (const std::string& instructions : available_instructions()) {
    SCOPED_TRACE(kernel.describe() + ", " + what + ", " + instructions);
    const SquaredMmd got = squared_mmd(kernel, x, y, {.instructions = instructions});
    EXPECT_LT(std::abs(got.value / static_cast<double>(expected.value) - 1), tolerance);
    EXPECT_LT(relative_error(got.first_gradient, expected.first), tolerance);
    EXPECT_LT(relative_error(got.second_gradient, expected.second), tolerance);
    // The double loop sums k itself, of size k(0), in extended precision.
    EXPECT_LE(std::abs(got.value - static_cast<double>(expected.value)),
              got.rounding + 4 * kernel.peak() * std::numeric_limits<long double>::epsilon());
  }
}

}  // namespace

TEST(SquaredMmd, IsTheDoubleLoop) {
  // 1, 2, 3, 4: differences in registers; 5, 20, 64: matrix products. 100 + 63 points: two tiles.
  for (const int64_t dim : {1, 2, 3, 4, 5, 20, 64}) {
    const auto x = random_points(100, dim, 1), y = random_points(63, dim, 2, 0.5);
    for (const RadialKernel& kernel : all_kernels())
      expect_double_loop(kernel, {x, dim}, {y, dim}, "dimension " + std::to_string(dim));
  }
}

TEST(SquaredMmd, TakesWeights) {
  for (const int64_t dim : {2, 7}) {
    const auto x = random_points(50, dim, 3), y = random_points(60, dim, 4, 1);
    const auto w = random_weights(50, 5), v = random_weights(60, 6);
    for (const RadialKernel& kernel : all_kernels())
      expect_double_loop(kernel, {x, dim, w}, {y, dim, v}, "weighted, dimension " + std::to_string(dim));
  }
}

TEST(SquaredMmd, KeepsItsDigitsFarFromTheOriginAndWhereKernelsAreFlat) {
  // ‖x‖² + ‖y‖² − 2⟨x, y⟩ would lose 12 of 16 digits here, and 1 − exp(−γρ²) with γ = 1e-8 half of them.
  const auto x = random_points(40, 20, 7, 1e6), y = random_points(40, 20, 8, 1e6 + 1);
  expect_double_loop(RadialKernel::gaussian({0.02}), {x, 20}, {y, 20}, "far out");
  const auto near_x = random_points(40, 2, 7), near_y = random_points(40, 2, 8, 1);
  expect_double_loop(RadialKernel::gaussian({1e-8}), {near_x, 2}, {near_y, 2}, "flat kernel");
  // Pairs that nearly coincide, in a dimension where distances come from products.
  auto pairs = random_points(40, 20, 9);
  for (size_t i = 0; i < 400; ++i) pairs[400 + i] = pairs[i] + 1e-5;
  const auto other = random_points(30, 20, 10, 0.5);
  for (const RadialKernel& kernel : all_kernels())
    expect_double_loop(kernel, {pairs, 20}, {other, 20}, "near pairs");
}

TEST(SquaredMmd, IsZeroForEqualSamplesInAnyOrder) {
  for (const int64_t dim : {1, 2, 9}) {
    auto x = random_points(200, dim, 11);
    std::copy_n(x.begin(), 3 * dim, x.begin() + 10 * dim);  // some points more than once
    std::vector<size_t> order(200);
    std::iota(order.begin(), order.end(), size_t{0});
    std::shuffle(order.begin(), order.end(), std::mt19937_64(12));
    std::vector<double> shuffled;
    for (const size_t i : order)
      shuffled.insert(shuffled.end(), x.begin() + static_cast<std::ptrdiff_t>(i) * dim,
                      x.begin() + static_cast<std::ptrdiff_t>(i + 1) * dim);
    for (const RadialKernel& kernel : all_kernels()) {
      SCOPED_TRACE(kernel.describe());
      for (const auto& y : {x, shuffled}) {
        const SquaredMmd mmd = squared_mmd(kernel, {x, dim}, {y, dim});
        EXPECT_EQ(mmd.value, 0);
        EXPECT_FALSE(std::signbit(mmd.value)) << "people would read -0";
        EXPECT_EQ(mmd.clamped, 0);
        EXPECT_THAT(mmd.first_gradient, ::testing::Each(0.0));
        EXPECT_THAT(mmd.second_gradient, ::testing::Each(0.0));
      }
    }
  }
}

TEST(SquaredMmd, IsZeroForTheSameMeasureWrittenDifferently) {
  // Each point twice; and one point of weight 2 in the place of two.
  const std::vector<double> once{0, 1, 2, 3}, twice{2, 3, 0, 1, 0, 1, 2, 3}, uneven{0, 1, 0, 1, 2, 3},
      weights{1, 1, 2};
  EXPECT_EQ(squared_mmd(RadialKernel::energy(), {once, 2}, {twice, 2}).value, 0);
  EXPECT_EQ(squared_mmd(RadialKernel::energy(), {once, 2}, {uneven, 2, weights}).value, 0);
}

TEST(SquaredMmd, DependsOnNoOrderAndIsSymmetricToTheBit) {
  const auto x = random_points(150, 2, 13), y = random_points(90, 2, 14, 1);
  auto reversed = x;
  for (size_t i = 0; i < 150; ++i)
    std::copy_n(x.begin() + 2 * static_cast<std::ptrdiff_t>(i), 2,
                reversed.end() - 2 * static_cast<std::ptrdiff_t>(i + 1));
  for (const RadialKernel& kernel : all_kernels()) {
    const SquaredMmd forth = squared_mmd(kernel, {x, 2}, {y, 2}), back = squared_mmd(kernel, {y, 2}, {x, 2});
    EXPECT_EQ(forth.value, squared_mmd(kernel, {reversed, 2}, {y, 2}).value);
    EXPECT_EQ(forth.value, back.value);
    EXPECT_EQ(forth.first_gradient, back.second_gradient);
  }
}

TEST(SquaredMmd, SharedPointsCancel) {
  // X = S ∪ A, Y = S ∪ B: only A and B are left, with their weights.
  const auto shared = random_points(80, 2, 15), a = random_points(20, 2, 16), b = random_points(20, 2, 17, 2);
  auto x = shared, y = shared;
  x.insert(x.end(), a.begin(), a.end());
  y.insert(y.end(), b.begin(), b.end());
  const RadialKernel kernel = RadialKernel::gaussian({0.25});
  const double alone = squared_mmd(kernel, {a, 2}, {b, 2}).value;
  EXPECT_NEAR(squared_mmd(kernel, {x, 2}, {y, 2}).value / (alone / 25), 1, 1e-14);
}

TEST(SquaredMmd, IsNeverNegativeAndSaysWhatRoundingDid) {
  int clamped = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const auto x = random_points(60, 2, 100 + seed);
    auto y = x;
    for (double& v : y) v += 1e-9;  // MMD² is of the order of 1e-19, its terms of the order of 1
    const SquaredMmd mmd = squared_mmd(RadialKernel::gaussian({0.125}), {x, 2}, {y, 2});
    EXPECT_GE(mmd.value, 0);
    EXPECT_LE(mmd.clamped, mmd.rounding);
    EXPECT_LT(mmd.rounding, 1e-13);
    EXPECT_TRUE(mmd.clamped == 0 || mmd.value == 0);
    clamped += mmd.clamped > 0;
  }
  EXPECT_GT(clamped, 0) << "no case was negative before it was clamped: the test tests nothing";
}

TEST(SquaredMmd, ClosedForms) {
  const std::vector<double> origin{0, 0}, other{3, 4};
  const auto between = [&](const RadialKernel& kernel) {
    return squared_mmd(kernel, {origin, 2}, {other, 2}).value;
  };
  EXPECT_DOUBLE_EQ(between(RadialKernel::gaussian({0.125})), -2 * std::expm1(-25.0 / 8));
  EXPECT_DOUBLE_EQ(between(RadialKernel::inverse_multiquadric(11)), 2 / std::sqrt(11.0) - 2.0 / 6);
  EXPECT_DOUBLE_EQ(between(RadialKernel::laplace(2.5)), -2 * std::expm1(-2.0));
  EXPECT_DOUBLE_EQ(between(RadialKernel::energy()), 10);
  EXPECT_DOUBLE_EQ(between(RadialKernel::linear()), 25);
  // A vanishing distance keeps its digits: 2γρ².
  const std::vector<double> near{3e-10, 4e-10};
  EXPECT_NEAR(squared_mmd(RadialKernel::gaussian({0.125}), {origin, 2}, {near, 2}).value / 6.25e-20, 1,
              1e-12);
}

TEST(SquaredMmd, HasTheGradientOfItsValue) {
  // Halving h quarters the remainder of the first-order Taylor polynomial.
  for (const int64_t dim : {2, 6}) {
    const auto x = random_points(30, dim, 18), y = random_points(25, dim, 19, 0.7),
               u = random_points(30, dim, 20);
    for (const RadialKernel& kernel : all_kernels()) {
      const SquaredMmd at = squared_mmd(kernel, {x, dim}, {y, dim});
      const double slope = std::inner_product(u.begin(), u.end(), at.first_gradient.begin(), 0.0);
      const auto remainder = [&](double h) {
        auto moved = x;
        for (size_t i = 0; i < moved.size(); ++i) moved[i] += h * u[i];
        return std::abs(squared_mmd(kernel, {moved, dim}, {y, dim}).value - at.value - h * slope);
      };
      EXPECT_NEAR(std::log2(remainder(2e-5) / remainder(1e-5)), 2, 0.05) << kernel.describe() << " " << dim;
    }
  }
}

TEST(SquaredMmd, SameThreadsSameBytes) {
  for (const int64_t dim : {2, 8}) {
    const auto x = random_points(1500, dim, 21), y = random_points(1400, dim, 22, 0.3);
    const RadialKernel kernel = RadialKernel::gaussian({0.1});
    const SquaredMmd one = squared_mmd(kernel, {x, dim}, {y, dim}, {.threads = 1});
    const SquaredMmd three = squared_mmd(kernel, {x, dim}, {y, dim}, {.threads = 3});
    const SquaredMmd again = squared_mmd(kernel, {x, dim}, {y, dim}, {.threads = 3});
    EXPECT_EQ(three.value, again.value);
    EXPECT_EQ(three.first_gradient, again.first_gradient);
    EXPECT_NEAR(one.value / three.value, 1, 1e-13);
  }
}

TEST(NeighbourMmds, AreTheMmdsOfNeighbours) {
  std::vector<std::vector<double>> samples;
  for (uint64_t j = 0; j < 4; ++j)
    samples.push_back(random_points(20 + static_cast<int64_t>(j), 2, 23 + j, 0.4 * static_cast<double>(j)));
  std::vector<SampleView> chain;
  for (const auto& sample : samples) chain.push_back({sample, 2});
  const auto got = neighbour_mmds(RadialKernel::laplace(1), chain);
  ASSERT_EQ(got.size(), 3u);
  for (size_t j = 0; j < 3; ++j) {
    const SquaredMmd expected = squared_mmd(RadialKernel::laplace(1), chain[j], chain[j + 1]);
    EXPECT_EQ(got[j].value, expected.value);
    EXPECT_EQ(got[j].second_gradient, expected.second_gradient);
  }
}

TEST(MedianDistance, IsTheMedianOfTheDistances) {
  const std::vector<double> x{0, 1}, y{3};  // distances 1, 2, 3
  EXPECT_DOUBLE_EQ(median_distance({x, 1}, {y, 1}), 2);
  EXPECT_DOUBLE_EQ(median_distance({y, 1}, {y, 1}), 1);
  // Of N(0, I_2) pooled with itself: the median of √(2 χ²_2) = √(4 ln 2); 1000 points know it to a few per
  // cent.
  const auto many = random_points(3000, 2, 30);
  EXPECT_NEAR(median_distance({many, 2}, {many, 2}), std::sqrt(4 * std::log(2.0)), 0.08);
}

TEST(RandomFeatureMmd, AgreesWithAllPairsWithinItsStandardError) {
  for (const int64_t dim : {1, 2, 10}) {
    const auto x = random_points(150, dim, 31), y = random_points(120, dim, 32, 0.6);
    for (const RadialKernel& kernel : all_kernels()) {
      SCOPED_TRACE(kernel.describe() + ", dimension " + std::to_string(dim));
      const double exact = squared_mmd(kernel, {x, dim}, {y, dim}).value;
      const RandomFeatureMmd few =
          random_feature_mmd(kernel, {x, dim}, {y, dim}, {.features = 1024, .seed = 3});
      const RandomFeatureMmd many =
          random_feature_mmd(kernel, {x, dim}, {y, dim}, {.features = 16384, .seed = 4});
      // 4 standard errors, and rounding where nothing is random (linear; energy on a line).
      EXPECT_LT(std::abs(few.value - exact), 4 * few.standard_error + 1e-12 * exact);
      EXPECT_LT(std::abs(many.value - exact), 4 * many.standard_error + 1e-12 * exact);
      if (many.standard_error > 1e-12 * exact) {
        EXPECT_NEAR(few.standard_error / many.standard_error, 4, 1.5);
      }
    }
  }
}

TEST(RandomFeatureMmd, HasTheGradientOfItsValue) {
  const auto x = random_points(40, 3, 33), y = random_points(30, 3, 34, 0.5), u = random_points(40, 3, 35);
  for (const RadialKernel& kernel :
       {RadialKernel::gaussian({0.2, 0.05}), RadialKernel::inverse_multiquadric(2), RadialKernel::energy(),
        RadialKernel::linear()}) {
    const RandomFeatureOptions options{.features = 256, .seed = 5};
    const RandomFeatureMmd at = random_feature_mmd(kernel, {x, 3}, {y, 3}, options);
    const double slope = std::inner_product(u.begin(), u.end(), at.first_gradient.begin(), 0.0);
    const auto value = [&](double h) {
      auto moved = x;
      for (size_t i = 0; i < moved.size(); ++i) moved[i] += h * u[i];
      return random_feature_mmd(kernel, {moved, 3}, {y, 3}, options).value;
    };
    // Central differences; the sliced energy distance has kinks where projections change places.
    EXPECT_NEAR((value(1e-6) - value(-1e-6)) / 2e-6 / slope, 1, 1e-4) << kernel.describe();
  }
}

TEST(RandomFeatureMmd, EveryInstructionSetGivesTheSame) {
  const auto x = random_points(90, 5, 36), y = random_points(70, 5, 37, 0.5);
  const auto value = [&](const std::string& instructions) {
    return random_feature_mmd(RadialKernel::gaussian({0.1}), {x, 5}, {y, 5},
                              {.features = 500, .instructions = instructions});
  };
  const RandomFeatureMmd baseline = value("baseline");
  for (const std::string& instructions : available_instructions()) {
    const RandomFeatureMmd got = value(instructions);
    EXPECT_NEAR(got.value / baseline.value, 1, 1e-12) << instructions;
    EXPECT_NEAR(got.first_gradient[7], baseline.first_gradient[7], 1e-12) << instructions;
  }
}

TEST(SquaredMmd, RefusesWhatIsNoSample) {
  const std::vector<double> x{1, 2, 3, 4}, nan{1, std::nan("")}, none, negative{1, -1}, zeros{0, 0};
  const auto refused = [&](const SampleView& a, const SampleView& b, ErrorKind kind,
                           const std::string& word) {
    try {
      squared_mmd(RadialKernel::energy(), a, b);
      ADD_FAILURE() << word;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_THAT(error.what(), ::testing::HasSubstr(word));
    }
  };
  refused({x, 2}, {nan, 2}, ErrorKind::kNumerical, "NaN");
  refused({x, 2}, {none, 2}, ErrorKind::kArgument, "no points");
  refused({x, 2}, {x, 1}, ErrorKind::kArgument, "dimensions differ");
  refused({x, 3}, {x, 3}, ErrorKind::kArgument, "dimension 3");
  refused({x, 2, negative}, {x, 2}, ErrorKind::kArgument, "must not be negative");
  refused({x, 2, zeros}, {x, 2}, ErrorKind::kArgument, "all 0");
  EXPECT_THROW(RadialKernel::gaussian({}), Error);
  EXPECT_THROW(RadialKernel::gaussian({0.0}), Error);
  EXPECT_THROW(RadialKernel::inverse_multiquadric(-1), Error);
  EXPECT_THROW(RadialKernel::by_name("cosine", {1}), Error);
  EXPECT_THROW(RadialKernel::by_name("energy", {1}), Error);
  const std::vector<double> other{5, 6};
  EXPECT_THROW(squared_mmd(RadialKernel::energy(), {x, 2}, {other, 2}, {.instructions = "abacus"}), Error);
}

TEST(RadialKernel, WidthsAreLengths) {
  EXPECT_DOUBLE_EQ(RadialKernel::by_name("gaussian", {2}).parameters()[0], 0.125);  // the papers' γ = 1/8
  EXPECT_DOUBLE_EQ(RadialKernel::by_name("imq", {10}).parameters()[0], 100);
  for (const RadialKernel& kernel : all_kernels()) {
    const DoubleLoop loop{kernel};
    EXPECT_NEAR(kernel.gap(7.0), static_cast<double>(loop.k(0) - loop.k(7)), 1e-14) << kernel.describe();
  }
}

}  // namespace latentpath::testing
