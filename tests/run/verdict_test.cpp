// The verdict says what the figures say, and nothing that they do not; each rule objects where its table
// says.
#include "latentpath/run/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace {

using latentpath::add_evaluation_verdicts;
using latentpath::add_verdicts;
using latentpath::pair_verdict;
using latentpath::run_verdict;
using latentpath::RunKind;
using latentpath::verdict_text;
using latentpath::verdict_thresholds;
using nlohmann::json;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

json sound_pair() {
  return {{"path",
           {{"cost", 160.0},
            {"cost_refined", 164.0},
            {"length", 13.0},
            {"lower_bound", 3.2},
            {"gradient_residual", 0.01},
            {"mean_class_probability", 0.84},
            {"mean_quality", 0.9},
            {"min_quality", 0.61},
            {"embedding_length", 30.0},
            {"refinement", 4},
            {"iterations", 20},
            {"decoder_evaluations", 12345},
            {"termination", "converged"},
            {"start", "via-2"},
            {"under_resolved", false}}},
          {"linear",
           {{"cost_refined", 8520.0},
            {"mean_class_probability", 0.03},
            {"min_quality", 0.02},
            {"embedding_length", 20.0}}},
          {"spherical", {{"cost_refined", 7300.0}}}};
}

/// A pair whose path has one other figure.
json pair_with(const std::string& name, const json& value, const char* curve = "path") {
  json pair = sound_pair();
  pair[curve][name] = value;
  return pair;
}

json of_pairs(const json& pairs) { return {{"pairs", pairs}, {"feature", "P(8)"}, {"dtype", "float32"}}; }
json verdict_of(const json& pair) {
  return pair_verdict(of_pairs(json::array({pair})), 0, RunKind::kInterpolate);
}
json geodesic_verdict(const json& pair) {
  return pair_verdict({{"pairs", json::array({pair})}, {"title", "sphere"}, {"dtype", "float64"}}, 0,
                      RunKind::kGeodesic);
}

json point(const json& verdict, const std::string& topic) {
  for (const json& each : verdict["points"])
    if (each["topic"] == topic) return each;
  return {{"text", ""}, {"level", "absent"}};
}
std::string text(const json& verdict, const std::string& topic) { return point(verdict, topic)["text"]; }
std::string level(const json& verdict, const std::string& topic) { return point(verdict, topic)["level"]; }

TEST(PairVerdict, SaysHowMuchBetterThanTheBaselines) {
  const json verdict = verdict_of(sound_pair());
  EXPECT_EQ(verdict["level"], "good");
  EXPECT_EQ(verdict["headline"],
            "Mean P(8) is 0.84 on this path and 0.03 on the straight line, at 52 times less cost");
  EXPECT_THAT(text(verdict, "gain"),
              HasSubstr("Its cost is 164. The straight line costs 8520 (the path 52 times less)"));
  EXPECT_THAT(text(verdict, "gain"), HasSubstr("the great circle 7300 (the path 45 times less)"));
  EXPECT_EQ(level(verdict, "advice"), "absent") << "nothing is wanting";
  EXPECT_EQ(verdict["against_line"], "52 times less");
  EXPECT_EQ(
      verdict["tiles"][0],
      (json{{"value", "52×"}, {"label", "less cost than the straight line"}, {"note", "164 against 8520"}}));
  EXPECT_EQ(verdict["tiles"][3]["value"], "12,345");
}

TEST(PairVerdict, EveryFigureIsRoundedOnceAndAlike) {
  json pair = pair_with("min_quality", 0.88496);
  pair["path"]["mean_class_probability"] = 0.88496;
  pair["path"]["cost_refined"] = 160.5;
  pair["linear"]["cost_refined"] = 16002.0;  // 99.7 times: "1e+02" once
  const json verdict = verdict_of(pair);
  EXPECT_THAT(verdict.dump(), Not(HasSubstr("0.89")));
  EXPECT_THAT(verdict.dump(), Not(HasSubstr("e+")));
  EXPECT_THAT(verdict["headline"].get<std::string>(), EndsWith("at 100 times less cost"));
  EXPECT_THAT(text(verdict, "gain"), HasSubstr("the path 100 times less"));
  EXPECT_EQ(verdict["tiles"][0]["value"], "100×");
}

TEST(PairVerdict, ConvergedIsNeverSaidOfWhatIsNotStationary) {
  for (const auto& [residual, expected] : std::vector<std::pair<double, const char*>>{
           {0.049, "good"}, {0.052, "fair"}, {0.17, "fair"}, {0.31, "bad"}}) {
    const json verdict = verdict_of(pair_with("gradient_residual", residual));
    EXPECT_EQ(level(verdict, "ending"), expected) << residual;
    EXPECT_EQ(verdict["level"], expected) << residual;
    if (residual >= 0.05) {
      EXPECT_THAT(text(verdict, "ending"), HasSubstr("but the path is not stationary yet")) << residual;
      EXPECT_THAT(text(verdict, "ending"), Not(HasSubstr("converged")));
      EXPECT_THAT(text(verdict, "advice"), HasSubstr("`tolerance`"));
    }
  }
}

