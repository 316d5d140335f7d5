#include "latentpath/metric/kept_features.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/metric/derivative_check.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/metric/quality_sections.h"
#include "latentpath/path/find_path.h"
#include "latentpath/path/quality_of_pair.h"

namespace latentpath::testing {
namespace {

/// The second coordinate is the feature, of latents or of what an identity decodes.
PointFeatures height(bool of_decoded) {
  PointFeatures features;
  features.name = "height";
  features.needs_decoded = of_decoded;
  features.of = [of_decoded](const QualityPoints& points) {
    return (of_decoded ? points.decoded : points.latent).narrow(1, 1, 1);
  };
  return features;
}

Tensor points(std::vector<double> values) { return at::tensor(values, at::kDouble).view({-1, 2}); }

Tensor asked(const QualityPointer& quality, const Tensor& z) {
  return quality->evaluate({z, at::full({z.size(0)}, 0.5, at::kDouble), z});
}

}  // namespace

TEST(KeptFeatures, AreHalfGoodAtTheScaleFromTheNearerEnd) {
  const auto plane = identity_embedding(2);
  const QualityPointer kept = keep_features(height(false), 2);
  EXPECT_TRUE(depends_on_ends(*kept));
  const QualityPointer own = between_ends(kept, points({0, 1, 0, 9}), *plane);
  EXPECT_FALSE(depends_on_ends(*own));
  const Tensor q = asked(own, points({5, 1, 5, 3, 5, 9, 5, 13, 5, 5}));
  const double truth[] = {1, 0.5, 1, 0.2, 0.2};  // at 0, s, 0, 2s and 2s from the nearer end
  for (int64_t i = 0; i < 5; ++i) EXPECT_NEAR(q[i].item<double>(), truth[i], 1e-12) << i;
  // By itself, of no pair, it asks nothing.
  EXPECT_TRUE(at::equal(asked(kept, points({5, 5})), at::ones({1}, at::kDouble)));
}

TEST(KeptFeatures, OfProbabilitiesAreTheirAgreementWithTheNearerEnd) {
  const Tensor p = at::tensor({0.9, 0.2, 0.1, 0.8, 0.5, 0.5}, at::kDouble).view({3, 2});
  const Tensor ends = at::tensor({0.9, 0.2, 0.1, 0.8}, at::kDouble).view({2, 2});
  const Tensor change = change_from_nearer(p, ends);
  EXPECT_NEAR(change[0].item<double>(), 0, 1e-12);
  EXPECT_NEAR(change[1].item<double>(), 0, 1e-12);
  EXPECT_NEAR(change[2].item<double>(), 1 - 0.6 * 0.7, 1e-12);
}

TEST(KeptFeatures, AreFoundInsideOfWhatIsMadeOfThem) {
  const auto plane = identity_embedding(2);
  const QualityPointer kept = keep_features(height(true), 2);
  const QualityPointer other = constant_quality(0.5);
  const Tensor ends = points({0, 1, 0, 9}), at_scale = points({5, 3});
  const auto value = [&](const QualityPointer& quality) {
    EXPECT_TRUE(depends_on_ends(*quality));
    return asked(between_ends(quality, ends, *plane), at_scale).item<double>();
  };
  EXPECT_NEAR(value(product({other, kept})), 0.25, 1e-12);
  EXPECT_NEAR(value(power(kept, 2)), 0.25, 1e-12);
  EXPECT_NEAR(value(complement(kept)), 0.5, 1e-12);
  EXPECT_NEAR(value(time_ramp(kept)), 0.5, 1e-12);
  EXPECT_NEAR(value(shift_odds(kept, 4)), 0.2, 1e-12);
  EXPECT_NEAR(value(at_decoded(kept, plane)), 0.5, 1e-12);
  EXPECT_NEAR(value(in_sections({{0, 0.4, other}, {0.4, 1, kept}}, /*ramp=*/false)), 0.5, 1e-12);  // at t = ½
  // What is made of nothing of the kind stays the very same.
  const QualityPointer plain = product({other, normal_prior(2)});
  EXPECT_FALSE(depends_on_ends(*plain));
  EXPECT_EQ(between_ends(plain, ends, *plane), plain);
}

TEST(KeptFeatures, RefuseWhatIsNoScaleAndWhatIsNoFeature) {
  EXPECT_THROW(keep_features(height(false), 0), Error);
  EXPECT_THROW(keep_features({}, 1), Error);
  PointFeatures wrong = height(false);
  wrong.of = [](const QualityPoints& p) { return p.latent.select(1, 0); };
  EXPECT_THROW(between_ends(keep_features(wrong, 1), points({0, 1, 0, 9}), *identity_embedding(2)), Error);
}

TEST(KeptFeatures, OfEachPairAreThoseOfItsOwnEnds) {
  PathProblem problem;
  problem.embedding = identity_embedding(2);
  problem.quality = keep_features(height(false), 1);
  problem.start = points({-1, 0, -1, 7});
  problem.end = points({1, 0, 1, 7});
  const Tensor here = points({0, 7});
  EXPECT_NEAR(asked(quality_of_pair(problem, 0), here).item<double>(), 1.0 / 50, 1e-12);
  EXPECT_NEAR(asked(quality_of_pair(problem, 1), here).item<double>(), 1, 1e-12);
  EXPECT_THROW(quality_of_pair(problem, 2), Error);
}

namespace {

/// A hill of low quality at the origin that the straight line crosses: one way round it keeps low, the other
/// goes high.
PathProblem round_a_hill(const Tensor& start, const Tensor& end) {
  PathProblem problem;
  problem.embedding = identity_embedding(2);
  problem.quality =
      function_quality([](const Tensor& z) { return 1 - 0.98 * at::exp(-2 * z.square().sum(1)); }, "hill");
  problem.start = start;
  problem.end = end;
  return problem;
}

}  // namespace

TEST(KeptFeatures, HoldAPathBackAndOnePairDoesNotDependOnAnother) {
  const Tensor start = points({-2, 0.05, -2, 3}), end = points({2, 0.05, 2, 3});
  PathProblem free = round_a_hill(start, end), kept = free;
  kept.quality = product({free.quality, keep_features(height(true), 0.5)});
  PathOptions options;
  options.segments = 16;
  const auto height_of = [](const PathResult& result, int64_t pair) {
    const Tensor y = result.nodes[pair].select(1, 1);
    return (y - y[0]).abs().max().item<double>();
  };
  const PathResult without = find_path(free, options), with = find_path(kept, options);
  EXPECT_LT(height_of(with, 0), 0.7 * height_of(without, 0));
  EXPECT_LT(height_of(with, 1), 0.2);  // its own ends are at 3
  PathProblem alone = kept;
  alone.start = start.narrow(0, 1, 1);
  alone.end = end.narrow(0, 1, 1);
  EXPECT_TRUE(at::equal(find_path(alone, options).nodes[0], with.nodes[1]));
}

}  // namespace latentpath::testing
