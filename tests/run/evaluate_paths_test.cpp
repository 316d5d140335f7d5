#include "latentpath/run/evaluation_row.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "contract/test_models.h"
#include "latentpath/core/error.h"

namespace latentpath::testing {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Pairs in the plane, from (0, 0) to (3, 4) and from (0, 0) to (1, 0).
EvaluationCase plane_case(QualityPointer quality = constant_quality(0.5)) {
  EvaluationCase evaluated;
  evaluated.name = "plane";
  evaluated.problem.embedding = identity_embedding(2);
  evaluated.problem.quality = std::move(quality);
  evaluated.problem.start = at::zeros({2, 2}, at::kDouble);
  evaluated.problem.end = at::tensor({3.0, 4.0, 1.0, 0.0}, at::kDouble).view({2, 2});
  return evaluated;
}

EvaluatedPath path_of(double cost, bool failed = false) {
  EvaluatedPath path;
  path[PathFigure::kCostRefined] = cost;
  path.failed = failed;
  return path;
}

/// Not a number beyond x = 10: a decoder that gives up there.
std::shared_ptr<Embedding> broken_beyond_ten() {
  return function_embedding(
      [](const Tensor& z) { return at::where(z.select(1, 0).unsqueeze(1) > 10, z + kNaN, z); }, 2, "broken");
}

}  // namespace

TEST(EvaluatePaths, StraightLinesInThePlaneHaveFiguresKnownByHand) {
  EvaluationCase evaluated = plane_case();
  evaluated.problem.feature = function_quality([](const Tensor& z) { return at::sigmoid(z.select(1, 0)); });
  evaluated.recognised = [](const Tensor& latent, const Tensor&) { return latent.select(1, 0) > 0.5; };
  PathEvaluator evaluator(std::move(evaluated), {}, 5);
  const auto paths = evaluator.evaluate(evaluation_method("linear"), 0, 2);
  ASSERT_EQ(paths.size(), 2u);
  const double weight = std::log(2.0), tight = 1e-12;  // Q_ε = ½ for every ε
  EXPECT_EQ(paths[0].pair, 0);
  EXPECT_EQ(paths[1].pair, 1);
  EXPECT_NEAR(paths[0][PathFigure::kEmbeddingLength], 5, tight);
  EXPECT_NEAR(paths[0][PathFigure::kLength], 5 * weight, tight);
  EXPECT_NEAR(paths[0][PathFigure::kCostRefined], 25 * weight * weight, 1e-10);
  EXPECT_NEAR(paths[0][PathFigure::kSmoothness], 1, tight);
  EXPECT_NEAR(paths[1][PathFigure::kEmbeddingLength], 1, tight);
  EXPECT_EQ(paths[0][PathFigure::kMeanQuality], 0.5);
  EXPECT_EQ(paths[0][PathFigure::kMinQuality], 0.5);
  EXPECT_EQ(paths[0][PathFigure::kMinQualityOverEnds], 1);
  EXPECT_EQ(paths[0][PathFigure::kDecoderEvaluations], 0);
  // x = 0, 0.75, 1.5, 2.25, 3 and 0, 0.25, 0.5, 0.75, 1, both ends counted.
  EXPECT_NEAR(paths[0][PathFigure::kClassRatio], 4.0 / 5, tight);
  EXPECT_NEAR(paths[1][PathFigure::kClassRatio], 2.0 / 5, tight);
  ASSERT_EQ(paths[0].step.size(), 4u);
  for (const double step : paths[0].step) EXPECT_NEAR(step, 1.25, tight);
  ASSERT_EQ(paths[0].quality.size(), 5u);
  ASSERT_EQ(paths[0].probability.size(), 5u);
  EXPECT_NEAR(paths[0].probability[2], 1 / (1 + std::exp(-1.5)), tight);
  // The mean of the sigmoid over [0, 1] is log((1 + e)/2); the refined grid's midpoint rule is close to it.
  EXPECT_NEAR(paths[1][PathFigure::kMeanFeature], std::log((1 + std::exp(1.0)) / 2), 1e-4);
}