TEST(PairVerdict, NamesTheFirstPathsOfStarts) {
  const std::string route = "a shortest route through samples of the latent space (",
                    given =
                        "a path given as a start: one of yours, the reference's, or that of the search "
                        "for the end";
  for (const auto& [start, words] : std::vector<std::pair<std::string, std::string>>{
           {"linear", "the straight line"},
           {"spherical", "the great circle"},
           {"via-12", "a first path through good samples of the prior (via-12)"},
           {"route-3", route + "route-3)"},
           {"sections", "a first path through what each section asks, one after another"},
           {"given", given},
           {"winding (1, 0)", "the first path “winding (1, 0)”"}})
    EXPECT_EQ(text(verdict_of(pair_with("start", start)), "start"),
              "The best result came from " + words + ".");
}

TEST(RunVerdict, CountsStartsByTheirKind) {
  json pairs = json::array();
  for (const char* const start : {"via-1", "route-2", "via-3", "linear", "route-1", "linear", "given"})
    pairs.push_back(pair_with("start", start));
  EXPECT_EQ(text(run_verdict(of_pairs(pairs), RunKind::kInterpolate), "start"),
            "First paths that won: given 1, good samples of the prior 2, routes through samples 2, the "
            "straight line 2.");
}

TEST(PairVerdict, NamesTheStartAndTheEnding) {
  EXPECT_THAT(text(verdict_of(sound_pair()), "start"),
              HasSubstr("through good samples of the prior (via-2)"));
  for (const auto& [ending, word, advice] : std::vector<std::tuple<const char*, const char*, const char*>>{
           {"iteration-limit", "before it converged", "`max_iterations`"},
           {"time-limit", "time limit", "`max_seconds`"},
           {"stalled", "did not converge", "`segments`"},
           {"interrupted", "interrupted", "to its end"}}) {
    const json verdict = verdict_of(pair_with("termination", ending));
    EXPECT_THAT(text(verdict, "ending"), HasSubstr(word)) << ending;
    EXPECT_EQ(level(verdict, "ending"), "fair") << ending;
    EXPECT_THAT(text(verdict, "advice"), HasSubstr(advice)) << ending;
    EXPECT_THAT(verdict["headline"].get<std::string>(), HasSubstr("with reservations")) << ending;
  }
  json at_rounding = pair_with("termination", "stalled");
  at_rounding["path"]["gradient_residual"] = 1e-7;
  EXPECT_EQ(verdict_of(at_rounding)["level"], "good") << "nothing is left to gain";
}

TEST(PairVerdict, IsRedWhereTheCostIsNoNumber) {
  json pair = sound_pair();
  for (const char* curve : {"path", "linear", "spherical"})
    for (auto& [name, value] : pair[curve].items())
      if (value.is_number()) value = nullptr;
  pair["path"]["termination"] = "numerical-failure";
  const json verdict = verdict_of(pair);
  EXPECT_EQ(verdict["level"], "bad");
  EXPECT_THAT(verdict["headline"].get<std::string>(), StartsWith("Not to be relied on"));
  EXPECT_THAT(verdict.dump(), Not(HasSubstr("nan"))) << "a figure that is null is never quoted";
  EXPECT_THAT(text(verdict, "advice"), HasSubstr("gives NaN or infinity"));
}

TEST(PairVerdict, WeighsHowMuchTheGridMatters) {
  EXPECT_THAT(text(verdict_of(sound_pair()), "resolution"),
              HasSubstr("Resolved: on a grid 4 times finer the cost changes by 2.5 %"));
  json pair = pair_with("under_resolved", true);
  EXPECT_EQ(verdict_of(pair)["level"], "fair") << "whatever the figures";
  pair["path"]["cost_refined"] = 175.0;
  EXPECT_EQ(verdict_of(pair)["level"], "fair");
  pair["path"]["cost_refined"] = 160.0 * 33;
  const json verdict = verdict_of(pair);
  EXPECT_EQ(verdict["level"], "bad");
  EXPECT_THAT(text(verdict, "resolution"), HasSubstr("160 on the path's own nodes and 5280"));
  EXPECT_THAT(text(verdict, "advice"), HasSubstr("`segments`"));
  pair["path"]["under_resolved"] = false;
  EXPECT_EQ(verdict_of(pair)["level"], "bad") << "the figures speak without the flag";
}

