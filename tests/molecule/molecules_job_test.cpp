#include "latentpath/molecule/molecules_job.h"

#include <gmock/gmock.h>

#include <sstream>

#include "latentpath/core/error.h"
#include "molecule/small_models.h"

namespace latentpath {
namespace {

using testing::HasSubstr;

MoleculesJob small_job() {
  MoleculesJob job{.from = "CCCCCCc1ccccc1", .to = "CCCO"};
  job.model = small_models().string();
  job.search.segments = 8;
  job.search.frames = 4;
  job.search.halvings = 1;
  job.search.starts = 2;
  return job;
}

std::string file_of(const MoleculesRun& run, const std::string& wanted) {
  for (const auto& [name, text] : run.files)
    if (name == wanted) return text;
  ADD_FAILURE() << "no file " << wanted;
  return "";
}

TEST(MoleculesJob, GivesMoleculesFromOneEndToTheOther) {
  const MoleculesJob job = small_job();
  const MoleculesRun run = execute(job);
  const auto& steps = run.result.path.steps;
  ASSERT_GE(steps.size(), 2U);
  EXPECT_TRUE(steps.front().given && steps.back().given);
  EXPECT_EQ(steps.front().molecule.smiles(), "CCCCCCc1ccccc1");
  EXPECT_EQ(steps.back().molecule.smiles(), "CCCO");
  const SyntheticAccessibility accessibility(find_fragment_scores());
  for (size_t i = 0; i < steps.size(); ++i) {
    EXPECT_DOUBLE_EQ(steps[i].properties.log_p, log_p(steps[i].molecule));
    EXPECT_DOUBLE_EQ(steps[i].properties.sa, accessibility(steps[i].molecule));
    if (i > 0) {
      EXPECT_NE(steps[i].molecule.smiles(), steps[i - 1].molecule.smiles()) << "neighbours are merged";
    }
    if (i > 0) {
      EXPECT_GE(steps[i].time, steps[i - 1].time);
    }
  }
  const auto& summary = run.summary["pairs"][0];
  double best = 1e9;
  for (const MoleculeStep& step : steps)
    if (!step.given) best = std::min(best, step.properties.log_p);
  if (best < 1e9) {
    EXPECT_DOUBLE_EQ(summary["path"]["best"].get<double>(), best);
  }
  EXPECT_TRUE(summary["linear"].contains("mean"));
  for (const MoleculeSequence& other : run.result.searched) EXPECT_LE(run.result.path.best, other.best);
}

TEST(MoleculesJob, WritesATableAnSdFileAndARowOfFormulas) {
  const MoleculesRun run = execute(small_job());
  std::istringstream table(file_of(run, "molecules.csv"));
  std::string line;
  std::getline(table, line);
  EXPECT_THAT(line, HasSubstr("smiles,time,given,log_p,qed,sa"));
  size_t rows = 0;
  while (std::getline(table, line)) ++rows;
  EXPECT_EQ(rows, run.result.path.steps.size());
  const std::string sdf = file_of(run, "molecules.sdf");
  size_t records = 0;
  for (size_t at = sdf.find("$$$$"); at != std::string::npos; at = sdf.find("$$$$", at + 1)) ++records;
  EXPECT_EQ(records, rows);
  EXPECT_THAT(file_of(run, "molecules.svg"), HasSubstr("</svg>"));
}

TEST(MoleculesJob, TheSameSeedGivesTheSameBytes) {
  const MoleculesRun first = execute(small_job()), second = execute(small_job());
  EXPECT_EQ(file_of(first, "molecules.csv"), file_of(second, "molecules.csv"));
  EXPECT_TRUE(at::equal(first.result.nodes, second.result.nodes));
}

TEST(MoleculesJob, LoopsBeginAndEndAtTheirMolecule) {
  MoleculesJob job = small_job();
  job.from = job.to = "";
  job.loop = "CCCCCCc1ccccc1";
  const MoleculesRun run = execute(job);
  EXPECT_EQ(run.result.path.steps.front().molecule.smiles(), "CCCCCCc1ccccc1");
  EXPECT_EQ(run.result.path.steps.back().molecule.smiles(), "CCCCCCc1ccccc1");
}

TEST(MoleculesJob, RefusesWhatCannotBe) {
  const auto refusal = [](const std::function<void(MoleculesJob&)>& change, ErrorKind kind) -> std::string {
    MoleculesJob job = small_job();
    change(job);
    try {
      execute(job);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refusal([](auto& j) { j.from = ""; }, ErrorKind::kArgument),
              HasSubstr("a molecule is missing"));
  EXPECT_THAT(refusal([](auto& j) { j.to = ""; }, ErrorKind::kArgument), HasSubstr("`to` is missing"));
  EXPECT_THAT(refusal([](auto& j) { j.loop = "CC"; }, ErrorKind::kArgument), HasSubstr("`loop`"));
  EXPECT_THAT(refusal([](auto& j) { j.minimise = j.maximise = true; }, ErrorKind::kArgument),
              HasSubstr("both"));
  EXPECT_THAT(refusal([](auto& j) { j.to = "CCBr"; }, ErrorKind::kArgument), HasSubstr("CBr"));
  EXPECT_THAT(refusal([](auto& j) { j.to = "N[Pt]"; }, ErrorKind::kArgument),
              HasSubstr("`to` N[Pt] holds Pt"));
  EXPECT_THAT(refusal([](auto& j) { j.model = "/nowhere"; }, ErrorKind::kInput),
              HasSubstr("latentpath data jtvae-zinc"));
  EXPECT_THAT(refusal([](auto& j) { j.property = "taste"; }, ErrorKind::kArgument), HasSubstr("property"));
}

}  // namespace
}  // namespace latentpath