TEST(EvaluatePaths, ThePapersMethodsAreMeasuredByTheCostOfAll) {
  // A hill of quality off the straight line.
  EvaluationCase evaluated = plane_case();
  evaluated.problem.quality =
      function_quality([](const Tensor& z) { return 0.2 + 0.6 * at::exp(-(z.select(1, 1) - 1).square()); });
  evaluated.problem.prior = normal_sampler(2);
  PathOptions options;
  options.segments = 16;
  options.max_iterations = 200;
  PathEvaluator evaluator(std::move(evaluated), options, 5);
  const double line = evaluator.evaluate(evaluation_method("linear"), 0, 1)[0][PathFigure::kCostRefined];
  const double ours = evaluator.evaluate(evaluation_method("ours"), 0, 1)[0][PathFigure::kCostRefined];
  for (const char* name : {"paper", "paper2019"}) {
    const EvaluatedPath path = evaluator.evaluate(evaluation_method(name), 0, 1)[0];
    EXPECT_EQ(path.start, "linear");
    EXPECT_LT(path[PathFigure::kCostRefined], line) << name;
    EXPECT_GT(path[PathFigure::kCostRefined], 0.99 * ours) << name;
    EXPECT_NEAR(path[PathFigure::kCostRefined], std::pow(path[PathFigure::kLength], 2),
                0.2 * path[PathFigure::kCostRefined])
        << name;  // the chord cost is the squared length at least
  }
}

TEST(EvaluatePaths, SmoothnessIsTheLargestStepOverTheMean) {
  EvaluationCase evaluated = plane_case();
  evaluated.problem.embedding = function_embedding([](const Tensor& z) { return z * z; }, 2, "squares");
  evaluated.problem.end = at::tensor({2.0, 0.0, 1.0, 0.0}, at::kDouble).view({2, 2});
  PathEvaluator evaluator(std::move(evaluated), {}, 3);
  const auto paths = evaluator.evaluate(evaluation_method("linear"), 0, 2);
  EXPECT_NEAR(paths[0][PathFigure::kSmoothness], 1.5, 1e-12);   // 0, 1, 4: steps 1 and 3
  EXPECT_NEAR(paths[0][PathFigure::kEvenSmoothness], 1, 1e-3);  // 0, 2, 4
  EXPECT_NEAR(paths[0].step[0], 1, 1e-12);
  EXPECT_NEAR(paths[0].step[1], 3, 1e-12);
}

TEST(EvaluatePaths, LowestQualityIsComparedWithTheEnds) {
  // 0.8 at the ends of pair 1, x = 0 and 1, and 0.3 in the middle.
  EvaluationCase evaluated = plane_case(
      function_quality([](const Tensor& z) { return 0.8 - 2 * z.select(1, 0) * (1 - z.select(1, 0)); }));
  PathEvaluator evaluator(std::move(evaluated), {}, 5);
  const auto path = evaluator.evaluate(evaluation_method("linear"), 1, 1).front();
  EXPECT_EQ(path.pair, 1);
  EXPECT_NEAR(path[PathFigure::kMinQuality], 0.3, 1e-3);  // at the midpoint nearest to ½
  EXPECT_NEAR(path[PathFigure::kMinQualityOverEnds], 0.3 / 0.8, 1e-3);
  // With a ramp nothing is asked of the ends: there is no ratio.
  PathEvaluator ramped(plane_case(time_ramp(constant_quality(0.5))), {}, 5);
  EXPECT_TRUE(
      std::isnan(ramped.evaluate(evaluation_method("linear"), 0, 1)[0][PathFigure::kMinQualityOverEnds]));
}