TEST(PairVerdict, AStraightLineMayBeTheBestPath) {
  json pair = pair_with("cost_refined", 164.1, "linear");
  pair["path"].erase("mean_class_probability");
  const json verdict = verdict_of(pair);
  EXPECT_EQ(verdict["headline"], "The straight line is the best path found");
  EXPECT_EQ(verdict["level"], "good");
  pair["path"]["mean_quality"] = 0.1;
  EXPECT_EQ(level(verdict_of(pair), "gain"), "fair") << "poor places all along, and nothing better found";
}

TEST(PairVerdict, CertifiesOnlyWhatTheReferenceCanTell) {
  json pair = pair_with("length", 3.3);
  EXPECT_THAT(text(verdict_of(pair), "certificate"), HasSubstr("at most 3.1 % longer (in float32)"));
  EXPECT_EQ(level(verdict_of(sound_pair()), "certificate"), "note") << "the bound is far: nothing is known";
  EXPECT_THAT(text(verdict_of(sound_pair()), "certificate"), HasSubstr("Not certified"));

  json reference{{"length", 13.0},       {"error_estimate", 0.001}, {"gap", 0.0},
                 {"box_suffices", true}, {"evaluations", 1000},     {"box", {{-1.0, 1.0}, {0.0, 2.0}}},
                 {"grid", {101, 201}}};
  pair = sound_pair();
  pair["path"]["reference"] = reference;
  const json certified = geodesic_verdict(pair);
  EXPECT_EQ(level(certified, "certificate"), "good");
  EXPECT_THAT(
      text(certified, "certificate"),
      HasSubstr("It rests on the box [-1, 1] × [0, 2], a grid of 101 × 201 and values in float64; paths "
                "that leave the box are longer."));

  pair["path"]["reference"]["grid"] = {{"nodes", 4000}, {"spacing", 0.01}};
  EXPECT_THAT(text(geodesic_verdict(pair), "certificate"), HasSubstr("a grid of 4000 nodes, 0.01 apart"));
  pair["path"]["reference"]["uncertain"] = true;
  EXPECT_EQ(level(geodesic_verdict(pair), "certificate"), "fair") << "by its own account";
  pair["path"]["second_shortest"] = {{"start", "winding (1, 0)"}, {"length", 14.5}};
  EXPECT_THAT(text(geodesic_verdict(pair), "winding"), HasSubstr("another way is 14.5 long"));

  pair["path"]["reference"] = reference;
  pair["path"]["reference"]["error_estimate"] = 1.7;  // 13 %
  EXPECT_EQ(level(geodesic_verdict(pair), "certificate"), "fair");
  EXPECT_THAT(text(geodesic_verdict(pair), "certificate"), StartsWith("Not certified"));
  EXPECT_THAT(text(geodesic_verdict(pair), "certificate"), HasSubstr("uncertain by 13 %"));

  pair["path"]["reference"] = reference;
  pair["path"]["reference"]["length"] = 3.0;  // below the bound of 3.2
  EXPECT_EQ(level(geodesic_verdict(pair), "certificate"), "fair");
  EXPECT_THAT(text(geodesic_verdict(pair), "certificate"), HasSubstr("lies below"));

  pair["path"]["reference"]["length"] = 10.0;
  EXPECT_EQ(level(geodesic_verdict(pair), "certificate"), "bad");
  EXPECT_THAT(text(geodesic_verdict(pair), "certificate"), HasSubstr("Not the shortest"));

  pair["path"]["reference"]["length"] = 14.0;  // the path is shorter than a reference that claims 0.01 %
  EXPECT_EQ(level(geodesic_verdict(pair), "certificate"), "fair");
  pair["path"]["reference"]["length"] = 13.1;  // what is claimed holds for both
  EXPECT_EQ(level(geodesic_verdict(pair), "certificate"), "good");
  EXPECT_THAT(text(geodesic_verdict(pair), "certificate"), HasSubstr("13.1, to within 0.76 %"));

  pair = pair_with("length", 3.0);  // the path itself is below the bound
  EXPECT_EQ(level(verdict_of(pair), "certificate"), "bad");
}

TEST(PairVerdict, AClosedFormDecidesAlone) {
  json pair = sound_pair();
  pair["path"]["length"] = 13.0;
  pair["path"]["exact_length"] = 12.999;
  // A reference that says otherwise, wrong by more than it says, is not asked.
  pair["path"]["reference"] = {{"length", 10.0}, {"error_estimate", 1e-5}};
  EXPECT_THAT(text(geodesic_verdict(pair), "certificate"),
              HasSubstr("Certified: the distance, known in closed form, is 12.999, and this path, at 13, "
                        "is within 0.0077 % of it."));
  EXPECT_THAT(text(geodesic_verdict(pair), "certificate"), Not(HasSubstr("fast marching")));
  pair["path"]["exact_length"] = 12.8;
  EXPECT_THAT(text(geodesic_verdict(pair), "certificate"),
              HasSubstr("Not the shortest: the distance, known in closed form, is 12.8, and this "
                        "path, at 13, is 1.6 % longer."));
  EXPECT_EQ(level(geodesic_verdict(pair), "certificate"), "fair");
  pair["path"]["exact_length"] = 9.0;
  EXPECT_EQ(level(geodesic_verdict(pair), "certificate"), "bad");
  pair["path"]["exact_length"] = 20.0;
  EXPECT_THAT(text(geodesic_verdict(pair), "certificate"), HasSubstr("Shorter than can be"));
  EXPECT_EQ(level(geodesic_verdict(pair), "certificate"), "bad");
}

