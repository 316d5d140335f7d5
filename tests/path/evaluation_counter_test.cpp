#include "latentpath/path/evaluation_counter.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <string>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/metric/adaptors.h"
#include "latentpath/metric/analytic_quality.h"
#include "latentpath/metric/cycle_quality.h"
#include "latentpath/metric/quality_sections.h"
#include "latentpath/metric/topology.h"
#include "latentpath/path/global_geodesics.h"
#include "latentpath/path/section_starts.h"
#include "latentpath/solver/methods.h"
#include "path/path_problems.h"

namespace latentpath::testing {
namespace {

int64_t told(const PathResult& result) {
  int64_t sum = result.candidate_evaluations + result.verification_evaluations;
  for (const int64_t count : result.decoder_evaluations) sum += count;
  return sum;
}

/// What a call says it decoded is what the model was asked.
template <class Model>
PathResult expect_exact(const PathProblem& problem, const Model& model, const PathOptions& options,
                        const std::string& what) {
  const int64_t before = model.asked();
  PathResult result = find_path(problem, options);
  EXPECT_EQ(told(result), model.asked() - before) << what;
  for (const int64_t count : result.decoder_evaluations) EXPECT_GT(count, 0) << what;
  return result;
}

/// The costs that a method takes which moves a path by its second-order model.
std::vector<std::string> costs_of(const SolverMethod& method) {
  if (method.needs == SolverNeeds::kCurveMetric) return {"chord"};
  return {"auto", "chord", "dynamic"};
}
bool is_first_order(const SolverMethod& method) { return method.needs == SolverNeeds::kGradient; }

}  // namespace

TEST(EvaluationCounter, CreditsWhoeverIsNamedInnermost) {
  EvaluationCounter counter(identity_embedding(2), 3);
  const auto decode = [&](int64_t points) { (*counter.map())(at::zeros({points, 2}, at::kDouble)); };
  decode(1);
  {
    const auto outer = counter.count_for(at::tensor({0, 2}, at::kLong));
    decode(4);
    {
      const auto inner = counter.count_verification();
      decode(7);
    }
    decode(3);  // not divisible: the first row has one more
    EXPECT_EQ(counter.of_pairs(), (std::vector<int64_t>{4, 0, 3}));
  }
  {
    const auto twice = counter.count_for(at::tensor({1, 1, 0}, at::kLong));
    decode(3);
  }
  decode(5);
  EXPECT_EQ(counter.of_pairs(), (std::vector<int64_t>{5, 2, 3}));
  EXPECT_EQ(counter.shared(), 6);
  EXPECT_EQ(counter.verification(), 7);
}

TEST(EvaluationCounter, ItsMapIsTheOneItDecorates) {
  const auto surface = std::make_shared<CountedSurface>();
  EvaluationCounter counter(surface, 1);
  EXPECT_EQ(counter.map()->describe(), surface->describe());
  EXPECT_EQ(counter.map()->latent_dim(), 2);
  EXPECT_TRUE(counter.map()->concurrent());
  const Tensor z = random_normal({5, 2}, 3);
  EXPECT_TRUE(same_bits((*counter.map())(z), (*surface)(z)));
}

TEST(EvaluationCounter, ItsAnalyticMapIsTheOneOfTheMapThatItDecorates) {
  const auto torus = as_embedding(torus_chart(2, 1));
  EvaluationCounter counter(torus, 1);
  const auto counted = counter.map()->analytic();
  ASSERT_NE(counted, nullptr);
  EXPECT_EQ(counted->topology().describe(), torus->analytic()->topology().describe());
  EXPECT_FALSE(counted->topology().describe().empty());
}

/// A search short enough to be made for each method and cost.
PathOptions short_search(const std::string& method, const std::string& cost) {
  PathOptions options;
  options.segments = 12;
  options.method = method;
  options.cost = cost;
  options.max_iterations = 6;
  options.route_samples = 64;
  return options;
}

TEST(EvaluationCounter, EveryMethodTellsExactlyWhatTheModelWasAsked) {
  for (const int64_t pairs : {1, 3}) {
    for (const bool decoded : {false, true}) {
      const auto model = std::make_shared<CountedSurface>();
      PathProblem problem =
          many_pairs(model, decoded ? QualityPointer(std::make_shared<HillOfImages>()) : ridge(), pairs);
      problem.feature = problem.quality;
      const Tensor given =
          at::stack({problem.start, 0.5 * (problem.start + problem.end) + 0.4, problem.end}, 1);
      std::vector<std::string> methods{"auto", "paper2019"};
      for (const SolverMethod& method : solver_methods())
        if (is_first_order(method)) methods.push_back(method.name);
      for (const std::string& method : methods)
        for (const char* cost : {"auto", "chord", "dynamic", "length", "endpoint-mean"}) {
          PathOptions options = short_search(method, cost);
          options.candidates.max_draws = 512;
          expect_exact(problem, *model, options, join_message(method, " ", cost, " ", pairs, " ", decoded));
        }
      PathOptions neural = short_search("lbfgs", "dynamic");
      neural.curve = "neural";
      expect_exact(problem, *model, neural, join_message("lbfgs neural ", pairs, " ", decoded));
      for (const char* init : {"linear", "spherical", "via", "graph", "given"}) {
        if (std::string(init) == "via" && !decoded) continue;  // no prior
        PathOptions options;
        options.segments = 40;  // Gauss–Newton models decode, too
        options.init = init;
        options.route_samples = 64;
        options.candidates.max_draws = 512;
        options.first_paths = given;
        expect_exact(problem, *model, options, join_message(init, " ", pairs, " ", decoded));
      }
      PathOptions options;
      options.segments = 12;
      options.route_samples = 64;
      expect_exact(beside_a_loop(problem), *model, options, "beside a loop");
      PathProblem timed = problem;
      timed.quality = time_ramp(problem.quality);
      expect_exact(timed, *model, options, "time ramp");
    }
  }
}

TEST(EvaluationCounter, SecondOrderMethodsTellItToo) {
  for (const int64_t pairs : {1, 3}) {
    const auto model = std::make_shared<CountedSurface>();
    const auto chart = std::make_shared<CountedChart>(stereographic_chart(2));
    for (const SolverMethod& method : solver_methods()) {
      if (is_first_order(method)) continue;
      for (const std::string& cost : costs_of(method)) {
        const PathOptions options = short_search(method.name, cost);
        const std::string what = join_message(method.name, " ", cost, " ", pairs);
        expect_exact(many_pairs(model, ridge(), pairs), *model, options, what);
        // The same with derivatives of the chart's own: its analytic map is asked, and tensors too.
        expect_exact(many_pairs(chart, ridge(), pairs), *chart, options, what + " chart");
      }
    }
  }
}

TEST(EvaluationCounter, DensityRegularisationTellsItToo) {
  const auto model = std::make_shared<CountedSurface>();
  PathProblem problem = many_pairs(model, constant_quality(0.5), 3);
  problem.density = normal_density(2);
  for (const char* method : {"auto", "kim-zhang"})
    for (const char* weight : {"0.1", "auto"}) {
      PathOptions options = short_search(method, "auto");
      options.density_regularisation = weight;
      expect_exact(problem, *model, options, join_message(method, " ", weight));
    }
}

TEST(EvaluationCounter, TheAnalyticRealisationTellsItToo) {
  const auto chart = std::make_shared<CountedChart>(stereographic_chart(2));
  const QualityPointer disc = as_quality(cut_out_discs({{{0, 0.3}, 0.4}}, 5));
  for (const QualityPointer& quality : {constant_quality(0.5), disc}) {
    const PathProblem problem = many_pairs(chart, quality, 3);
    for (const char* init : {"auto", "linear", "graph", "given"}) {
      PathOptions options;
      options.segments = 20;
      options.init = init;
      options.route_samples = 100;
      if (std::string(init) == "given")
        options.first_paths =
            at::stack({problem.start, 0.5 * (problem.start + problem.end) + 0.4, problem.end}, 1);
      const std::string what = quality->describe() + " " + init;
      const PathResult together = expect_exact(problem, *chart, options, what);
      EXPECT_EQ(together.method, "Newton") << what;
      // Each pair is solved by itself, and what it took is its own.
      PathOptions one = options;
      if (one.first_paths.defined()) one.first_paths = options.first_paths.narrow(0, 1, 1);
      const PathResult alone = find_path(part_of(problem, 1, 1), one);
      EXPECT_EQ(alone.decoder_evaluations[0], together.decoder_evaluations[1]) << what;
    }
  }
  // Cut off after an iteration it has not converged: tensors search on, and both are counted.
  PathOptions options;
  options.segments = 20;
  options.max_iterations = 1;
  options.route_samples = 100;
  expect_exact(many_pairs(chart, disc, 2), *chart, options, "one iteration");
}

TEST(EvaluationCounter, SmallMapsOfTensorsTellItToo) {
  const auto model = std::make_shared<CountedSurface>();
  for (const char* method : {"auto", "newton", "gauss-newton", "georce"}) {
    PathOptions options;
    options.segments = 20;
    options.method = method;
    options.route_samples = 100;
    const PathResult found =
        expect_exact(many_pairs(model, constant_quality(0.5), 3), *model, options, method);
    EXPECT_FALSE(found.certificates.empty()) << method;
  }
}

// The dense solvers by themselves, which a job on charts calls.
TEST(EvaluationCounter, GeodesicsOfAModelTellIt) {
  const auto model = std::make_shared<CountedSurface>();
  GeodesicProblem problem{.metric = WeightedMetric(as_chart(model)),
                          .start = {0.2, 0.1, -1, 0.5, -0.3, 0},
                          .end = {1.9, 1.4, 1, -0.5, 0.9, 2}};
  const int64_t before = model->asked();
  const GeodesicResult found = find_geodesics(problem, {.segments = 20});
  int64_t told = 0;
  for (const Geodesic& geodesic : found.geodesics) {
    EXPECT_GT(geodesic.evaluations, 0);
    told += geodesic.evaluations;
  }
  EXPECT_EQ(told, model->asked() - before);
  for (const bool every : {true, false}) {
    GlobalGeodesicOptions options;
    options.geodesic.segments = 20;
    options.samples = 100;
    options.every_geodesic = every;
    const int64_t first = model->asked();
    const GlobalGeodesics all = find_global_geodesics(problem, options);
    int64_t sum = all.shared_evaluations;
    for (const GlobalGeodesic& pair : all.pairs) sum += pair.evaluations;
    EXPECT_EQ(sum, model->asked() - first) << every;
    EXPECT_GT(all.shared_evaluations, 0);
  }
}

TEST(EvaluationCounter, WhatAQualityDecodesItselfIsCountedToo) {
  const auto model = std::make_shared<CountedSurface>();
  const Cycle cycle{model, [](const Tensor& x) { return 0.9 * x.flatten(1).narrow(1, 0, 2); }};
  const QualityPointer hill = std::make_shared<HillOfImages>();
  const QualityPointer cycled = cycle_quality(hill, cycle, at::linspace(0.1, 3, 40, at::kDouble));
  PathOptions options;
  options.segments = 12;
  const auto asked = [&](const QualityPointer& quality, const char* what) {
    const PathProblem problem = many_pairs(model, time_ramp(quality), 2);
    const int64_t before = model->asked();
    make_candidates(problem, options);
    EXPECT_GT(model->asked(), before) << what;
    return told(expect_exact(problem, *model, options, what));
  };
  // Two cycles decode each point twice more.
  EXPECT_GT(asked(product({hill, cycled}), "cycle"), asked(hill, "without"));
  // A quality that decodes by itself, and one that nobody counts.
  asked(at_decoded(hill, model), "at_decoded");
}

TEST(EvaluationCounter, FirstPathsOfSectionsTellIt) {
  const auto model = std::make_shared<CountedSurface>();
  const QualityPointer hill = std::make_shared<HillOfImages>();
  // The second decodes by itself.
  const std::vector<QualitySection> asked{{0, 0.4, hill}, {0.6, 1, at_decoded(hill, model)}};
  const PathProblem problem = many_pairs(model, in_sections(asked, true), 3);
  int64_t decoded = 5;  // is added to
  const Tensor paths = section_paths(problem, asked, {}, {}, &decoded);
  EXPECT_EQ(paths.size(0), 3);
  EXPECT_EQ(decoded, 5 + model->asked());
  EXPECT_GT(model->asked(), 6);
}

TEST(EvaluationCounter, ThreadsAreCountedToo) {
  const int threads = at::get_num_threads();
  at::set_num_threads(2);
  const auto model = std::make_shared<CountedSurface>();
  const PathProblem problem = many_pairs(model, time_ramp(std::make_shared<HillOfImages>()), 5);
  PathOptions options;
  options.segments = 40;
  expect_exact(problem, *model, options, "two threads");
  at::set_num_threads(threads);
}

TEST(EvaluationCounter, APoolThatIsGivenIsNotCountedAgain) {
  const auto model = std::make_shared<CountedSurface>();
  const PathProblem problem = many_pairs(model, time_ramp(std::make_shared<HillOfImages>()), 2);
  PathOptions options;
  options.segments = 12;
  const CandidatePool pool = make_candidates(problem, options);
  const int64_t before = model->asked();
  const PathResult result = find_path(problem, options, pool);
  EXPECT_EQ(told(result), model->asked() - before);
  EXPECT_EQ(result.candidate_evaluations, 0);
}

}  // namespace latentpath::testing