TEST(EvaluatePaths, EveryMethodIsChargedByTheSameCost) {
  // A ridge of low quality across the line: a search has something to gain.
  const auto ridge = function_quality([](const Tensor& z) {
    const Tensor away = z - at::tensor({0.5, 0.05}, z.options().requires_grad(false));
    return 0.9 - 0.8 * at::exp(-away.square().sum(1) / (2 * 0.2 * 0.2));
  });
  PathOptions options;
  options.segments = 16;
  options.max_iterations = 30;
  PathEvaluator evaluator(plane_case(ridge), options, 9);
  const auto cost = [&](const char* name) {
    const auto path = evaluator.evaluate(evaluation_method(name), 1, 1).front();
    EXPECT_FALSE(path.failed) << name;
    return path[PathFigure::kCostRefined];
  };
  const double linear = cost("linear"), ours = cost("ours"), straight = cost("straight"),
               paper = cost("paper");
  EXPECT_LT(ours, 0.9 * linear);
  EXPECT_LT(straight, 0.9 * linear);
  EXPECT_LE(paper, linear * (1 + 1e-9));  // a path that lost to the line is the line
  EXPECT_GE(paper, ours * 0.99);
  const auto sought = evaluator.evaluate(evaluation_method("ours"), 0, 2);
  for (const EvaluatedPath& path : sought) {
    EXPECT_GT(path[PathFigure::kDecoderEvaluations], 0);
    EXPECT_GT(path[PathFigure::kSeconds], 0);
    EXPECT_FALSE(path.termination.empty());
    EXPECT_EQ(path.start, "linear");  // no prior, no via points
  }
}

TEST(EvaluatePaths, ALoopDoesNotChangeItsNeighbours) {
  const auto slope =
      function_quality([](const Tensor& z) { return 0.9 - 0.1 * at::sigmoid(z.select(1, 1)); });
  EvaluationCase alone = plane_case(slope), beside = plane_case(slope), loop = plane_case(slope);
  beside.problem.end[0].zero_();  // pair 0 becomes a loop, pair 1 stays
  loop.problem.start = beside.problem.start.narrow(0, 0, 1);
  loop.problem.end = beside.problem.end.narrow(0, 0, 1);
  alone.problem.start = alone.problem.start.narrow(0, 1, 1);
  alone.problem.end = alone.problem.end.narrow(0, 1, 1);
  PathOptions options;
  options.segments = 16;
  options.max_iterations = 20;
  PathEvaluator by_itself(alone, options, 5), mixed(beside, options, 5), loop_alone(loop, options, 5);
  for (const char* name : {"linear", "ours"}) {
    const EvaluationMethod method = evaluation_method(name);
    const auto both = mixed.evaluate(method, 0, 2);
    ASSERT_EQ(both.size(), 2u);
    EXPECT_EQ(both[0].pair, 0);
    EXPECT_EQ(both[1].pair, 1);
    for (const PathFigure figure : {PathFigure::kCostRefined, PathFigure::kLength, PathFigure::kMinQuality}) {
      EXPECT_EQ(both[1][figure], by_itself.evaluate(method, 0, 1)[0][figure]) << name;
      EXPECT_EQ(both[0][figure], loop_alone.evaluate(method, 0, 1)[0][figure]) << name;
    }
  }
  ASSERT_EQ(mixed.warnings().size(), 1u);
  EXPECT_NE(mixed.warnings()[0].find("loops are measured by the dynamic cost"), std::string::npos);
  EXPECT_TRUE(by_itself.warnings().empty());
}

TEST(EvaluatePaths, ViaPointsAreDecodedOnceAndChargedInShares) {
  EvaluationCase evaluated = plane_case();
  evaluated.problem.prior = normal_sampler(2);
  evaluated.problem.quality = time_ramp(constant_quality(0.9));
  auto counted = function_embedding([](const Tensor& z) { return z; }, 2, "counted");
  evaluated.problem.embedding = counted;
  PathOptions options;
  options.segments = 8;
  options.max_iterations = 2;
  options.candidates.keep = 4;
  PathEvaluator evaluator(std::move(evaluated), options, 5);
  const auto first = evaluator.evaluate(evaluation_method("ours"), 0, 1);
  const int64_t with_draws = counted->evaluations();
  const auto again = evaluator.evaluate(evaluation_method("ours"), 0, 1);
  const int64_t drawn = with_draws - (counted->evaluations() - with_draws);  // the second time, none
  EXPECT_GE(drawn, options.candidates.keep);
  EXPECT_EQ(first[0][PathFigure::kDecoderEvaluations], again[0][PathFigure::kDecoderEvaluations]);
  EXPECT_EQ(first[0][PathFigure::kCostRefined], again[0][PathFigure::kCostRefined]);
  // From the straight line alone no via points are counted.
  const auto straight = evaluator.evaluate(evaluation_method("straight"), 0, 1);
  EXPECT_GE(first[0][PathFigure::kDecoderEvaluations],
            straight[0][PathFigure::kDecoderEvaluations] + static_cast<double>(drawn) / 2);
}

