// Resolve: what is refused, and what is decided of every pair before the search begins.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/metric/kept_features.h"
#include "path/path_methods.h"
#include "path/path_problems.h"
#include "path/stage_search.h"

namespace latentpath::testing {
namespace {

using Pairs = std::vector<int64_t>;

/// Pairs 0 and 2 are loops; pair 3 returns to its first coordinate alone.
PathProblem two_loops_of_four(QualityPointer quality = constant_quality(0.5)) {
  return in_plane(std::move(quality), {0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 3, 2, 4, 5, 6, 8});
}

std::vector<PairGroup> groups_of(const PathProblem& problem, const PathOptions& options = {}) {
  StageSearch stage(problem, options);
  return resolve(problem, options, stage.candidates, stage.counter);
}

/// Draws (0, 0) and (3, 4) in turn, whose distance is 5.
Tensor two_places(int64_t count, at::Generator&) {
  return points_of_plane({0, 0, 3, 4}).repeat({(count + 1) / 2, 1}).narrow(0, 0, count);
}

Tensor must_not_be_drawn(int64_t, at::Generator&) { throw std::logic_error("the prior was drawn from"); }

/// In R^D, without a prior.
PathProblem in_dimension(int64_t dim) {
  PathProblem problem;
  problem.embedding = identity_embedding(dim);
  problem.quality = constant_quality(0.5);
  problem.start = at::zeros({1, dim}, at::kDouble);
  problem.end = at::ones({1, dim}, at::kDouble);
  return problem;
}

bool routes_start(const PathProblem& problem, const PathOptions& options = {}, bool loop = false) {
  PairGroup group;
  group.loop = loop;
  const StageSearch stage(problem, options, group);
  return starts_by_routes(stage.search);
}

/// The sentence of a refusal of this kind; empty: nothing was refused.
std::string refusal(ErrorKind kind, const std::function<void()>& what) {
  try {
    what();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  return {};
}

std::string refusal(ErrorKind kind, const std::function<void(PathProblem&, PathOptions&)>& spoil) {
  PathProblem problem = two_loops_of_four();
  PathOptions options;
  spoil(problem, options);
  return refusal(kind, [&] { validate(problem, options); });
}

}  // namespace

TEST(Resolve, LoopsAreAGroupOfTheirOwn) {
  const std::vector<PairGroup> groups = groups_of(two_loops_of_four());
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].pairs, (Pairs{1, 3}));
  EXPECT_FALSE(groups[0].loop);
  EXPECT_EQ(groups[1].pairs, (Pairs{0, 2}));
  EXPECT_TRUE(groups[1].loop);

  const std::vector<PairGroup> loops = groups_of(in_plane(constant_quality(0.5), {1, 2, 3, 4}, {1, 2, 3, 4}));
  ASSERT_EQ(loops.size(), 1u);
  EXPECT_TRUE(loops[0].loop);
  const std::vector<PairGroup> none = groups_of(in_plane(constant_quality(0.5), {1, 2}, {1, 3}));
  ASSERT_EQ(none.size(), 1u);
  EXPECT_FALSE(none[0].loop);
}

TEST(Resolve, LoopsAndTimesMakeTheCostDynamic) {
  const auto costs = [](const PathProblem& problem, const PathOptions& options = {}) {
    std::vector<std::string> all;
    for (const PairGroup& group : groups_of(problem, options)) all.push_back(group.cost);
    return all;
  };
  using Costs = std::vector<std::string>;
  EXPECT_EQ(costs(two_loops_of_four()), (Costs{"chord", "dynamic"}));
  EXPECT_EQ(costs(two_loops_of_four(time_ramp(ridge()))), (Costs{"dynamic", "dynamic"}));
  PathOptions options;
  options.cost = "length";  // what is asked for holds for all
  EXPECT_EQ(costs(two_loops_of_four(time_ramp(ridge())), options), (Costs{"length", "length"}));
  options.cost = "chord";
  EXPECT_EQ(costs(two_loops_of_four(), options), (Costs{"chord", "chord"}));
  options.cost = "auto";
  options.method = "paper2019";  // which has a cost of its own
  EXPECT_EQ(costs(two_loops_of_four(), options), (Costs{"endpoint-mean", "endpoint-mean"}));
  options.method = "adam";
  EXPECT_EQ(costs(two_loops_of_four(), options), (Costs{"chord", "dynamic"}));
}

