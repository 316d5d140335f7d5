#include "latentpath/path/find_path.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>
#include <algorithm>

#include <cmath>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "path/wall.h"

namespace latentpath::testing {
namespace {

/// A quality computed from Φ(z) only, as a classifier's is.
class DecodedQuality final : public Quality {
 public:
  explicit DecodedQuality(std::function<Tensor(const Tensor&)> function) : function_(std::move(function)) {}
  Tensor evaluate(const QualityPoints& points) const override { return function_(points.decoded); }
  bool needs_decoded() const override { return true; }
  std::string describe() const override { return "decoded"; }

 private:
  std::function<Tensor(const Tensor&)> function_;
};

QualityPointer decoded_quality(std::function<Tensor(const Tensor&)> function) {
  return std::make_shared<DecodedQuality>(std::move(function));
}

/// The plane rolled into a gentle surface of R³: what a decoder does to its latent, in small.
std::shared_ptr<Embedding> small_decoder() {
  return function_embedding(
      [](const Tensor& z) {
        const Tensor x = z.select(1, 0), y = z.select(1, 1);
        return at::stack({2 * at::tanh(0.5 * x), 2 * at::tanh(0.5 * y), 0.3 * at::sin(x + y)}, 1);
      },
      2, "small decoder");
}

/// "It is of class A": certain where the first output exceeds 0.9, out of question where it is below 0.6.
QualityPointer small_classifier() {
  return decoded_quality([](const Tensor& x) { return at::sigmoid(25 * (x.select(1, 0) - 0.75)); });
}

/// A hill of quality that the straight line does not feel: 7 standard deviations away.
QualityPointer far_bump() {
  return decoded_quality([](const Tensor& x) {
    const Tensor away = x - at::tensor({0.0, 2.0}, x.options().requires_grad(false));
    return at::exp(-away.square().sum(1) / (2 * 0.3 * 0.3));
  });
}

Tensor row(std::initializer_list<double> values) {
  return at::tensor(std::vector<double>(values), at::kDouble).unsqueeze(0);
}

PathProblem problem_of(std::shared_ptr<const Embedding> embedding, QualityPointer quality, Tensor start,
                       Tensor end) {
  PathProblem problem;
  problem.embedding = std::move(embedding);
  problem.quality = std::move(quality);
  problem.start = std::move(start);
  problem.end = std::move(end);
  return problem;
}

/// Six pairs on the surface, class A to be met on the way.
PathProblem class_problem(int64_t pairs = 6) {
  const Tensor start = random_normal({pairs, 2}, 1, 0.5) - at::tensor({0.8, 0.0}, at::kDouble);
  const Tensor end = random_normal({pairs, 2}, 2, 0.5) - at::tensor({0.8, 0.0}, at::kDouble);
  PathProblem problem = problem_of(small_decoder(), time_ramp(small_classifier()), start, end);
  problem.feature = small_classifier();
  return problem;
}

PathProblem bump_problem() {
  PathProblem problem = problem_of(identity_embedding(2), time_ramp(far_bump()), row({-1, 0}), row({1, 0}));
  problem.feature = far_bump();
  return problem;
}

/// A low ridge of quality across the straight line: a smooth detour is better.
PathProblem ridge_problem() {
  const auto ridge = function_quality(
      [](const Tensor& z) {
        const Tensor away = z - at::tensor({0.0, 0.15}, z.options().requires_grad(false));
        return 0.9 - 0.8 * at::exp(-away.square().sum(1) / (2 * 0.4 * 0.4));
      },
      "ridge");
  return problem_of(identity_embedding(2), ridge, row({-1, 0}), row({1, 0}));
}

bool ends_are_exact(const PathResult& result, const PathProblem& problem) {
  return same_bits(result.nodes.select(1, 0), problem.start) &&
         same_bits(result.nodes.select(1, result.nodes.size(1) - 1), problem.end);
}

/// Neither a number that is none nor a claim of success may come out of a failure.
void expect_not_silent(const std::function<PathResult()>& run) {
  try {
    const PathResult result = run();
    EXPECT_EQ(termination_name(result.termination[0]), "numerical-failure");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kNumerical) << error.what();
  }
}

}  // namespace

