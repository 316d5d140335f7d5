// Free ends against closed forms: what is nearest in the plane, under a stretched map, and on a sphere.
#include "latentpath/path/nearest_end.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/metric/embedding.h"

namespace latentpath::testing {
namespace {

constexpr double kSlope = 8;

/// Inside where ⟨a, z⟩ ≥ b, by a probability that is a logistic function of slope 8 there.
QualityPointer beyond(double a0, double a1, double b) {
  return function_quality(
      [=](const Tensor& z) { return at::sigmoid(kSlope * (a0 * z.select(1, 0) + a1 * z.select(1, 1) - b)); },
      "beyond a line");
}

/// How far behind the line a probability of `certainty` is.
double behind(double certainty) { return std::log(certainty / (1 - certainty)) / kSlope; }

NearestEnds nearest(const std::shared_ptr<const Embedding>& embedding, const QualityPointer& condition,
                    const Tensor& start, NearestEndOptions options = {}) {
  const PathEnergy energy(embedding, constant_quality(0.5), {});
  return nearest_ends(energy, *condition, normal_sampler(start.size(1)), start, options);
}

Tensor point(double x, double y) { return at::tensor({x, y}, at::kDouble).view({1, 2}); }

}  // namespace

TEST(NearestEnd, InThePlaneIsThePerpendicularsFoot) {
  const double c = 0.9, foot = (1.0 + behind(c)) / 25;  // of the line 3 x + 4 y = 1 + …
  const NearestEnds found = nearest(identity_embedding(2), beyond(3, 4, 1), point(0, 0), {.certainty = c});
  EXPECT_NEAR(found.ends[0][0].item<double>(), 3 * foot, 2e-3);
  EXPECT_NEAR(found.ends[0][1].item<double>(), 4 * foot, 2e-3);
  const double weight = std::log(2.0), length = 5 * foot;  // Q = ½ and a straight path of constant speed
  EXPECT_NEAR(found.cost[0].item<double>(), std::pow(weight * length, 2),
              1e-3 * std::pow(weight * length, 2));
}

TEST(NearestEnd, OfWhatIsGentleAndJustOutside) {
  // In 8 dimensions, log-odds of half the first coordinate: from P = 0.5 the least step to P = 0.6.
  const QualityPointer gentle =
      function_quality([](const Tensor& z) { return at::sigmoid(0.5 * z.select(1, 0)); }, "gentle");
  const Tensor start = at::zeros({1, 8}, at::kDouble);
  const NearestEnds found = nearest(identity_embedding(8), gentle, start, {.certainty = 0.6});
  Tensor foot = at::zeros({8}, at::kDouble);
  foot[0] = 2 * std::log(0.6 / 0.4);
  EXPECT_LT((found.ends[0] - foot).norm().item<double>(), 0.02);
}

TEST(NearestEnd, IsMeasuredByTheMap) {
  const auto stretched = function_embedding(
      [](const Tensor& z) {
        return z * at::tensor({3.0, 1.0}, z.options());
      },
      2, "stretched");
  // 9 x² + y² is least on x + y = s where x = s/10.
  const double s = 1 + behind(0.95);
  const NearestEnds found = nearest(stretched, beyond(1, 1, 1), point(0, 0), {.certainty = 0.95});
  EXPECT_NEAR(found.ends[0][0].item<double>(), s / 10, 3e-3);
  EXPECT_NEAR(found.ends[0][1].item<double>(), 9 * s / 10, 3e-3);
}

TEST(NearestEnd, OnASphereLiesOnTheMeridian) {
  // Stereographic coordinates: height (r² − 1)/(r² + 1); from r = ½ at an angle of 1, up to the height ½.
  const auto height = [](const Tensor& z) {
    const Tensor square = z.square().sum(1);
    return (square - 1) / (square + 1);
  };
  const auto sphere = function_embedding(
      [height](const Tensor& z) {
        const Tensor square = z.square().sum(1, true);
        return at::cat({2 * z / (square + 1), height(z).unsqueeze(1)}, 1);
      },
      2, "sphere");
  const QualityPointer high =
      function_quality([height](const Tensor& z) { return at::sigmoid(kSlope * (height(z) - 0.5)); }, "high");
  const NearestEnds found =
      nearest(sphere, high, point(0.5 * std::cos(1.0), 0.5 * std::sin(1.0)), {.certainty = 0.5});
  const double radius = std::sqrt(3.0);  // where the height is ½
  EXPECT_NEAR(found.ends[0][0].item<double>(), radius * std::cos(1.0), 0.02);
  EXPECT_NEAR(found.ends[0][1].item<double>(), radius * std::sin(1.0), 0.02);
}

TEST(NearestEnd, IsInsideWhateverTheSearchLeft) {
  const QualityPointer condition = beyond(1, 0, 0.3);
  const Tensor starts = at::randn({20, 2}, at::kDouble);
  const NearestEnds found = nearest(identity_embedding(2), condition, starts.to(at::kFloat),
                                    {.certainty = 0.97, .iterations = 1, .rounds = 1});
  EXPECT_EQ(found.ends.scalar_type(), at::kFloat);
  EXPECT_GE(condition->evaluate({found.ends, {}, {}}).min().item<double>(), 0.97 - 1e-6);
  for (int64_t pair = 0; pair < 20; ++pair) {
    EXPECT_LT((found.paths[pair][0] - starts[pair]).abs().max().item<double>(), 1e-6);
    EXPECT_LT((found.paths[pair][-1] - found.ends[pair]).abs().max().item<double>(), 1e-6);
  }
}

TEST(NearestEnd, WhoIsThereStays) {
  const Tensor there = point(2, 0.5);
  const NearestEnds found = nearest(identity_embedding(2), beyond(1, 0, 0.3), there);
  EXPECT_TRUE(at::equal(found.ends, there));
  EXPECT_EQ(found.cost[0].item<double>(), 0);
  EXPECT_TRUE(at::equal(found.paths[0], there.expand({17, 2})));
}

TEST(NearestEnd, APairIsNotChangedByOthers) {
  const Tensor starts = at::tensor({-1.0, 0.2, 0.1, -0.7, -2.0, 1.0}, at::kDouble).view({3, 2});
  const QualityPointer condition = beyond(1, 0.5, 0.8);
  const NearestEnds together = nearest(identity_embedding(2), condition, starts);
  for (int64_t pair = 0; pair < 3; ++pair)
    EXPECT_LT(
        (nearest(identity_embedding(2), condition, starts.narrow(0, pair, 1)).ends - together.ends[pair])
            .abs()
            .max()
            .item<double>(),
        1e-9);
}

TEST(NearestEnd, WhatNoSampleHasIsRefused) {
  NearestEndOptions few;
  few.max_draws = 512;
  try {
    nearest(identity_embedding(2), beyond(1, 0, 50), point(0, 0), few);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kNumerical);
    EXPECT_NE(std::string(error.what()).find("none of 512 samples"), std::string::npos);
  }
  EXPECT_THROW(nearest(identity_embedding(2), beyond(1, 0, 0), point(0, 0), {.certainty = 1}), Error);
  EXPECT_THROW(nearest(identity_embedding(2), beyond(1, 0, 0), point(0, 0), {.certainty = 0.99999999}),
               Error);
  const QualityPointer large =
      function_quality([](const Tensor& z) { return z.select(1, 0) + 3.7; }, "large");
  EXPECT_THROW(nearest(identity_embedding(2), large, point(0, 0)), Error);
  EXPECT_THROW(nearest(identity_embedding(2), time_ramp(beyond(1, 0, 0)), point(0, 0)), Error);
}

}  // namespace latentpath::testing