TEST(PairVerdict, AReferenceIsNotUncertainAndShorterAtOnce) {
  json pair = pair_with("length", 31.75);
  pair["path"]["reference"] = {{"length", 30.54}, {"error_estimate", 0.73}, {"relative_error", 0.024}};
  const json verdict = geodesic_verdict(pair);
  EXPECT_THAT(text(verdict, "certificate"), HasSubstr("Not the shortest"));
  EXPECT_EQ(std::count_if(verdict["points"].begin(), verdict["points"].end(),
                          [](const json& each) { return each["topic"] == "certificate"; }),
            1);
  pair["path"]["reference"] = {{"length", 31.75}, {"error_estimate", 4e8}, {"relative_error", 1e7}};
  EXPECT_THAT(text(geodesic_verdict(pair), "certificate"),
              HasSubstr("uncertain by more than its own length"));
}

TEST(PairVerdict, WithoutAQualityLengthsAreDistances) {
  json pair = pair_with("length", 30.0);
  pair["path"]["lower_bound"] = 29.5;
  pair["path"]["weighted"] = false;
  const json verdict = verdict_of(pair);
  EXPECT_THAT(text(verdict, "certificate"), HasSubstr("30"));
  EXPECT_THAT(text(verdict, "certificate"), Not(HasSubstr("Not certified")));  // 1.7 % above the bound
}

TEST(PairVerdict, WithoutAQualityNothingIsADetour) {
  json pair = pair_with("embedding_length", 900.0);
  EXPECT_THAT(text(geodesic_verdict(pair), "detour"), HasSubstr("A wild detour"));
  pair["path"]["weighted"] = false;  // a conformal chart: what is unweighted is the length in its coordinates
  EXPECT_EQ(level(geodesic_verdict(pair), "detour"), "absent");
}

TEST(PairVerdict, AsksTheClassifierWhetherItKnowsTheModel) {
  json summary = of_pairs(json::array({sound_pair()}));
  const auto verdict = [&](double sure) {
    summary["classifier"] = {{"samples", 128}, {"sure", sure}, {"adapted", "28x28 -> 64x64"}};
    return pair_verdict(summary, 0, RunKind::kInterpolate);
  };
  EXPECT_EQ(verdict(0.6)["level"], "good");
  EXPECT_EQ(verdict(0.3)["level"], "fair");
  EXPECT_EQ(verdict(0.02)["level"], "bad");
  EXPECT_THAT(text(verdict(0.02), "classifier"), HasSubstr("sure (0.8 or more) of 2 % of 128 samples"));
  EXPECT_THAT(text(verdict(0.02), "classifier"), HasSubstr("28x28 -> 64x64"));
  summary["classifier"] = {{"samples", 128}, {"sure", 1.0}, {"one_answer", true}};
  EXPECT_THAT(text(pair_verdict(summary, 0, RunKind::kInterpolate), "classifier"), HasSubstr("one answer"));
  summary["classifier"] = {{"samples", 128}, {"sure", 0.9}, {"share_of_prior", 0.0}};
  EXPECT_EQ(pair_verdict(summary, 0, RunKind::kInterpolate)["level"], "fair")
      << "no sample has the feature, and the path is rated 0.84";
}