TEST(FindPath, IsNeverWorseThanTheBaselines) {
  for (const auto& problem : {class_problem(), ridge_problem(), bump_problem()}) {
    for (const char* cost : {"auto", "chord", "dynamic", "length"}) {
      PathOptions options;
      options.cost = cost;
      options.segments = 24;
      const PathResult result = find_path(problem, options);
      const Tensor best = at::minimum(result.linear.cost_refined, result.spherical.cost_refined);
      EXPECT_TRUE((result.path.cost_refined <= best * (1 + 1e-12)).all().item<bool>()) << cost;
      EXPECT_TRUE(ends_are_exact(result, problem)) << cost;
      EXPECT_TRUE((result.path.length >= result.lower_bound * (1 - 1e-3)).all().item<bool>()) << cost;
      EXPECT_TRUE((result.path.min_weight > 0).all().item<bool>());
    }
  }
}

TEST(FindPath, BaselinesAreTheStraightLineAndTheGreatCircle) {
  for (const int64_t segments : {8, 64}) {
    PathOptions options;
    options.segments = segments;
    PathProblem problem = problem_of(identity_embedding(2), constant_quality(0.5), row({1, 0}), row({0, 1}));
    const PathResult result = find_path(problem, options);
    const double w = std::log(2);
    // The midpoint rule is exact on a straight line of constant quality.
    EXPECT_NEAR(result.linear.cost_refined.item<double>(), 2 * w * w, 1e-12) << segments;
    EXPECT_NEAR(result.linear.length.item<double>(), std::sqrt(2) * w, 1e-12) << segments;
    // Chords of a quarter circle in at least 4 · 8 steps fall short by (π/64)²/24 of it.
    EXPECT_NEAR(result.spherical.length.item<double>(), M_PI / 2 * w, 2e-4 * w) << segments;
    EXPECT_NEAR(result.spherical.cost_refined.item<double>(), std::pow(M_PI / 2 * w, 2), 5e-4 * w)
        << segments;
  }
}

TEST(FindPath, BatchesGiveWhatSinglePairsGive) {
  const PathProblem problem = class_problem();
  PathOptions options;
  options.segments = 32;
  options.time_weight = 3;
  const CandidatePool pool = make_candidates(problem, options);
  const PathResult together = find_path(problem, options, pool);
  ASSERT_EQ(together.nodes.sizes(), (std::vector<int64_t>{6, 33, 2}));
  for (int64_t pair = 0; pair < 6; ++pair) {
    PathProblem one = problem;
    one.start = problem.start.narrow(0, pair, 1);
    one.end = problem.end.narrow(0, pair, 1);
    const PathResult alone = find_path(one, options, pool);
    // The same arithmetic but for the order of sums; the last iterations amplify that a little.
    EXPECT_NEAR(alone.path.cost_refined.item<double>() / together.path.cost_refined[pair].item<double>(), 1,
                0.01)
        << pair;
    EXPECT_EQ(alone.start[0], together.start[static_cast<size_t>(pair)]) << pair;
  }
}

TEST(FindPath, ReportsTheFiguresOfThePathItReturns) {
  const PathProblem problem = class_problem(2);
  PathOptions options;
  options.segments = 32;
  const PathResult result = find_path(problem, options);
  EnergyOptions energy_options;
  energy_options.cost = make_cost(result.cost[0], result.time_weight[0]);
  const PathEnergy energy(problem.embedding, problem.quality, energy_options);
  const auto again =
      energy.measure([&](const Tensor& t) { return interpolate_polyline(result.nodes, result.times, t); }, 2,
                     result.times, problem.feature);
  EXPECT_TRUE(at::allclose(again.cost_refined, result.path.cost_refined, 1e-12, 0));
  EXPECT_TRUE(at::allclose(again.mean_feature, result.path.mean_feature, 1e-12, 0));
  for (size_t pair = 0; pair < 2; ++pair) {
    const auto i = static_cast<int64_t>(pair);
    const double ratio = result.path.cost_refined[i].item<double>() / result.path.cost[i].item<double>();
    EXPECT_EQ(result.under_resolved[pair], std::abs(ratio - 1) > options.resolution_tolerance);
    EXPECT_GT(result.decoder_evaluations[pair], 0);
    EXPECT_GT(result.iterations[pair], 0);
  }
  EXPECT_GT(result.candidate_evaluations, 0);
  EXPECT_GT(result.verification_evaluations, 0);
  EXPECT_NE(result.brief_report().find("dynamic"), std::string::npos) << result.brief_report();
}

