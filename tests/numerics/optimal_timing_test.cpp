#include "latentpath/numerics/optimal_timing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

/// The cost that optimal_timing() minimises, of positions at ends of pieces.
double cost_of(const std::vector<int>& at, const std::vector<double>& arc, const std::vector<double>& weights,
               const std::vector<double>& times, double lambda) {
  double sum = 0;
  for (size_t i = 0; i + 1 < times.size(); ++i) {
    const double* n = weights.data() + i * (arc.size() + 1);
    const double duration = times[i + 1] - times[i];
    double way = 0;
    for (int k = std::min(at[i], at[i + 1]); k < std::max(at[i], at[i + 1]); ++k)
      way += 0.5 * (n[k] + n[k + 1]) * arc[static_cast<size_t>(k)];
    const double a = n[at[i]], b = n[at[i + 1]];
    sum += way * way / duration + lambda * duration * 0.5 * (a * a + b * b);
  }
  return sum;
}

}  // namespace

TEST(OptimalTiming, ConstantWeightMeansConstantSpeed) {
  const std::vector<double> arc{1, 0.5, 0.5, 2}, times{0, 0.1, 0.3, 0.75, 1};
  const std::vector<double> weights(4 * 5, 0.7);
  for (const double lambda : {0.0, 3.0}) {
    const std::vector<double> s = optimal_timing(arc, weights, times, lambda, 400).positions;
    ASSERT_EQ(s.size(), 5u);
    EXPECT_EQ(s.front(), 0);
    EXPECT_EQ(s.back(), 4);
    // The way covered at time t is 4t: of the pieces 1, 0.5, 0.5 and 2.
    EXPECT_NEAR(s[1], 0.4, 0.01);
    EXPECT_NEAR(s[2], 1.4, 0.01);
    EXPECT_NEAR(s[3], 3.5, 0.01);
  }
}

TEST(OptimalTiming, IsTheBestOfAll) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> uniform(0.05, 2);
  for (int trial = 0; trial < 60; ++trial) {
    const size_t pieces = 5, segments = 4;
    std::vector<double> arc(pieces), weights(segments * (pieces + 1)), times{0};
    for (double& a : arc) a = trial % 5 == 0 ? 0 : uniform(random);
    if (trial % 4 == 0) arc[2] = 0;
    for (double& n : weights) n = uniform(random);
    for (size_t i = 0; i < segments; ++i) times.push_back(times.back() + uniform(random));
    const double lambda = trial % 3 == 0 ? 0 : 5 * uniform(random);
    double least = std::numeric_limits<double>::infinity();
    for (int a = 0; a <= 5; ++a)
      for (int b = 0; b <= 5; ++b)
        for (int c = 0; c <= 5; ++c)
          least = std::min(least, cost_of({0, a, b, c, 5}, arc, weights, times, lambda));
    std::vector<int> found;
    const OptimalTiming timing = optimal_timing(arc, weights, times, lambda, 1);
    for (const double s : timing.positions) found.push_back(static_cast<int>(s));
    EXPECT_NEAR(timing.cost, least, 1e-9 * least) << "trial " << trial;
    ASSERT_EQ(found.front(), 0);
    ASSERT_EQ(found.back(), 5);
    EXPECT_NEAR(cost_of(found, arc, weights, times, lambda), least, 1e-9 * least) << "trial " << trial;
  }
}

TEST(OptimalTiming, WaitsWhereWaitingIsCheap) {
  // Away from the middle of the curve a weight rises while something is asked.
  const std::vector<double> arc(30, 0.2);
  std::vector<double> times, weights;
  for (int i = 0; i <= 20; ++i) times.push_back(i / 20.0);
  for (int i = 0; i < 20; ++i) {
    const double t = (i + 0.5) / 20, ramp = 4 * t * (1 - t);
    for (int k = 0; k <= 30; ++k) weights.push_back(0.1 + 2 * ramp * (std::abs(k - 15) > 3));
  }
  const std::vector<double> s = optimal_timing(arc, weights, times, 50).positions;
  int waiting = 0;
  for (const double at : s) waiting += std::abs(at - 15) <= 3.5;
  EXPECT_GE(waiting, 15);
}

TEST(OptimalTiming, RefusesSizesThatDoNotFit) {
  const std::vector<double> arc{1, 1}, times{0, 1}, weights(3, 1.0);
  EXPECT_NO_THROW(optimal_timing(arc, weights, times, 1));
  EXPECT_THROW(optimal_timing({}, weights, times, 1), Error);
  EXPECT_THROW(optimal_timing(arc, std::vector<double>(4, 1.0), times, 1), Error);
  EXPECT_THROW(optimal_timing(arc, weights, times, -1), Error);
}

}  // namespace latentpath