TEST(PairVerdict, ListensToGuardAndJudge) {
  EXPECT_EQ(verdict_of(pair_with("least_guard_rank", 0.02))["level"], "good");
  EXPECT_EQ(verdict_of(pair_with("least_guard_rank", 0.009))["level"], "fair");
  EXPECT_EQ(verdict_of(pair_with("least_guard_rank", 3e-7))["level"], "bad");
  json strange_end = pair_with("least_guard_rank", 3e-7);
  strange_end["path"]["least_end_rank"] = 3e-7;
  EXPECT_EQ(level(verdict_of(strange_end), "guard"), "note") << "an end that was given is as strange";
  EXPECT_THAT(text(verdict_of(pair_with("least_guard_rank", 0.03)), "guard"),
              HasSubstr("than 97 of 100 samples"));
  EXPECT_EQ(verdict_of(pair_with("stranger_than", 60.0))["level"], "good");
  EXPECT_EQ(verdict_of(pair_with("stranger_than", 97.0))["level"], "fair");
  EXPECT_EQ(level(verdict_of(sound_pair()), "judge"), "note") << "nobody has looked";
  json judged = pair_with("judge_disagreement", 0.05);
  judged["path"]["mean_judge_probability"] = 0.8;
  EXPECT_EQ(verdict_of(judged)["level"], "good");
  EXPECT_THAT(text(verdict_of(judged), "judge"),
              HasSubstr("its mean is 0.80, that of the optimised one 0.84"));
  judged["path"]["mean_judge_probability"] = 0.53;  // one half of anything is no agreement
  EXPECT_EQ(verdict_of(judged)["level"], "fair");
  EXPECT_THAT(text(verdict_of(judged), "judge"), HasSubstr("is not sure of it: its mean is 0.53"));
  judged["path"]["judge_disagreement"] = 0.1;
  EXPECT_EQ(verdict_of(judged)["level"], "fair");
  judged["path"]["judge_disagreement"] = 0.7;
  EXPECT_EQ(verdict_of(judged)["level"], "bad");
  EXPECT_THAT(verdict_of(judged)["headline"].get<std::string>(), HasSubstr("a second classifier disagrees"));
  EXPECT_THAT(text(verdict_of(judged), "advice"), HasSubstr("`guard`"));
}

TEST(PairVerdict, KnowsWhatIsKept) {
  json kept = pair_with("mean_feature_distance", 0.12);
  kept["path"]["largest_feature_distance"] = 0.4;
  kept["linear"]["mean_feature_distance"] = 0.7;
  EXPECT_EQ(verdict_of(kept)["level"], "good");
  EXPECT_THAT(text(verdict_of(kept), "kept"), StartsWith("What was to be kept is kept: "));
  EXPECT_THAT(text(verdict_of(kept), "kept"), HasSubstr("0.12 on average"));
  EXPECT_THAT(text(verdict_of(kept), "kept"), HasSubstr("0.40 at most; on the straight line it is 0.70"));
  kept["path"]["mean_feature_distance"] = 0.6;
  EXPECT_EQ(verdict_of(kept)["level"], "fair");
  EXPECT_THAT(verdict_of(kept)["headline"].get<std::string>(), HasSubstr("what was to be kept changes"));
  kept["path"]["mean_feature_distance"] = 1.1;
  EXPECT_EQ(verdict_of(kept)["level"], "bad");
  EXPECT_EQ(verdict_of(pair_with("mean_class_change", 0.2))["level"], "good");
  EXPECT_EQ(verdict_of(pair_with("mean_class_change", 0.4))["level"], "fair");
  EXPECT_EQ(verdict_of(pair_with("mean_class_change", 0.8))["level"], "bad");
  EXPECT_EQ(level(verdict_of(sound_pair()), "kept"), "absent") << "nothing was to be kept";
}

TEST(PairVerdict, ObjectsToTheRestOfTheTable) {
  EXPECT_EQ(verdict_of(pair_with("mean_class_probability", 0.5))["level"], "fair");
  EXPECT_EQ(verdict_of(pair_with("mean_class_probability", 0.2))["level"], "bad");
  EXPECT_EQ(verdict_of(pair_with("embedding_length", 1.65e8))["level"], "bad");
  EXPECT_EQ(verdict_of(pair_with("min_quality", 1e-3))["level"], "fair");
  EXPECT_EQ(verdict_of(pair_with("negative_directions", 1))["level"], "fair");
  EXPECT_EQ(verdict_of(pair_with("extrapolated_length", 13.4))["level"], "fair");
  json still = pair_with("gradient_residual", 0.0);  // whatever a better spacing in time has gained
  EXPECT_EQ(level(verdict_of(still), "movement"), "fair");
  still["path"]["minimum"] = true;
  EXPECT_EQ(level(verdict_of(still), "movement"), "absent") << "a minimum need not move";
  json constant = still;
  constant["path"]["cost"] = constant["path"]["cost_refined"] = constant["linear"]["cost_refined"] = 0.0;
  constant["path"]["embedding_length"] = constant["linear"]["embedding_length"] = 0.0;
  constant["path"]["ends_distance"] = 2.0;
  EXPECT_EQ(level(verdict_of(constant), "movement"), "bad");
  const std::string headline = verdict_of(constant)["headline"];
  EXPECT_NE(headline.find("the model gives the same output all along"), std::string::npos) << headline;
  EXPECT_EQ(headline.find("gradient is zero"), std::string::npos) << headline;
}