TEST(FindPath, UnderResolvedPathsAreFlagged) {
  // Walls as narrow as a segment is long: whatever four segments do, a finer grid sees more.
  const auto walls =
      function_quality([](const Tensor& z) { return 0.5 + 0.49 * at::cos(25 * z.select(1, 0)); }, "walls");
  PathOptions options;
  options.segments = 4;
  options.epsilon = 0.001;
  const PathResult result =
      find_path(problem_of(identity_embedding(2), walls, row({-1, 0}), row({1, 0})), options);
  const double ratio = result.path.cost_refined.item<double>() / result.path.cost.item<double>();
  ASSERT_GT(std::abs(ratio - 1), 0.05);
  EXPECT_TRUE(result.under_resolved[0]);
  EXPECT_NE(result.brief_report().find("under-resolved"), std::string::npos);

  const PathResult smooth = find_path(ridge_problem(), {});
  EXPECT_FALSE(smooth.under_resolved[0]);
  EXPECT_EQ(smooth.brief_report().find("under-resolved"), std::string::npos);
}

TEST(FindPath, ALoopStaysPutUnderTheChordCostAndLeavesUnderTheDynamicOne) {
  const Tensor home = row({-0.5, 0.3});  // of class A with a probability of 1e-13
  PathProblem problem = problem_of(small_decoder(), time_ramp(small_classifier()), home, home.clone());
  problem.feature = small_classifier();

  PathOptions options;
  options.cost = "chord";
  const PathResult stays = find_path(problem, options);
  EXPECT_LT((stays.nodes - home).abs().max().item<double>(), 1e-9);
  EXPECT_EQ(stays.path.cost_refined.item<double>(), 0);
  EXPECT_LT(stays.path.mean_feature.item<double>(), 1e-6);

  options.cost = "dynamic";
  const PathResult leaves = find_path(problem, options);
  EXPECT_TRUE(ends_are_exact(leaves, problem));
  EXPECT_GT(leaves.path.mean_feature.item<double>(), 0.5);
  EXPECT_GT((leaves.nodes - home).norm(2, {2}).max().item<double>(), 1);
  EXPECT_LT(leaves.path.cost_refined.item<double>(), 0.9 * leaves.linear.cost_refined.item<double>());

  options.cost = "auto";
  EXPECT_EQ(find_path(problem, options).cost[0], "dynamic");
}

TEST(FindPath, LoopThatStaysPutHasConverged) {
  const Tensor home = row({-0.5, 0.3});
  PathOptions options;
  options.cost = "chord";
  const PathResult stays =
      find_path(problem_of(small_decoder(), time_ramp(small_classifier()), home, home.clone()), options);
  // A path of cost zero cannot be bettered: its solver has not run out of iterations.
  EXPECT_EQ(termination_name(stays.termination[0]), "converged");
}

TEST(FindPath, ViaPointsFindWhatTheStraightStartCannotFeel) {
  const PathProblem problem = bump_problem();
  PathOptions options;
  options.time_weight = 20;
  options.init = "linear";
  const PathResult stuck = find_path(problem, options);
  EXPECT_LT(stuck.path.mean_feature.item<double>(), 0.05);

  options.init = "via";
  const PathResult via = find_path(problem, options);
  EXPECT_EQ(via.start[0].rfind("via", 0), 0u) << via.start[0];
  EXPECT_GT(via.path.mean_feature.item<double>(), 0.4);

  options.init = "auto";
  const PathResult best = find_path(problem, options);
  EXPECT_EQ(best.start[0].rfind("via", 0), 0u) << best.start[0];
  EXPECT_GT(best.path.mean_feature.item<double>(), 0.4);
  EXPECT_LT(best.path.cost_refined.item<double>(), 0.8 * stuck.path.cost_refined.item<double>());
}

TEST(FindPath, CandidatesServeSeveralCalls) {
  const PathProblem problem = class_problem(2);
  PathOptions options;
  options.segments = 16;
  const CandidatePool pool = make_candidates(problem, options);
  const PathResult own = find_path(problem, options), shared = find_path(problem, options, pool);
  EXPECT_TRUE(at::equal(own.nodes, shared.nodes));
  const int64_t before = problem.embedding->evaluations();
  find_path(problem, options, pool);
  const int64_t with_pool = problem.embedding->evaluations() - before;
  find_path(problem, options);
  EXPECT_GE(problem.embedding->evaluations() - before - with_pool, with_pool + pool.drawn);
}

TEST(FindPath, SameSeedSameBytes) {
  const PathProblem problem = class_problem(3);
  for (const char* method : {"lbfgs", "adam", "sgd"}) {
    PathOptions options;
    options.method = method;
    options.segments = 16;
    options.max_iterations = 30;
    options.seed = 5;
    const PathResult first = find_path(problem, options);
    at::manual_seed(12345);  // LibTorch's own generator must not matter
    const PathResult second = find_path(problem, options);
    EXPECT_TRUE(same_bits(first.nodes, second.nodes)) << method;
    EXPECT_EQ(first.seed, 5u);
    if (std::string(method) == "adam") {
      options.seed = 6;
      EXPECT_FALSE(same_bits(first.nodes, find_path(problem, options).nodes));
    }
  }
}

