// Options that cannot be are refused in a sentence that names them.

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <limits>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/path/find_path.h"

namespace latentpath::testing {
namespace {

struct BadOption {
  std::string name;
  std::function<void(PathOptions&)> set;
  std::string word;  ///< must occur in the sentence
};
void PrintTo(const BadOption& value, std::ostream* out) { *out << value.name; }

PathProblem small_problem() {
  PathProblem problem;
  problem.embedding = identity_embedding(2);
  problem.quality = normal_prior(2);
  problem.start = at::tensor({-1.0, 0.2}, at::kDouble).unsqueeze(0);
  problem.end = at::tensor({1.0, 0.1}, at::kDouble).unsqueeze(0);
  problem.prior = normal_sampler(2);
  return problem;
}

class BadOptions : public ::testing::TestWithParam<BadOption> {};

/// What becomes of a call, told by a child's exit code: a mistake that is not caught may run for ever or take
/// all memory.
enum Outcome { kRefused = 0, kAccepted = 11, kWrongKind = 12, kUnnamed = 13, kOtherException = 14 };

[[noreturn]] void report_outcome(const BadOption& bad) {
  const rlimit seconds{8, 8}, bytes{rlim_t{6} << 30, rlim_t{6} << 30};
  setrlimit(RLIMIT_CPU, &seconds);
  setrlimit(RLIMIT_AS, &bytes);
  alarm(20);
  Outcome outcome = kAccepted;
  try {
    PathOptions options;
    options.segments = 12;
    options.max_iterations = 3;
    bad.set(options);
    find_path(small_problem(), options);
  } catch (const Error& error) {
    const bool named = std::string(error.what()).find(bad.word) != std::string::npos;
    outcome = error.kind() != ErrorKind::kArgument ? kWrongKind : named ? kRefused : kUnnamed;
    if (outcome != kRefused) std::fprintf(stderr, "%s\n", error.what());
  } catch (const std::exception& error) {
    outcome = kOtherException;
    std::fprintf(stderr, "%.200s\n", error.what());
  }
  std::fflush(stderr);
  _exit(outcome);
}

}  // namespace

TEST_P(BadOptions, AreRefusedByName) {
  EXPECT_EXIT(report_outcome(GetParam()), ::testing::ExitedWithCode(kRefused), "")
      << "11: accepted; 12: another kind of Error; 13: option not named; 14: not an Error";
}

std::string bad_option_name(const ::testing::TestParamInfo<BadOption>& info) { return info.param.name; }

const double kNaN = std::numeric_limits<double>::quiet_NaN();

INSTANTIATE_TEST_SUITE_P(
    Options, BadOptions,
    ::testing::Values(
        BadOption{"NoSegments", [](PathOptions& o) { o.segments = 0; }, "segments"},
        BadOption{"NegativeEpsilon", [](PathOptions& o) { o.epsilon = -0.01; }, "epsilon"},
        BadOption{"LargeEpsilon", [](PathOptions& o) { o.epsilon = 0.6; }, "epsilon"},
        BadOption{"EpsilonNaN", [](PathOptions& o) { o.epsilon = kNaN; }, "epsilon"},
        BadOption{"UnknownCost", [](PathOptions& o) { o.cost = "shortest"; }, "cost"},
        BadOption{"UnknownMethod", [](PathOptions& o) { o.method = "magic"; }, "method"},
        BadOption{"UnknownCurve", [](PathOptions& o) { o.curve = "spline"; }, "curve"},
        BadOption{"UnknownInit", [](PathOptions& o) { o.init = "random"; }, "init"},
        BadOption{"NegativeTimeWeight", [](PathOptions& o) { o.time_weight = -1; }, "`time_weight`"},
        BadOption{"TimeWeightNaN", [](PathOptions& o) { o.time_weight = kNaN; }, "`time_weight`"},
        BadOption{"NegativeIterations", [](PathOptions& o) { o.max_iterations = -1; }, "iterations"},
        BadOption{"NegativeTolerance", [](PathOptions& o) { o.tolerance = -1; }, "tolerance"},
        BadOption{"ToleranceNaN", [](PathOptions& o) { o.tolerance = kNaN; }, "tolerance"},
        BadOption{"NegativeSeconds", [](PathOptions& o) { o.max_seconds = -1; }, "seconds"},
        BadOption{"NoLearningRate",
                  [](PathOptions& o) {
                    o.method = "adam";
                    o.learning_rate = 0;
                  },
                  "learning"},
        BadOption{"TwoRandomPoints",
                  [](PathOptions& o) {
                    o.method = "adam";
                    o.random_points = 2;
                  },
                  "points"},
        BadOption{"NoHiddenUnits",
                  [](PathOptions& o) {
                    o.method = "adam";
                    o.neural.hidden = 0;
                  },
                  "neural"},
        BadOption{"GradingAboveOne", [](PathOptions& o) { o.grading = 1.5; }, "grading"},
        BadOption{"NoCoarsestSegments", [](PathOptions& o) { o.coarsest_segments = 0; }, "coarsest"},
        BadOption{"SubdivisionsOfThree", [](PathOptions& o) { o.coarse_subdivisions = 3; },
                  "coarse_subdivisions"},
        BadOption{"NoSubdivisions", [](PathOptions& o) { o.coarse_subdivisions = 0; }, "coarse_subdivisions"},
        BadOption{"NegativeViaStarts", [](PathOptions& o) { o.via_starts = -1; }, "via"},
        BadOption{"NoCandidates", [](PathOptions& o) { o.candidates.keep = 0; }, "candidate"},
        BadOption{"NegativeResolutionTolerance", [](PathOptions& o) { o.resolution_tolerance = -1; },
                  "resolution"}),
    bad_option_name);

TEST(BadProblems, AreErrors) {
  const auto kind_of = [](const std::function<void(PathProblem&)>& spoil) {
    PathProblem problem = small_problem();
    spoil(problem);
    try {
      find_path(problem, {});
    } catch (const Error& error) {
      return static_cast<int>(error.kind());
    }
    return 0;
  };
  const int argument = static_cast<int>(ErrorKind::kArgument), input = static_cast<int>(ErrorKind::kInput);
  EXPECT_EQ(kind_of([](PathProblem& p) { p.embedding = nullptr; }), argument);
  EXPECT_EQ(kind_of([](PathProblem& p) { p.quality = nullptr; }), argument);
  EXPECT_EQ(kind_of([](PathProblem& p) { p.start = Tensor(); }), argument);
  EXPECT_EQ(kind_of([](PathProblem& p) { p.end = at::zeros({2, 2}, at::kDouble); }), argument);
  EXPECT_EQ(kind_of([](PathProblem& p) { p.start = p.end = at::zeros({0, 2}, at::kDouble); }), argument);
  EXPECT_EQ(kind_of([](PathProblem& p) { p.start = p.end = at::zeros({2}, at::kDouble); }), argument);
  EXPECT_EQ(kind_of([](PathProblem& p) { p.start = p.end = at::zeros({1, 3}, at::kDouble); }), input);
  EXPECT_EQ(kind_of([](PathProblem& p) {
              p.end = at::full({1, 2}, std::numeric_limits<double>::infinity(), at::kDouble);
            }),
            static_cast<int>(ErrorKind::kNumerical));
}

TEST(BadProblems, ViaPointsNeedAPrior) {
  PathProblem problem = small_problem();
  problem.prior = nullptr;
  PathOptions options;
  options.init = "via";
  try {
    find_path(problem, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kArgument);
    EXPECT_NE(std::string(error.what()).find("`init`"), std::string::npos);
  }
}

}  // namespace latentpath::testing