TEST(Resolve, TheTimeWeightIsTheOneGivenOrNineTypicalSquaredDistances) {
  const auto time_weights = [](const PathProblem& problem, const PathOptions& options = {}) {
    std::vector<double> all;
    for (const PairGroup& group : groups_of(problem, options)) all.push_back(group.time_weight);
    return all;
  };
  using Weights = std::vector<double>;
  PathProblem problem = two_loops_of_four();
  EXPECT_EQ(time_weights(problem), (Weights{0, 1}));  // no prior: 1; the chord cost has none
  problem.prior = two_places;
  EXPECT_EQ(time_weights(problem), (Weights{0, 9 * 25}));
  PathOptions options;
  options.norm = OutputNorm::kMean;  // of two outputs
  EXPECT_EQ(time_weights(problem, options), (Weights{0, 9 * 12.5}));
  options.norm = OutputNorm::kSum;
  problem.embedding = function_embedding([](const Tensor& z) { return 2 * z; }, 2, "doubled plane");
  EXPECT_EQ(time_weights(problem), (Weights{0, 9 * 100}));
  options.time_weight = 0.25;
  EXPECT_EQ(time_weights(problem, options), (Weights{0, 0.25}));
  options.cost = "length";
  EXPECT_EQ(time_weights(problem, options), (Weights{0.25, 0.25}));
  options.cost = "endpoint-mean";
  EXPECT_EQ(time_weights(problem, options), (Weights{0, 0}));
}

TEST(Resolve, ThePriorIsDrawnFromOnlyWhereItsScaleIsNeeded) {
  PathProblem problem = two_loops_of_four();
  problem.prior = must_not_be_drawn;
  PathOptions options;
  EXPECT_THROW(groups_of(problem, options), std::logic_error);
  options.time_weight = 2;
  EXPECT_NO_THROW(groups_of(problem, options));
  options.time_weight.reset();
  options.cost = "chord";
  EXPECT_NO_THROW(groups_of(problem, options));
  CandidatePool pool;
  pool.typical_squared_distance = 0.5;
  options.cost = "auto";
  StageSearch stage(problem, options, {}, &pool);
  EXPECT_EQ(resolve(problem, options, stage.candidates, stage.counter)[1].time_weight, 4.5);
}

TEST(Resolve, AQualityOfTheEndsMakesEveryPairAGroup) {
  const QualityPointer kept = keep_features(
      {.of = [](const QualityPoints& points) { return points.latent; }, .name = "z", .needs_decoded = false},
      1);
  for (const QualityPointer& quality : {kept, product({ridge(), kept})}) {
    const std::vector<PairGroup> groups = groups_of(two_loops_of_four(quality));
    ASSERT_EQ(groups.size(), 4u);
    std::vector<Pairs> pairs;
    for (const PairGroup& group : groups) {
      pairs.push_back(group.pairs);
      EXPECT_TRUE(group.own_quality);
      EXPECT_EQ(group.loop, group.pairs[0] % 2 == 0);
      EXPECT_EQ(group.cost, group.loop ? "dynamic" : "chord");
    }
    EXPECT_EQ(pairs, (std::vector<Pairs>{{1}, {3}, {0}, {2}}));
  }
  EXPECT_FALSE(groups_of(two_loops_of_four(ridge()))[0].own_quality);
}

TEST(Resolve, SomePairsOfAGroupKeepTheirWeights) {
  PairGroup group{
      .pairs = {7, 3, 5}, .cost = "dynamic", .time_weight = 2, .density_weights = {0.7, 0.3, 0.5}};
  const PairGroup part = group.select({2, 0});
  EXPECT_EQ(part.pairs, (Pairs{5, 7}));
  EXPECT_EQ(part.density_weights, (std::vector<double>{0.5, 0.7}));
  EXPECT_EQ(part.cost, "dynamic");
  group.density_weights.clear();
  EXPECT_TRUE(group.select({1}).density_weights.empty());
}

TEST(Resolve, TheEnergyOfAGroupHasItsCostAndWeights) {
  PathOptions options;
  options.epsilon = 0.2;
  options.norm = OutputNorm::kMean;
  const EnergyOptions energy = energy_options(
      options, {.pairs = {4, 2}, .cost = "length", .time_weight = 3, .density_weights = {0.4, 0.2}}, {});
  EXPECT_EQ(energy.cost->describe(), "length");
  EXPECT_EQ(energy.cost->time_weight(), 3);
  EXPECT_EQ(energy.epsilon, 0.2);
  EXPECT_EQ(energy.norm, OutputNorm::kMean);
  EXPECT_TRUE(at::equal(energy.density_weights, at::tensor({0.4, 0.2}, at::kDouble)));
  const EnergyOptions common =
      energy_options(options, {.pairs = {0}, .cost = "chord", .density_weight = 0.3}, {});
  EXPECT_FALSE(common.density_weights.defined());
  EXPECT_EQ(common.density_weight, 0.3);
}