TEST(EvaluatePaths, AFailureIsCountedAndSpoilsNothing) {
  EvaluationCase evaluated = plane_case();
  evaluated.problem.embedding = broken_beyond_ten();
  evaluated.problem.start = at::zeros({3, 2}, at::kDouble);
  evaluated.problem.end = at::tensor({1.0, 0.0, 20.0, 0.0, 2.0, 0.0}, at::kDouble).view({3, 2});
  PathOptions options;
  options.segments = 8;
  PathEvaluator evaluator(evaluated, options, 5);
  for (const char* name : {"linear", "ours"}) {
    const auto paths = evaluator.evaluate(evaluation_method(name), 0, 3);
    ASSERT_EQ(paths.size(), 3u) << name;
    EXPECT_FALSE(paths[0].failed) << name;
    EXPECT_TRUE(paths[1].failed) << name;
    EXPECT_FALSE(paths[2].failed) << name;
    const EvaluationRow row = summarise(paths);
    EXPECT_EQ(row.pairs, 3);
    EXPECT_EQ(row.failures, 1);
    EXPECT_EQ(row[PathFigure::kEmbeddingLength].count, 2);
    EXPECT_NEAR(row[PathFigure::kEmbeddingLength].mean, 1.5, 1e-6) << name;
    EXPECT_NEAR(row[PathFigure::kEmbeddingLength].standard_error, 0.5, 1e-6) << name;
  }
}

TEST(EvaluatePaths, AQualityThatIsNoNumberIsAFailureToo) {
  PathEvaluator evaluator(plane_case(function_quality([](const Tensor& z) { return z.select(1, 0) + kNaN; })),
                          {}, 5);
  const EvaluationRow row = summarise(evaluator.evaluate(evaluation_method("linear"), 0, 2));
  EXPECT_EQ(row.failures, 2);
  EXPECT_EQ(row[PathFigure::kCostRefined].count, 0);
  EXPECT_TRUE(std::isnan(row[PathFigure::kCostRefined].mean));
}

TEST(EvaluatePaths, ACancelledBatchIsNoResult) {
  PathEvaluator evaluator(plane_case(), {}, 5);
  const CancellationToken token;
  token.cancel();
  try {
    evaluator.evaluate(evaluation_method("ours"), 0, 2, {}, token);
    FAIL() << "a cancelled search was taken into the table";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  }
}

TEST(EvaluatePaths, WhatCannotBeIsRefused) {
  PathEvaluator evaluator(plane_case(), {}, 5);
  EXPECT_THROW(evaluator.evaluate(evaluation_method("linear"), 1, 2), Error);
  EXPECT_THROW(evaluator.evaluate(evaluation_method("linear"), 0, 0), Error);
  EXPECT_THROW(PathEvaluator(plane_case(), {}, 1), Error);
  try {
    evaluation_method("magic");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kArgument);
    EXPECT_NE(std::string(error.what()).find("linear, spherical, paper, paper2019, straight, ours"),
              std::string::npos);
  }
  for (const std::string& name : evaluation_method_names()) {
    EXPECT_EQ(evaluation_method(name).name, name);
    EXPECT_FALSE(evaluation_method(name).help.empty()) << name;
  }
}

