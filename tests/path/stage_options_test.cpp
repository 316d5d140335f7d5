#include "latentpath/path/stage_options.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <cmath>

#include "contract/refusal.h"
#include "latentpath/path/find_path.h"
#include "latentpath/path/path_option_table.h"

namespace latentpath::testing {
namespace {

double setting(const StageSettings& settings, const std::string& name) {
  for (const auto& [each, value] : settings)
    if (each == name) return value;
  ADD_FAILURE() << name;
  return 0;
}

}  // namespace

TEST(StageOptions, AreSetAndToldByName) {
  PathOptions options;
  set_stage_option(options, "prune.late_lead", 1.5);
  set_stage_option(options, "rounds.iterations", 4);
  EXPECT_EQ(options.prune.late_lead, 1.5);
  EXPECT_EQ(options.rounds.iterations, 4);
  EXPECT_EQ(setting(stage_settings(options), "prune.late_lead"), 1.5);
  EXPECT_EQ(setting(stage_settings({}), "rounds.promising"), RoundOptions{}.promising);
}

TEST(StageOptions, WhatCannotBeIsRefusedByName) {
  PathOptions options;
  EXPECT_NE(refusal([&] { set_stage_option(options, "prune.lead", 1); }).find("prune.lead"),
            std::string::npos);
  EXPECT_NE(refusal([&] { set_stage_option(options, "rounds.iterations", 2.5); }).find("rounds.iterations"),
            std::string::npos);
  EXPECT_NE(refusal([&] { set_stage_option(options, "select.last_subdivisions", 3); }).find("power of 2"),
            std::string::npos);
  EXPECT_EQ(refusal([&] { set_stage_option(options, "prune.late_lead", 0.5); }),
            "`prune.late_lead` must be at least 1, not 0.5");
  options.prune.late_lead = std::nan("");
  PathProblem problem;
  problem.embedding = identity_embedding(1);
  problem.quality = constant_quality(0.5);
  problem.start = at::zeros({1, 1}, at::kDouble);
  problem.end = at::ones({1, 1}, at::kDouble);
  EXPECT_NE(refusal([&] { find_path(problem, options); }).find("prune.late_lead"), std::string::npos);
}

TEST(StageOptions, EverySettingIsARowWithItsSentence) {
  EXPECT_EQ(stage_settings({}).size(), 96u);  // as many as there are fields in the structs of the stages
  for (const auto& entry : path_option_table().entries()) {
    if (entry.row.section.empty()) continue;
    EXPECT_FALSE(entry.row.help.empty()) << entry.row.name;
    EXPECT_GE(entry.row.least, 0) << entry.row.name;
    EXPECT_NO_THROW(entry.row.check(entry.get(PathOptions()))) << entry.row.name;
  }
}

TEST(StageOptions, AreRecordedInTheResult) {
  PathProblem problem;
  problem.embedding = identity_embedding(1);
  problem.quality = constant_quality(0.5);
  problem.start = at::zeros({1, 1}, at::kDouble);
  problem.end = at::ones({1, 1}, at::kDouble);
  PathOptions options;
  options.segments = 4;
  options.init = "linear";
  options.verify.change = 0.02;
  EXPECT_EQ(setting(find_path(problem, options).stage_settings, "verify.change"), 0.02);
}

}  // namespace latentpath::testing