TEST(PairVerdict, AWarningQuestionsTheFiguresOfItsPair) {
  json summary = of_pairs(json::array({sound_pair(), sound_pair()}));
  summary["warnings"] = json::array({"pair 2: the decoder is random"});
  summary["warning_kinds"] = {"figures"};
  summary["warning_pairs"] = {2};
  EXPECT_EQ(pair_verdict(summary, 0, RunKind::kInterpolate)["level"], "good");
  EXPECT_EQ(pair_verdict(summary, 1, RunKind::kInterpolate)["level"], "fair");
  EXPECT_THAT(text(pair_verdict(summary, 1, RunKind::kInterpolate), "warnings"),
              EndsWith(": the decoder is random."));
  summary["warnings"] = json::array({"something is slow, whatever its words are"});
  summary["warning_pairs"] = {nullptr};
  for (const char* harmless : {"speed", "scope", "told"}) {
    summary["warning_kinds"] = {harmless};
    EXPECT_EQ(pair_verdict(summary, 1, RunKind::kInterpolate)["level"], "good") << harmless;
  }
  summary["warning_kinds"] = {"figures"};
  EXPECT_EQ(pair_verdict(summary, 0, RunKind::kInterpolate)["level"], "fair");
  // What a sentence begins with decides nothing.
  summary["warnings"] = json::array({"matrix products run at only 1 Gflop/s"});
  EXPECT_EQ(pair_verdict(summary, 1, RunKind::kInterpolate)["level"], "fair");
  summary.erase("warning_kinds");
  summary.erase("warning_pairs");
  summary["warnings"] = json::array({"the decoder's values leave the stated range"});
  EXPECT_THAT(text(pair_verdict(summary, 1, RunKind::kInterpolate), "warnings"), HasSubstr("stated range"));
}

TEST(PairVerdict, SaysNothingWhereFiguresAreAbsent) {
  const json verdict = pair_verdict({{"pairs", json::array({json::object()})}}, 0, RunKind::kInterpolate);
  EXPECT_EQ(verdict["points"].size(), 0u);
  EXPECT_TRUE(pair_verdict(json::object(), 0, RunKind::kGeodesic).contains("headline"));
}

TEST(RunVerdict, CountsAndPointsAtTheWorstPair) {
  json failed = sound_pair();
  failed["path"]["under_resolved"] = true;
  failed["path"]["mean_class_probability"] = 0.2;
  failed["path"]["termination"] = "iteration-limit";
  const json verdict =
      run_verdict(of_pairs(json::array({sound_pair(), failed, sound_pair()})), RunKind::kInterpolate);
  EXPECT_EQ(verdict["level"], "bad") << "one of three is more than a tenth";
  EXPECT_THAT(verdict["headline"].get<std::string>(),
              HasSubstr("Over 3 pairs, the median of mean P(8) is 0.84, on straight lines 0.03"));
  EXPECT_EQ(verdict["attention"], 1);
  EXPECT_THAT(text(verdict, "gain"), HasSubstr("all 3 paths cost less"));
  EXPECT_THAT(text(verdict, "resolution"), HasSubstr("Under-resolved: 1 of 3 paths. Pair 2: "));
  EXPECT_THAT(text(verdict, "ending"), HasSubstr("converged 2, iteration-limit 1"));
  EXPECT_THAT(text(verdict, "advice"), HasSubstr("look at pair 2"));
}

TEST(RunVerdict, HasTheTrueMedianOfAnEvenNumber) {
  json pairs = json::array();
  for (const double p : {0.7, 0.8, 0.9, 0.94}) pairs.push_back(pair_with("mean_class_probability", p));
  const json verdict = run_verdict(of_pairs(pairs), RunKind::kInterpolate);
  // Neither the lower middle (0.80) nor the upper one (0.90).
  EXPECT_THAT(verdict["headline"].get<std::string>(), HasSubstr("P(8) is 0.85"));
  EXPECT_EQ(verdict["tiles"][1]["value"], "0.85");
}

TEST(RunVerdict, PairsOfAToursRunAreItsLegs) {
  json pairs = json::array({sound_pair(), sound_pair(), sound_pair(), sound_pair()});
  pairs[2]["path"]["mean_class_probability"] = 0.1;
  pairs[2]["name"] = "tour 2, leg 1";
  json summary = of_pairs(pairs);
  const json tour{{"legs", 2},      {"cost_refined", 12.0}, {"legs_cost_refined", 11.5},
                  {"smooth", true}, {"bent", 0.25},         {"legs_velocity_jump", 0.4}};
  summary["tours"] = {tour, tour};
  json verdict = run_verdict(summary, RunKind::kInterpolate);
  EXPECT_THAT(verdict["headline"].get<std::string>(), HasSubstr("ver 4 legs"));
  EXPECT_THAT(text(verdict, "advice"), HasSubstr("look at tour 2, leg 1 first"));
  EXPECT_EQ(
      text(verdict, "tour"),
      "2 tours of 2 legs: they cost 1.04 times their legs in the median, 1.04 at most; all smooth at their "
      "points, bent over 0.25 of a leg on either side in the median.");
  summary["tours"][1]["bent"] = 0.0;
  verdict = run_verdict(summary, RunKind::kInterpolate);
  EXPECT_EQ(level(verdict, "tour"), "fair");
  EXPECT_THAT(text(verdict, "tour"), HasSubstr("1 of them keeps its corners"));
}