TEST(FindPath, EndsAreExactInEveryMethodAndPrecision) {
  for (const auto dtype : {at::kFloat, at::kDouble}) {
    const Tensor start = row({0.1, 1.0 / 3}).to(dtype), end = row({-0.7, 1e-12}).to(dtype);
    const PathProblem problem = problem_of(small_decoder(), normal_prior(2), start, end);
    for (const char* method : {"lbfgs", "adam", "sgd"}) {
      for (const char* curve : {"polyline", "neural"}) {
        PathOptions options;
        options.method = method;
        options.curve = curve;
        options.segments = 10;
        options.max_iterations = 5;
        const PathResult result = find_path(problem, options);
        EXPECT_TRUE(ends_are_exact(result, problem)) << method << " " << curve << " " << dtype;
        EXPECT_EQ(result.nodes.scalar_type(), dtype);
      }
    }
  }
}

TEST(FindPath, FewSegmentsWork) {
  for (const int64_t segments : {1, 2, 3, 5}) {
    PathOptions options;
    options.segments = segments;
    for (const auto& problem : {ridge_problem(), class_problem(2)}) {
      const PathResult result = find_path(problem, options);
      EXPECT_EQ(result.nodes.size(1), segments + 1);
      EXPECT_TRUE(ends_are_exact(result, problem)) << segments;
      EXPECT_TRUE(at::isfinite(result.path.cost_refined).all().item<bool>());
    }
  }
}

TEST(FindPath, CancellationIsAResult) {
  for (const char* method : {"lbfgs", "adam"}) {
    for (const int64_t calls : {0, 3}) {
      for (const auto& problem : {class_problem(3), ridge_problem()}) {
        PathOptions options;
        options.method = method;
        const CancellationToken token;
        int64_t seen = 0;
        if (calls == 0) token.cancel();
        const PathResult result = find_path(
            problem, options,
            [&](const Progress&) {
              if (++seen == calls) token.cancel();
            },
            token);
        EXPECT_TRUE(ends_are_exact(result, problem));
        EXPECT_TRUE(at::isfinite(result.path.cost_refined).all().item<bool>());
        for (const Termination why : result.termination)
          EXPECT_EQ(termination_name(why), "interrupted") << method << " after " << calls << " reports";
      }
    }
  }
}

TEST(FindPath, SnapshotsShowThePathOnItsWay) {
  int64_t shown = 0;
  PathOptions options;
  options.segments = 16;
  const PathProblem problem = ridge_problem();
  options.snapshot = [&](const PathSnapshot& snapshot) {
    ++shown;
    EXPECT_EQ(snapshot.nodes.size(1), snapshot.times.size(0));
    EXPECT_EQ(snapshot.nodes.size(0), snapshot.pair.size(0));
    EXPECT_TRUE(same_bits(snapshot.nodes.narrow(0, 0, 1).select(1, 0), problem.start));
  };
  const PathResult result = find_path(problem, options);
  EXPECT_GT(shown, 3);
  EXPECT_TRUE(std::any_of(result.history.begin(), result.history.end(),
                          [](const LevelRecord& level) { return level.segments == 16; }));
}

TEST(FindPath, ARouteFindsTheWayRoundAWallThatDescentDoesNotSee) {
  const PathProblem problem = problem_of(identity_embedding(2), wall(), row({-1, 0}), row({1, 0}));
  PathOptions options;
  options.epsilon = 1e-3;
  options.init = "linear";
  const PathResult straight = find_path(problem, options);
  for (const char* init : {"auto", "graph"}) {
    options.init = init;
    const PathResult result = find_path(problem, options);
    EXPECT_EQ(result.start[0].rfind("route", 0), 0u) << result.start[0];
    EXPECT_LT(result.path.length.item<double>(), 0.8 * straight.path.length.item<double>());
    EXPECT_TRUE(ends_are_exact(result, problem));
  }
  // A start of the caller's own is treated alike, and reported as such.
  options.init = "linear";
  options.first_paths = at::tensor({-1.0, 0.0, 0.0, 1.4, 1.0, 0.0}, at::kDouble).view({1, 3, 2});
  const PathResult given = find_path(problem, options);
  EXPECT_EQ(given.start[0], "given");
  EXPECT_LT(given.path.length.item<double>(), 0.8 * straight.path.length.item<double>());
  options.first_paths = at::zeros({2, 3, 2});
  EXPECT_THROW(find_path(problem, options), Error);
}