TEST(Resolve, SamplesAreThePriorsElseTheDensitysElseNormal) {
  PathProblem problem = two_loops_of_four();
  const auto drawn = [&] {
    auto generator = make_generator(5);
    return prior_of(problem)(4, generator);
  };
  const Tensor normal = drawn();
  auto generator = make_generator(5);
  EXPECT_TRUE(at::equal(normal, at::randn({4, 2}, generator, at::kDouble)));
  EXPECT_FALSE(has_prior(problem));
  const double far = 1000;
  problem.density = std::make_shared<GaussianMixture>(
      at::ones({1}, at::kDouble), at::full({1, 2}, far, at::kDouble), at::eye(2, at::kDouble).unsqueeze(0));
  EXPECT_LT((drawn() - far).abs().max().item<double>(), 10);
  EXPECT_TRUE(has_prior(problem));
  problem.prior = two_places;
  EXPECT_TRUE(at::equal(drawn(), points_of_plane({0, 0, 3, 4, 0, 0, 3, 4})));
  problem.prior = nullptr;
  problem.density = nullptr;
  problem.quality = std::make_shared<HillOfImages>();  // of a decoder, whose latents are normal
  EXPECT_TRUE(has_prior(problem));
}

TEST(Resolve, ViaPointsNeedAPriorAndAChoiceThatNamesThem) {
  PathProblem problem = in_dimension(2);
  PathOptions options;
  EXPECT_FALSE(starts_via(problem, options));
  problem.prior = normal_sampler(2);
  EXPECT_TRUE(starts_via(problem, options));
  options.method = "adam";  // one curve, that is from the straight line unless told otherwise
  EXPECT_FALSE(starts_via(problem, options));
  options.init = "via";
  EXPECT_TRUE(starts_via(problem, options));
  options.method = "auto";
  options.init = "linear";
  EXPECT_FALSE(starts_via(problem, options));
}

TEST(Resolve, RoutesAreTakenWhereTheyCanBe) {
  PathOptions options, few, chosen;
  few.segments = 2;
  chosen.init = "linear";
  EXPECT_TRUE(routes_start(in_dimension(3)));
  EXPECT_FALSE(routes_start(in_dimension(3), chosen));
  EXPECT_FALSE(routes_start(in_dimension(3), few));
  EXPECT_FALSE(routes_start(in_dimension(3), options, /*loop=*/true));
  EXPECT_FALSE(routes_start(in_dimension(4)));
  PathProblem many = in_dimension(4), timed = in_dimension(2);
  many.prior = normal_sampler(4);
  EXPECT_TRUE(routes_start(many));
  timed.quality = time_ramp(constant_quality(0.5));
  EXPECT_FALSE(routes_start(timed));
  // Where log det is costly along edges, they are for those who ask for them.
  options.density_regularisation = "auto";
  EXPECT_FALSE(routes_start(many, options));
  EXPECT_TRUE(routes_start(in_dimension(3), options));
  options.init = "graph";
  EXPECT_TRUE(routes_start(many, options));
  options.init = "auto";
  options.density_regularisation = "0.1";
  EXPECT_TRUE(routes_start(many, options));
}

TEST(Resolve, RoutesThatAreAskedForAndCannotBeAreRefused) {
  PathOptions options, few;
  options.init = few.init = "graph";
  few.segments = 2;
  PathProblem timed = in_dimension(2);
  timed.quality = time_ramp(constant_quality(0.5));
  const std::string sentence =
      "`init` graph needs a prior to draw from (or at most 3 dimensions), a quality that does not depend on "
      "time, different ends, and at least 3 segments";
  const auto refused = [](const PathProblem& problem, const PathOptions& asked, bool loop) {
    return refusal(ErrorKind::kArgument, [&] { routes_start(problem, asked, loop); });
  };
  EXPECT_EQ(refused(in_dimension(4), options, false), sentence);
  EXPECT_EQ(refused(timed, options, false), sentence);
  EXPECT_EQ(refused(in_dimension(2), options, true), sentence);
  EXPECT_EQ(refused(in_dimension(2), few, false), sentence);
  EXPECT_EQ(refused(in_dimension(2), options, false), "");
}