TEST(RunVerdict, CornersOfATourAreAReservationUnlessTheyWereAskedFor) {
  json summary = of_pairs(json::array({sound_pair(), sound_pair()}));
  json tour{{"legs", 2},      {"cost_refined", 11.5}, {"legs_cost_refined", 11.5},
            {"smooth", true}, {"bent", 0.0},          {"legs_velocity_jump", 0.4}};
  summary["tours"] = {tour};
  json verdict = run_verdict(summary, RunKind::kInterpolate);
  EXPECT_EQ(verdict["level"], "fair");
  EXPECT_THAT(text(verdict, "tour"), HasSubstr("with corners at its points: every bend costs more"));
  EXPECT_THAT(text(verdict, "advice"), Not(HasSubstr("look at leg")));  // its legs are sound
  tour["smooth"] = false;
  summary["tours"] = {tour};
  verdict = run_verdict(summary, RunKind::kInterpolate);
  EXPECT_EQ(verdict["level"], "good");
  EXPECT_EQ(text(verdict, "tour"), "Tour of 2 legs: cost 11.5 (its legs 11.5), with corners at its points.");
  // Its legs meet without an angle, or nobody knows: nothing needs to be bent.
  tour["smooth"] = true, tour["legs_velocity_jump"] = nullptr;
  summary["tours"] = {tour};
  EXPECT_EQ(run_verdict(summary, RunKind::kInterpolate)["level"], "good");
  tour["smooth"] = true, tour["legs_velocity_jump"] = 0.0;
  summary["tours"] = {tour};
  EXPECT_EQ(run_verdict(summary, RunKind::kInterpolate)["level"], "good");
}

TEST(RunVerdict, ABatchIsBadFromATenthOfBadPathsOn) {
  json pairs = json::array();
  for (int i = 0; i < 20; ++i) pairs.push_back(sound_pair());
  EXPECT_EQ(run_verdict(of_pairs(pairs), RunKind::kInterpolate)["level"], "good");
  pairs[7]["path"]["mean_class_probability"] = 0.1;
  EXPECT_EQ(run_verdict(of_pairs(pairs), RunKind::kInterpolate)["level"], "fair");
  pairs[9]["path"]["mean_class_probability"] = 0.1;
  EXPECT_EQ(run_verdict(of_pairs(pairs), RunKind::kInterpolate)["level"], "bad");
}

TEST(RunVerdict, OfOnePairIsItsOwnAndStandsInTheSummary) {
  json summary = of_pairs(json::array({sound_pair()}));
  add_verdicts(summary, RunKind::kInterpolate);
  EXPECT_EQ(summary["verdict"], verdict_of(sound_pair()));
  EXPECT_EQ(summary["pairs"][0]["path"]["verdict"], "good");
  EXPECT_EQ(summary["pairs"][0]["path"]["verdict_reasons"], summary["verdict"]["points"]);
  EXPECT_THAT(verdict_text(summary["verdict"]), StartsWith("verdict: good. Mean P(8) is 0.84"));
  json again = summary;
  add_verdicts(again, RunKind::kInterpolate);
  EXPECT_EQ(again, summary) << "a verdict changes no verdict";
}

TEST(EvaluationVerdict, CountsFailuresAndResolution) {
  const auto summary_of = [](int failures, int rough) {
    json summary{{"rows",
                  {{{"pairs", 50}, {"failures", failures}, {"under_resolved", rough}},
                   {{"pairs", 50}, {"failures", 0}, {"under_resolved", 0}}}}};
    add_evaluation_verdicts(summary, "ours 0.98");
    return summary;
  };
  EXPECT_EQ(summary_of(0, 0)["verdict"]["level"], "good");
  EXPECT_EQ(summary_of(0, 0)["verdict"]["headline"], "ours 0.98");
  EXPECT_EQ(summary_of(1, 0)["verdict"]["level"], "fair");
  EXPECT_EQ(summary_of(5, 0)["rows"][0]["verdict"], "bad");
  EXPECT_EQ(summary_of(5, 0)["rows"][1]["verdict"], "good");
  EXPECT_EQ(summary_of(10, 0)["verdict"]["level"], "bad");
  EXPECT_EQ(summary_of(0, 3)["verdict"]["level"], "fair");
}