TEST(EvaluationStatistics, MeanErrorAndQuantiles) {
  const FigureStatistics four = statistics_of({4, 1, 3, 2});
  EXPECT_EQ(four.count, 4);
  EXPECT_EQ(four.mean, 2.5);
  EXPECT_NEAR(four.standard_error, std::sqrt(5.0 / 3 / 4), 1e-15);
  EXPECT_EQ(four.median, 2.5);
  EXPECT_NEAR(four.low, 1.15, 1e-12);
  EXPECT_NEAR(four.high, 3.85, 1e-12);
  const FigureStatistics partly = statistics_of({kNaN, 7, std::numeric_limits<double>::infinity()});
  EXPECT_EQ(partly.count, 1);
  EXPECT_EQ(partly.mean, 7);
  EXPECT_EQ(partly.median, 7);
  EXPECT_TRUE(std::isnan(partly.standard_error));
  EXPECT_EQ(statistics_of({}).count, 0);
  EXPECT_TRUE(std::isnan(statistics_of({kNaN}).mean));
  // Far from zero, s² must not drown in rounding.
  EXPECT_NEAR(statistics_of({1e9 + 1, 1e9 + 2, 1e9 + 3}).standard_error, 1 / std::sqrt(3.0), 1e-9);
}

TEST(EvaluationStatistics, ProfilesAreTheStatisticsOfEveryFrame) {
  std::vector<EvaluatedPath> paths(5);
  for (size_t i = 0; i < paths.size(); ++i) {
    const double x = static_cast<double>(i);
    paths[i].quality = {1e9 + x, x * x, i == 2 ? kNaN : x};  // far from zero, s² must not drown in rounding
    paths[i].step = {x};
  }
  paths[4].failed = true;
  paths[0].quality.pop_back();
  const EvaluationRow row = summarise(paths);
  for (size_t frame = 0; frame < 3; ++frame) {
    std::vector<double> column;
    for (size_t i = 0; i < 4; ++i)
      if (frame < paths[i].quality.size()) column.push_back(paths[i].quality[frame]);
    const FigureStatistics expected = statistics_of(column);
    EXPECT_NEAR(row.quality.mean[frame], expected.mean, 1e-15 * std::abs(expected.mean)) << frame;
    // Rounding of a mean of 1e9, 1e-7, against deviations of about 1.
    EXPECT_NEAR(row.quality.error[frame], expected.standard_error, 1e-6) << frame;
  }
  EXPECT_NEAR(row.squared_step.mean[0], (0 + 1 + 4 + 9) / 4.0, 1e-15);
  EXPECT_TRUE(row.probability.mean.empty());
}

TEST(EvaluationStatistics, FailedPathsBelongToNoMean) {
  const EvaluationRow row = summarise({path_of(1), path_of(100, true), path_of(3)});
  EXPECT_EQ(row.pairs, 3);
  EXPECT_EQ(row.failures, 1);
  EXPECT_EQ(row[PathFigure::kCostRefined].mean, 2);
  EXPECT_EQ(row[PathFigure::kCostRefined].standard_error, 1);
  EXPECT_EQ(row[PathFigure::kSmoothness].count, 0);
}

TEST(DrawAccepted, KeepsTheFirstDrawsThatWillDo) {
  const auto right = [](const Tensor& z) { return z.select(1, 0) > 1; };
  const auto draw = [&](int64_t count) {
    auto generator = make_generator(7);
    return draw_accepted(normal_sampler(2), right, count, generator);
  };
  const Tensor many = draw(300), few = draw(5);
  EXPECT_EQ(many.size(0), 300);
  EXPECT_TRUE((many.select(1, 0) > 1).all().item<bool>());
  EXPECT_TRUE(same_bits(few, many.narrow(0, 0, 5)));
  auto generator = make_generator(7);
  const auto never = [](const Tensor& z) { return z.select(1, 0) > 100; };
  try {
    draw_accepted(normal_sampler(2), never, 3, generator, {}, 1024);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kNumerical);
    EXPECT_STREQ(error.what(), "only 0 of 1024 draws of the prior can be end points, and 3 are wanted");
  }
}

}  // namespace latentpath::testing
