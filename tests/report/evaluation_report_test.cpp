#include "latentpath/report/evaluation_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "latentpath/core/error.h"

namespace latentpath::testing {
namespace {

EvaluatedPath path_of(int64_t pair, double cost, double ratio) {
  EvaluatedPath path;
  path.pair = pair;
  path[PathFigure::kCostRefined] = cost;
  path[PathFigure::kClassRatio] = ratio;
  path.quality = {1, 0.25, 1};
  path.probability = {0, 0.5, 1};
  path.step = {3, 1};
  path.termination = "converged";
  path.start = "via-1";
  return path;
}

std::vector<EvaluatedSet> two_sets() {
  EvaluatedPath failure = path_of(2, std::numeric_limits<double>::quiet_NaN(), 0);
  failure.failed = true;
  failure.step[0] = std::numeric_limits<double>::quiet_NaN();
  return {
      {"favor \"8\", bold", "linear", 0.1, {path_of(0, 100, 0), path_of(1, 300, 0.02), failure}},
      {"favor \"8\", bold", "ours", 0.1, {path_of(0, 1.0 / 3, 0.9), path_of(1, 5, 0.96), path_of(2, 2, 1)}}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// The cells of a line of CSV after the first, quoted one.
std::vector<std::string> cells_after_feature(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream(line.substr(line.rfind('"') + 2));
  for (std::string word; std::getline(stream, word, ',');) cells.push_back(word);
  return cells;
}

}  // namespace

TEST(EvaluationReport, TableAndSummaryHoldTheSameNumbers) {
  const auto sets = two_sets();
  const auto lines = lines_of(evaluation_csv(evaluation_rows(sets)));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(
      lines[0],
      "feature,method,epsilon,pairs,failures,under_resolved,class_ratio,class_ratio_se,class_ratio_median,"
      "cost_refined,cost_refined_se,cost_refined_median");
  EXPECT_EQ(lines[1].rfind("\"favor \"\"8\"\", bold\",linear,0.1,3,1,0,0.01,", 0), 0u) << lines[1];
  const auto summary = evaluation_summary(evaluation_rows(sets));
  for (size_t row = 0; row < 2; ++row) {
    const auto cells = cells_after_feature(lines[row + 1]);
    const auto& figures = summary["rows"][row]["figures"];
    ASSERT_EQ(cells.size(), 11u);
    EXPECT_EQ(std::stod(cells[5]), figures["class_ratio"]["mean"].get<double>());
    EXPECT_EQ(std::stod(cells[8]), figures["cost_refined"]["mean"].get<double>());
    EXPECT_EQ(std::stod(cells[9]), figures["cost_refined"]["standard_error"].get<double>());
    EXPECT_EQ(std::stod(cells[10]), figures["cost_refined"]["median"].get<double>());
    EXPECT_EQ(figures.size(), 2u) << "figures that no path has are absent";
  }
  EXPECT_EQ(summary["rows"][0]["failures"], 1);
  EXPECT_EQ(summary["rows"][0]["figures"]["cost_refined"]["mean"], 200);
  EXPECT_EQ(summary["rows"][0]["figures"]["cost_refined"]["standard_error"], 100);
}

TEST(EvaluationReport, PathsAndFramesAreLinesWithEmptyCellsForNaN) {
  const auto paths = lines_of(evaluation_paths_csv(two_sets()));
  ASSERT_EQ(paths.size(), 7u);
  EXPECT_EQ(paths[0],
            "feature,method,epsilon,pair,failed,under_resolved,termination,start,class_ratio,cost_refined");
  EXPECT_EQ(paths[3], "\"favor \"\"8\"\", bold\",linear,0.1,2,1,0,converged,via-1,0,");
  EXPECT_EQ(paths[4], "\"favor \"\"8\"\", bold\",ours,0.1,0,0,0,converged,via-1,0.9,0.3333333333333333");
  const auto frames = lines_of(evaluation_frames_csv(two_sets(), 1));
  ASSERT_EQ(frames.size(), 7u);  // the first pair of each set, three frames
  EXPECT_EQ(frames[1], "\"favor \"\"8\"\", bold\",linear,0.1,0,0,0,1,0,3,9");
  EXPECT_EQ(frames[2], "\"favor \"\"8\"\", bold\",linear,0.1,0,1,0.5,0.25,0.5,1,1");
  EXPECT_EQ(frames[3], "\"favor \"\"8\"\", bold\",linear,0.1,0,2,1,1,1,,");
}

TEST(EvaluationReport, TextShowsMeansWithTheirErrors) {
  const auto lines = lines_of(evaluation_text(evaluation_rows(two_sets())));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_NE(lines[1].find("0.010 ± 0.010"), std::string::npos) << lines[1];
  EXPECT_NE(lines[1].find("200 ± 100"), std::string::npos) << lines[1];
  EXPECT_NE(lines[2].find("0.953 ± 0.029"), std::string::npos) << lines[2];
  EXPECT_EQ(lines[1].substr(lines[1].size() - 1), "1");  // failed
}

TEST(EvaluationReport, PageHasMetricsRowsAndAVerdict) {
  const auto page = evaluation_page(evaluation_rows(two_sets()));
  EXPECT_EQ(page["kind"], "evaluate");
  EXPECT_EQ(page["metrics"].size(), 2u);
  EXPECT_EQ(page["metrics"][0]["better"], "higher");
  EXPECT_EQ(page["rows"][1]["values"]["class_ratio"]["count"], 3);
  EXPECT_EQ(page["rows"][0]["profiles"]["step"]["mean"], nlohmann::json({9, 1}));
  EXPECT_EQ(page["rows"][0]["profiles"]["quality"]["mean"], nlohmann::json({1, 0.25, 1}));
  const auto headline = page["verdict"]["headline"].get<std::string>();
  EXPECT_THAT(
      headline,
      ::testing::AllOf(::testing::StartsWith("Not to be relied on (paths failed): "),
                       ::testing::EndsWith("Mean class ratio, favor \"8\", bold: linear 0.01, ours 0.95")));
  EXPECT_EQ(page["verdict"]["points"][0]["level"], "bad");  // a path failed
}

TEST(EvaluationReport, HeadlineIsOfTheFavouredFeaturesAndSaysWhoWasGivenFewerPairs) {
  auto sets = two_sets();
  auto avoided = sets;
  for (auto& set : sets) set.favored = true;
  sets[0].paths.resize(2);
  for (auto& set : avoided) {
    set.feature = "avoid 8";
    for (auto& path : set.paths) path[PathFigure::kClassRatio] = 0.75;
    sets.push_back(set);
  }
  const auto headline = [&] {
    return evaluation_page(evaluation_rows(sets))["verdict"]["headline"].get<std::string>();
  };
  EXPECT_THAT(headline(),
              ::testing::HasSubstr("Mean class ratio, favor \"8\", bold: linear 0.01 (2 pairs), ours 0.95"));
  EXPECT_EQ(evaluation_page(evaluation_rows(sets))["rows"][0]["pairs"], 2);
  for (auto& set : avoided) {
    set.feature = "favor 3";
    set.favored = true;
    sets.push_back(set);
  }
  EXPECT_THAT(headline(), ::testing::HasSubstr(
                              "Mean class ratio over 2 favoured features: linear 0.38 (2 pairs), ours 0.85"));
}

TEST(EvaluationReport, HeadlineIsOfNoQualityWhereNoneWasAskedFor) {
  auto sets = two_sets();
  for (size_t set = 0; set < 2; ++set) {
    sets[set].feature = "geodesic";
    for (auto& path : sets[set].paths) {
      path[PathFigure::kClassRatio] = std::nan("");
      path[PathFigure::kMinQuality] = 0.5;
      path[PathFigure::kEmbeddingLength] = set == 0 ? 24.04 : 21.8;
    }
  }
  const auto headline = [&] {
    return evaluation_page(evaluation_rows(sets))["verdict"]["headline"].get<std::string>();
  };
  EXPECT_THAT(headline(), ::testing::HasSubstr("Mean length in image space, geodesic: linear 24, ours 21.8"));
  for (auto& path : sets[0].paths) path[PathFigure::kMeanNegativeLogDensity] = 23.52;
  for (auto& path : sets[1].paths) path[PathFigure::kMeanNegativeLogDensity] = -2.25;
  EXPECT_THAT(headline(), ::testing::HasSubstr("Mean −log p(x), geodesic: linear 23.5, ours -2.25"));
  // Asked for, a quality is what a table is about.
  sets[1].paths[0][PathFigure::kMinQuality] = 0.9;
  EXPECT_THAT(headline(), ::testing::HasSubstr("Mean lowest quality, geodesic: "));
}

TEST(EvaluationReport, AStoredPathComesBackWhole) {
  for (const EvaluatedSet& set : two_sets())
    for (const EvaluatedPath& path : set.paths) {
      const auto stored = nlohmann::json::parse(evaluated_path_json(path).dump());
      const EvaluatedPath back = evaluated_path_from_json(stored);
      EXPECT_EQ(evaluated_path_json(back), evaluated_path_json(path));
      EXPECT_EQ(back.failed, path.failed);
      EXPECT_EQ(std::isnan(back[PathFigure::kCostRefined]), std::isnan(path[PathFigure::kCostRefined]));
      EXPECT_EQ(back.step.size(), path.step.size());
    }
  EXPECT_THROW(evaluated_path_from_json({{"pair", 1}}), Error);
  EXPECT_THROW(evaluated_path_from_json({{"pair", "x"}}), Error);
}

TEST(EvaluationReport, ProfilesAreAPicture) {
  const auto rows = evaluation_rows(two_sets());
  const Tensor with = draw_profiles({&rows[0], &rows[1]}, "both").pixels(),
               one = draw_profiles({&rows[0]}, "both").pixels();
  ASSERT_EQ(with.dim(), 3);
  EXPECT_EQ(with.size(2), 3);
  EXPECT_EQ(with.sizes(), one.sizes());
  EXPECT_FALSE(at::equal(with, one));
}

}  // namespace latentpath::testing