TEST(EvaluationVerdict, AsksEveryPathOfARowTheSameRules) {
  const auto paths_with = [](int64_t count, int64_t objected,
                             const std::vector<std::pair<const char*, json>>& what) {
    std::vector<json> paths;
    for (int64_t i = 0; i < count; ++i) {
      json path{{"least_guard_rank", 0.05},       {"least_end_rank", 0.1},
                {"judge_disagreement", 0.02},     {"mean_judge_probability", 0.8},
                {"mean_class_probability", 0.85}, {"cost", 100.0},
                {"cost_refined", 101.0},          {"under_resolved", false}};
      if (i < objected)
        for (const auto& [name, value] : what) path[name] = value;
      paths.push_back({{"pair", 100 + i}, {"path", path}});
    }
    return paths;
  };
  const auto summary_of = [](const std::vector<json>& paths) {
    json summary{{"rows",
                  {{{"feature", "favor 8"},
                    {"method", "ours"},
                    {"pairs", paths.size()},
                    {"failures", 0},
                    {"objections", latentpath::row_objections(paths)}}}}};
    add_evaluation_verdicts(summary, "ours 0.98");
    return summary;
  };
  EXPECT_EQ(summary_of(paths_with(8, 0, {}))["verdict"]["level"], "good");

  // One of eight that needs a finer grid does not make a table unreliable, and one that hides half its cost
  // does.
  const json rough = summary_of(paths_with(8, 1, {{"cost", 94.0}, {"under_resolved", true}}));
  EXPECT_EQ(rough["verdict"]["level"], "fair");
  EXPECT_EQ(rough["verdict"]["headline"], "ours 0.98; with reservations: under-resolved");
  EXPECT_EQ(summary_of(paths_with(8, 8, {{"cost", 94.0}, {"under_resolved", true}}))["verdict"]["level"],
            "fair");
  EXPECT_EQ(summary_of(paths_with(8, 1, {{"cost", 50.0}, {"under_resolved", true}}))["verdict"]["level"],
            "bad");
  EXPECT_EQ(summary_of(paths_with(20, 1, {{"cost", 50.0}, {"under_resolved", true}}))["verdict"]["level"],
            "fair");

  const json judged = summary_of(paths_with(20, 2, {{"judge_disagreement", 0.7}}));
  EXPECT_EQ(judged["verdict"]["level"], "bad");
  EXPECT_EQ(judged["rows"][0]["verdict"], "bad");
  EXPECT_THAT(text(judged["verdict"], "judge"),
              HasSubstr("2 of 20 paths that were sought. Pair 100 in paths.csv"));
  EXPECT_THAT(text(judged["verdict"], "judge"), HasSubstr("70 %"));
  EXPECT_EQ(level(judged["verdict"], "guard"), "good");

  const json strange = summary_of(paths_with(200, 1, {{"least_guard_rank", 0.005}}));
  EXPECT_EQ(strange["verdict"]["level"], "fair");
  EXPECT_EQ(strange["rows"][0]["objections"]["guard"]["fair"], 1);
  const json far_end =
      summary_of(paths_with(200, 50, {{"least_guard_rank", 1e-5}, {"least_end_rank", 1e-5}}));
  EXPECT_EQ(far_end["verdict"]["level"], "good") << "ends that were given are as strange";
}

TEST(VerdictRules, StandInTheDocumentationWithTheirThresholds) {
  std::ifstream file(std::string(LATENTPATH_TEST_SOURCE) + "/docs/report.md");
  std::stringstream page;
  page << file.rdbuf();
  for (const auto& rule : verdict_thresholds()) {
    if (rule.figure.empty()) continue;
    const auto cell = [](double value) {
      std::ostringstream shown;
      if (!std::isnan(value)) shown << value;
      return shown.str();
    };
    const std::string row = "| `" + rule.topic + "` | " + rule.figure + " | " +
                            (rule.below ? "below " : "from ") +
                            (std::isnan(rule.fair) ? "–" : cell(rule.fair)) + " | " +
                            (std::isnan(rule.bad) ? "–" : cell(rule.bad)) + " |";
    EXPECT_THAT(page.str(), HasSubstr(row));
  }
}

TEST(VerdictRules, TakeNoLoopForADetour) {
  // Equal ends: what the straight line has for a length is rounding.
  json pair{
      {"path", {{"embedding_length", 12.5}, {"ends_distance", 0.0}, {"cost", 1.0}, {"cost_refined", 1.0}}},
      {"linear", {{"embedding_length", 2.6e-4}, {"cost_refined", 77.0}}}};
  const auto speaks_of_detours = [](const json& of) {
    json summary;
    summary["pairs"] = json::array({of});
    const json verdict = pair_verdict(summary, 0, RunKind::kInterpolate);
    for (const json& point : verdict["points"])
      if (point["topic"] == "detour") return true;
    return false;
  };
  EXPECT_FALSE(speaks_of_detours(pair));
  pair["path"]["ends_distance"] = 1e-3;
  EXPECT_TRUE(speaks_of_detours(pair));
}

}  // namespace
