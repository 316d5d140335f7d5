// The verdict says what the figures say, and nothing that they do not.
#include "latentpath/report/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace {

using latentpath::batch_verdict;
using latentpath::path_verdict;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

json sound_pair() {
  return {{"path",
           {{"cost", 160.0},
            {"cost_refined", 164.0},
            {"length", 13.0},
            {"lower_bound", 3.2},
            {"gradient_residual", 0.01},
            {"mean_class_probability", 0.84},
            {"min_quality", 0.61},
            {"refinement", 4},
            {"termination", "converged"},
            {"start", "via-2"},
            {"under_resolved", false}}},
          {"linear", {{"cost_refined", 8520.0}, {"mean_class_probability", 0.03}, {"min_quality", 0.02}}},
          {"spherical", {{"cost_refined", 7300.0}}}};
}

json point(const json& verdict, const std::string& topic) {
  for (const json& each : verdict["points"])
    if (each["topic"] == topic) return each;
  return {{"text", ""}, {"level", "absent"}};
}
std::string text(const json& verdict, const std::string& topic) { return point(verdict, topic)["text"]; }

TEST(PathVerdict, SaysHowMuchBetterThanTheBaselines) {
  const json verdict = path_verdict(sound_pair(), "P(8)");
  EXPECT_EQ(verdict["headline"],
            "Mean P(8) is 0.84 on this path and 0.03 on the straight line, at 52 times less cost");
  EXPECT_THAT(text(verdict, "gain"),
              HasSubstr("Its cost is 164. The straight line costs 8520 (the path 52 times less)"));
  EXPECT_THAT(text(verdict, "gain"), HasSubstr("the spherical path 7300 (the path 45 times less)"));
  EXPECT_EQ(point(verdict, "gain")["level"], "good");
  EXPECT_EQ(point(verdict, "advice")["level"], "absent") << "nothing is wanting";
}

TEST(PathVerdict, CallsAPathCertifiedOnlyWithinFivePercentOfItsBound) {
  json pair = sound_pair();
  EXPECT_EQ(point(path_verdict(pair, ""), "certificate")["level"], "fair");
  EXPECT_THAT(text(path_verdict(pair, ""), "certificate"), HasSubstr("Not certified"));
  EXPECT_THAT(text(path_verdict(pair, ""), "certificate"), HasSubstr("all but stationary"));
  pair["path"]["length"] = 3.3;
  EXPECT_EQ(point(path_verdict(pair, ""), "certificate")["level"], "good");
  EXPECT_THAT(text(path_verdict(pair, ""), "certificate"), HasSubstr("at most 3.1 % longer"));
  pair["path"].erase("lower_bound");
  EXPECT_EQ(point(path_verdict(pair, ""), "certificate")["level"], "absent");
}

TEST(PathVerdict, FlagsWhatIsUnderResolvedAndAdvisesMoreSegments) {
  json pair = sound_pair();
  EXPECT_THAT(text(path_verdict(pair, ""), "resolution"),
              HasSubstr("Resolved: on a grid 4 times finer the cost changes by 2.5 %"));
  pair["path"]["under_resolved"] = true;
  pair["path"]["cost_refined"] = 300.0;
  const json verdict = path_verdict(pair, "");
  EXPECT_EQ(point(verdict, "resolution")["level"], "bad");
  EXPECT_THAT(text(verdict, "resolution"), HasSubstr("160 on the path's own nodes and 300"));
  EXPECT_THAT(text(verdict, "advice"), HasSubstr("`segments`"));
}

TEST(PathVerdict, NamesTheStartAndTheEnding) {
  json pair = sound_pair();
  EXPECT_THAT(text(path_verdict(pair, ""), "start"), HasSubstr("through good samples of the prior (via-2)"));
  EXPECT_THAT(text(path_verdict(pair, ""), "ending"), HasSubstr("converged"));
  pair["path"]["start"] = "linear";
  for (const auto& [ending, word, advice] : std::vector<std::tuple<const char*, const char*, const char*>>{
           {"iteration-limit", "before it converged", "`max_iterations`"},
           {"time-limit", "time limit", "`max_seconds`"},
           {"interrupted", "interrupted", "to its end"}}) {
    pair["path"]["termination"] = ending;
    const json verdict = path_verdict(pair, "");
    EXPECT_THAT(text(verdict, "start"), HasSubstr("the straight line as first path"));
    EXPECT_THAT(text(verdict, "ending"), HasSubstr(word)) << ending;
    EXPECT_EQ(point(verdict, "ending")["level"], "fair") << ending;
    EXPECT_THAT(text(verdict, "advice"), HasSubstr(advice)) << ending;
  }
}

TEST(PathVerdict, NeverQuotesAFigureThatIsNull) {
  json pair = sound_pair();
  for (const char* curve : {"path", "linear", "spherical"})
    for (auto& [name, value] : pair[curve].items())
      if (value.is_number()) value = nullptr;
  pair["path"]["termination"] = "numerical-failure";
  const json verdict = path_verdict(pair, "P(8)");
  EXPECT_THAT(verdict["headline"].get<std::string>(), HasSubstr("no cost"));
  EXPECT_EQ(point(verdict, "ending")["level"], "bad");
  EXPECT_THAT(verdict.dump(), Not(HasSubstr("nan")));
  EXPECT_THAT(text(verdict, "advice"), HasSubstr("gives NaN or infinity"));
}

TEST(PathVerdict, AdmitsThatTheStraightLineIsAsGood) {
  json pair = sound_pair();
  pair["linear"]["cost_refined"] = 164.1;
  pair["path"].erase("mean_class_probability");
  const json verdict = path_verdict(pair, "");
  EXPECT_EQ(verdict["headline"], "Nothing better than the straight line was found");
  EXPECT_EQ(point(verdict, "gain")["level"], "fair");
  EXPECT_THAT(text(verdict, "advice"), HasSubstr("`init` via"));
}

TEST(PathVerdict, SurvivesAnEmptyPair) { EXPECT_TRUE(path_verdict(json::object(), "").contains("headline")); }

TEST(BatchVerdict, CountsAndPointsAtTheWorstPair) {
  json failed = sound_pair();
  failed["path"]["under_resolved"] = true;
  failed["path"]["mean_class_probability"] = 0.2;
  failed["path"]["termination"] = "iteration-limit";
  const json verdict = batch_verdict({{"pairs", {sound_pair(), failed, sound_pair()}}}, "P(8)");
  EXPECT_EQ(verdict["headline"], "Over 3 pairs, the median of mean P(8) is 0.84, on straight lines 0.03");
  EXPECT_EQ(verdict["attention"], 1);
  EXPECT_THAT(text(verdict, "gain"), HasSubstr("all 3 paths cost less"));
  EXPECT_THAT(text(verdict, "resolution"), HasSubstr("1 of 3 paths is under-resolved"));
  EXPECT_THAT(text(verdict, "ending"), HasSubstr("converged 2, iteration-limit 1"));
  EXPECT_THAT(text(verdict, "advice"), HasSubstr("look at pair 2"));
}

TEST(BatchVerdict, OfOnePairIsItsOwn) {
  EXPECT_EQ(batch_verdict({{"pairs", {sound_pair()}}}, "P(8)"), path_verdict(sound_pair(), "P(8)"));
}

}  // namespace