TEST(Resolve, ProblemsThatCannotBeAreRefused) {
  using P = PathProblem;
  using O = PathOptions;
  const ErrorKind argument = ErrorKind::kArgument;
  EXPECT_EQ(refusal(argument, [](P&, O&) {}), "");
  EXPECT_EQ(refusal(argument, [](P& p, O&) { p.quality = nullptr; }),
            "a path problem needs an embedding and a quality");
  EXPECT_EQ(refusal(argument, [](P& p, O&) { p.end = p.end.narrow(0, 0, 3); }),
            "start and end must both have the shape [pairs, D]; they are [4, 2] and [3, 2]");
  EXPECT_EQ(refusal(argument, [](P& p, O&) { p.end = Tensor(); }),
            "start and end must both have the shape [pairs, D]; they are [4, 2] and undefined");
  EXPECT_EQ(refusal(ErrorKind::kInput, [](P& p, O&) { p.embedding = perceptron(3, 1); }),
            "perceptron has latent size 3; the end points have size 2");
  EXPECT_EQ(refusal(ErrorKind::kNumerical, [](P& p, O&) { p.end = p.end.log(); }),
            "an end point has a coordinate that is NaN or infinite");
}

TEST(Resolve, OptionsThatDoNotGoTogetherAreRefused) {
  using P = PathProblem;
  using O = PathOptions;
  const ErrorKind argument = ErrorKind::kArgument;
  const auto with = [&](const char* init, const char* method, const char* curve) {
    return refusal(argument, [&](P&, O& o) {
      o.init = init;
      o.method = method;
      o.curve = curve;
    });
  };
  EXPECT_EQ(with("given", "auto", "auto"), "`init` given needs first_paths");
  EXPECT_EQ(with("graph", "adam", "auto"), "`init` graph needs a polyline and a `method` other than adam");
  EXPECT_EQ(with("graph", "lbfgs", "neural"),
            "`init` graph needs a polyline and a `method` other than lbfgs");
  EXPECT_EQ(with("linear", "newton", "neural"),
            "`method` newton moves the nodes of a polyline: it cannot go with `curve` neural");
  EXPECT_EQ(with("graph", "lbfgs", "polyline"), "");
  EXPECT_EQ(with("auto", "adam", "auto"), "");
  EXPECT_EQ(with("linear", "newton", "polyline"), "");
  const auto given = [&](at::IntArrayRef shape) {
    return refusal(argument, [&](P&, O& o) { o.first_paths = at::zeros(shape, at::kDouble); });
  };
  EXPECT_EQ(given({4, 2, 2}), "");
  EXPECT_EQ(given({4, 1, 2}), "first_paths must have the shape [pairs, nodes, D], not [4, 1, 2]");
  EXPECT_EQ(given({1, 5, 2}), "first_paths must have the shape [pairs, nodes, D], not [1, 5, 2]");
  EXPECT_EQ(given({4, 5, 3}), "first_paths must have the shape [pairs, nodes, D], not [4, 5, 3]");
  EXPECT_EQ(given({4, 2}), "first_paths must have the shape [pairs, nodes, D], not [4, 2]");
}

TEST(Resolve, MethodsThatHoldCoordinatesAreThoseThatTheRefusalOfOthersNames) {
  const auto held = [](const std::string& method) {
    return refusal(ErrorKind::kArgument, [&](PathProblem& problem, PathOptions& options) {
      problem.held = at::tensor({1, 0}, at::kLong).to(at::kBool);
      options.method = method;
    });
  };
  const std::string sentence = held("adam");
  const std::string before =
      "`method` adam moves all coordinates: where some are held `method` must be one of ";
  ASSERT_EQ(sentence.rfind(before, 0), 0u) << sentence;
  std::string named = sentence.substr(before.size()) + ",";
  for (const char* const between : {" or ", " and "})
    if (const size_t at = named.find(between); at != std::string::npos)
      named.replace(at, std::string(between).size(), ", ");
  int accepted = 0;
  for (const OptionChoice& choice : path_method_choices()) {
    const bool is_named = (", " + named).find(", " + choice.name + ",") != std::string::npos;
    EXPECT_EQ(held(choice.name).empty(), is_named) << choice.name << " in: " << sentence;
    accepted += is_named;
  }
  EXPECT_GE(accepted, 2);
}

}  // namespace latentpath::testing
