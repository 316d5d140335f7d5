// First paths of sections: where they are and when, which places they lead through, and what is drawn.

#include "latentpath/path/section_starts.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <utility>

#include "latentpath/core/error.h"
#include "path/path_problems.h"
#include "path/stage_search.h"

namespace latentpath::testing {
namespace {

/// Good where y is within ½ of a height.
QualityPointer at_height(double y) {
  return function_quality([y](const Tensor& z) {
    return at::where((z.select(1, 1) - y).abs() < 0.5, at::full({}, 0.9, at::kDouble),
                     at::full({}, 0.1, at::kDouble));
  });
}

PathProblem in_sections_of(const std::vector<QualitySection>& asked, const std::vector<double>& start,
                           const std::vector<double>& end) {
  PathProblem problem = in_plane(in_sections(asked, true), start, end);
  problem.prior = normal_sampler(2);
  return problem;
}

/// Draws these places, all of them at once.
LatentSampler places(const std::vector<double>& coordinates) {
  return
      [all = points_of_plane(coordinates)](int64_t count, at::Generator&) { return all.narrow(0, 0, count); };
}

/// Options for so many places, the path at every hundredth of the time.
PathOptions drawing(int64_t count) {
  PathOptions options;
  options.candidates.first_draw = options.candidates.max_draws = count;
  options.sections.segments = 100;
  return options;
}

/// All nodes from one hundredth of the time to another are at a place.
bool stays_at(const Tensor& path, int64_t from, int64_t to, const std::vector<double>& place) {
  return (path.narrow(0, from, to - from + 1) - points_of_plane(place)).abs().max().item<double>() < 1e-12;
}

}  // namespace

TEST(SectionStarts, PathsAreThereAsLongAsEachSectionLastsAndStraightBetween) {
  const std::vector<QualitySection> asked{
      {0, 0.4, at_height(1)}, {0.5, 0.7, at_height(2)}, {0.8, 1, at_height(3)}};
  PathProblem problem = in_sections_of(asked, {-1, 0.1, 7, 1.0 / 3}, {4, 0, 5, -0.7});
  problem.prior = places({5, 3, 2, 1, 0, 2});
  PathOptions options = drawing(3);
  options.sections.way_there = 0.25;  // of a section at an end of the path
  options.sections.rim = 0.1;         // of a section, at its other rims
  const Tensor paths = section_paths(problem, asked, options);
  ASSERT_EQ(paths.sizes(), (std::vector<int64_t>{2, 101, 2}));
  EXPECT_TRUE(same_bits(paths.select(1, 0), problem.start));
  EXPECT_TRUE(same_bits(paths.select(1, 100), problem.end));
  using Node = std::pair<int64_t, std::vector<double>>;
  const std::vector<Node> beside{{9, {2, 1}},  {37, {2, 1}}, {51, {0, 2}},
                                 {69, {0, 2}}, {81, {5, 3}}, {96, {5, 3}}};
  for (const int64_t pair : {0, 1}) {
    EXPECT_TRUE(stays_at(paths[pair], 10, 36, {2, 1}));
    EXPECT_TRUE(stays_at(paths[pair], 52, 68, {0, 2}));
    EXPECT_TRUE(stays_at(paths[pair], 82, 95, {5, 3}));
    // On the way halfway through the time of the way, and nowhere longer than it is to be.
    EXPECT_TRUE(stays_at(paths[pair], 44, 44, {1, 1.5}));
    EXPECT_TRUE(stays_at(paths[pair], 75, 75, {2.5, 2.5}));
    for (const auto& [node, place] : beside) EXPECT_FALSE(stays_at(paths[pair], node, node, place)) << node;
  }
  EXPECT_TRUE(stays_at(paths[0], 5, 5, {0.5, 0.55}));
}

TEST(SectionStarts, ASectionOfAllTheTimeIsLeftAWayThereAndAWayBack) {
  const std::vector<QualitySection> asked{{0, 1, at_height(1)}};
  PathProblem problem = in_sections_of(asked, {0, 0}, {2, 0});
  problem.prior = places({1, 1});
  const Tensor path = section_paths(problem, asked, drawing(1))[0];
  EXPECT_TRUE(stays_at(path, 20, 80, {1, 1}));
  EXPECT_TRUE(stays_at(path, 10, 10, {0.5, 0.5}));
  EXPECT_TRUE(stays_at(path, 90, 90, {1.5, 0.5}));
}

TEST(SectionStarts, TheShortestOfAllChainsIsTaken) {
  // Wrong for the first pair: the nearest place to go to; for the second: the nearest to come from; for the
  // third: the one nearest to the end.
  const std::vector<QualitySection> asked{{0, 0.5, at_height(1)}, {0.5, 1, at_height(2)}};
  PathProblem problem = in_sections_of(asked, {0, 0, 10, 0, -9, 0}, {10, 0, -9, 0, 2, 0});
  problem.prior = places({-1, 1, 3, 1, -2, 2, 5, 2});
  const Tensor paths = section_paths(problem, asked, drawing(4));
  const std::vector<std::pair<double, double>> exact{{3, 5}, {3, -2}, {-1, -2}};
  for (size_t pair = 0; pair < exact.size(); ++pair) {
    EXPECT_TRUE(stays_at(paths[static_cast<int64_t>(pair)], 25, 25, {exact[pair].first, 1})) << pair;
    EXPECT_TRUE(stays_at(paths[static_cast<int64_t>(pair)], 75, 75, {exact[pair].second, 2})) << pair;
  }
}

TEST(SectionStarts, ChainsAreMeasuredBetweenImages) {
  const QualityPointer anywhere = constant_quality(0.9);
  const std::vector<QualitySection> asked{{0, 1, anywhere}};
  PathProblem problem = in_sections_of(asked, {-1, 0}, {1, 0});
  problem.prior = places({0, 1, 0, -2});
  EXPECT_TRUE(stays_at(section_paths(problem, asked, drawing(2))[0], 50, 50, {0, 1}));
  problem.embedding = function_embedding(
      [](const Tensor& z) {
        const Tensor y = z.select(1, 1);
        return at::stack({z.select(1, 0), at::where(y > 0, 5 * y, y)}, 1);
      },
      2, "stretched above");
  EXPECT_TRUE(stays_at(section_paths(problem, asked, drawing(2))[0], 50, 50, {0, -2}));
}

TEST(SectionStarts, PlacesAreGoodOnesOfNormalSamplesWhereThereIsNoPrior) {
  const std::vector<QualitySection> asked{{0, 0.4, at_height(1)}, {0.6, 1, at_height(-1)}};
  PathProblem problem = in_sections_of(asked, {-1, 0}, {1, 0});
  const Tensor paths = section_paths(problem, asked, {});
  EXPECT_EQ(paths.size(1), PathOptions().sections.segments + 1);
  EXPECT_NEAR(paths[0][12][1].item<double>(), 1, 0.5);
  EXPECT_NEAR(paths[0][51][1].item<double>(), -1, 0.5);
  problem.prior = nullptr;
  EXPECT_TRUE(same_bits(section_paths(problem, asked, {}), paths));
  PathOptions other;
  other.seed = 1;
  EXPECT_FALSE(same_bits(section_paths(problem, asked, other), paths));
}

TEST(SectionStarts, EverySectionDrawsItsOwnSamplesAndThoseOfASeedAreTheSame) {
  const std::vector<QualitySection> asked{{0, 0.5, at_height(0)}, {0.5, 1, at_height(0)}};
  PathProblem problem = in_sections_of(asked, {-1, 0, 0, 1}, {1, 0, 2, 2});
  std::vector<Tensor> drawn;
  problem.prior = [&](int64_t count, at::Generator& generator) {
    drawn.push_back(at::randn({count, 2}, generator, at::kDouble));
    return drawn.back();
  };
  const PathOptions options = drawing(20);
  const Tensor paths = section_paths(problem, asked, options);
  ASSERT_EQ(drawn.size(), 2u);  // for all pairs
  EXPECT_EQ(drawn[0].size(0), 20);
  EXPECT_FALSE(at::equal(drawn[0], drawn[1]));
  EXPECT_TRUE(same_bits(section_paths(problem, asked, options), paths));
  EXPECT_TRUE(at::equal(drawn[2], drawn[0]));
}

TEST(SectionStarts, CancelledTheyKeepToTheFirstDraws) {
  const std::vector<QualitySection> asked{{0, 0.5, at_height(100)}, {0.5, 1, at_height(100)}};
  PathProblem problem = in_sections_of(asked, {-1, 0}, {1, 0});
  int draws = 0;
  problem.prior = [&](int64_t count, at::Generator& generator) {
    ++draws;
    return at::randn({count, 2}, generator, at::kDouble);
  };
  PathOptions options = drawing(40);
  options.candidates.first_draw = options.candidates.next_draw = 10;
  section_paths(problem, asked, options);
  EXPECT_EQ(draws, 2 * 4);
  draws = 0;
  const CancellationToken cancelled;
  cancelled.cancel();
  EXPECT_TRUE(at::isfinite(section_paths(problem, asked, options, cancelled)).all().item<bool>());
  EXPECT_EQ(draws, 2);
}

TEST(SectionStarts, SectionsThatOverlapAreRefusedBeforeAnythingIsDrawn) {
  const std::vector<QualitySection> asked{{0, 0.5, at_height(1)}, {0.4, 1, at_height(2)}};
  PathProblem problem = in_plane(at_height(1), {-1, 0}, {1, 0});
  problem.prior = [](int64_t, at::Generator&) -> Tensor { throw std::logic_error("drawn from"); };
  try {
    section_paths(problem, asked, {});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kArgument);
  }
}

}  // namespace latentpath::testing