TEST(FindPath, Algorithm1ImprovesOnTheStraightLine) {
  const PathProblem problem = ridge_problem();
  const PathResult reference = find_path(problem, {});
  PathOptions options;
  options.method = "adam";
  options.learning_rate = 5e-3;
  options.max_iterations = 400;
  options.random_points = 30;
  const PathResult result = find_path(problem, options);
  EXPECT_EQ(result.start[0], "linear");
  const double straight = result.linear.cost_refined.item<double>();
  const double best = reference.path.cost_refined.item<double>();
  ASSERT_LT(best, 0.95 * straight);
  // Four fifths of what there is to gain: the loss is noisy, and 400 steps are few.
  EXPECT_LT(result.path.cost_refined.item<double>(), best + 0.2 * (straight - best));
  EXPECT_GT(result.path.cost_refined.item<double>(), best * (1 - 1e-3));
  EXPECT_EQ(result.termination[0], Termination::kIterationLimit);  // it never claims to have converged
}

TEST(FindPath, NeuralCurveFromAViaPathKeepsItsPlace) {
  const PathProblem problem = bump_problem();
  PathOptions options;
  options.time_weight = 20;
  options.method = "adam";
  options.init = "via";
  options.max_iterations = 50;
  const PathResult result = find_path(problem, options);
  EXPECT_GT(result.path.mean_feature.item<double>(), 0.3);
}

TEST(FindPath, NaNIsNeverSilent) {
  const Tensor start = row({-1, 0}), end = row({1, 0});
  const auto nan_near_zero = [](const Tensor& z) {
    return at::where(z.select(1, 0).abs() < 0.4, std::nan(""), 0.5 * at::ones_like(z.select(1, 0)));
  };
  for (const char* method : {"lbfgs", "adam"}) {
    PathOptions options;
    options.method = method;
    options.segments = 16;
    options.max_iterations = 20;
    // NaN in a quality on a part of the way that no path avoids; everywhere; and in the embedding.
    expect_not_silent([&] {
      return find_path(problem_of(identity_embedding(2), function_quality(nan_near_zero), start, end),
                       options);
    });
    expect_not_silent([&] {
      return find_path(problem_of(identity_embedding(2), function_quality([](const Tensor& z) {
                                    return z.select(1, 0) * std::nan("");
                                  }),
                                  start, end),
                       options);
    });
    expect_not_silent([&] {
      return find_path(
          problem_of(function_embedding([&](const Tensor& z) { return z * nan_near_zero(z).unsqueeze(1); }),
                     constant_quality(0.5), start, end),
          options);
    });
    expect_not_silent([&] {
      return find_path(problem_of(function_embedding([](const Tensor& z) { return z / 0; }),
                                  constant_quality(0.5), start, end),
                       options);
    });
    expect_not_silent([&] {
      return find_path(
          problem_of(identity_embedding(2), constant_quality(0.5), start, row({1, std::nan("")})), options);
    });
    // A decoder that breaks down while candidates are drawn.
    expect_not_silent([&] {
      return find_path(problem_of(function_embedding([](const Tensor& z) { return z * std::nan(""); }, 2),
                                  time_ramp(small_classifier()), start, end),
                       options);
    });
  }
}

TEST(FindPath, OneBrokenPairDoesNotSpoilTheOthers) {
  const auto quality = function_quality([](const Tensor& z) {
    const Tensor good = 0.5 + 0.3 * at::sin(3 * z.select(1, 0));
    return at::where(z.select(1, 1) > 5, std::nan(""), good);
  });
  const Tensor start = at::cat({row({-1, 0}), row({-1, 9})}), end = at::cat({row({1, 0.5}), row({1, 9})});
  PathOptions options;
  options.segments = 16;
  const PathResult both = find_path(problem_of(identity_embedding(2), quality, start, end), options);
  const PathResult alone = find_path(
      problem_of(identity_embedding(2), quality, start.narrow(0, 0, 1), end.narrow(0, 0, 1)), options);
  EXPECT_EQ(both.termination[1], Termination::kNumericalFailure);
  EXPECT_EQ(both.termination[0], alone.termination[0]);
  EXPECT_TRUE(at::allclose(both.nodes[0], alone.nodes[0], 0, 1e-9));
}

}  // namespace latentpath::testing
