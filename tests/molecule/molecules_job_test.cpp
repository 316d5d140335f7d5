#include "latentpath/molecule/molecules_job.h"

#include <gmock/gmock.h>

#include <torch/script.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/io/file.h"
#include "molecule/molecules_job_refusal.h"
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

const MoleculesRun& small_run() {
  static const MoleculesRun run = execute(small_job());
  return run;
}

TEST(MoleculesJob, GivesMoleculesFromOneEndToTheOther) {
  const MoleculesRun& run = small_run();
  const MoleculePathResult& result = run.results.at(0);
  const auto& steps = result.path.steps;
  ASSERT_GE(steps.size(), 2U);
  EXPECT_TRUE(steps.front().given && steps.back().given);
  EXPECT_EQ(steps.front().molecule.smiles(), "CCCCCCc1ccccc1");
  EXPECT_EQ(steps.back().molecule.smiles(), "CCCO");
  const SyntheticAccessibility accessibility(find_fragment_scores());
  double best = INFINITY, sum = 0;
  int64_t between = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    EXPECT_DOUBLE_EQ(steps[i].value, log_p(steps[i].molecule));
    EXPECT_DOUBLE_EQ(steps[i].properties.sa, accessibility(steps[i].molecule));
    if (i > 0) {
      EXPECT_NE(steps[i].molecule.smiles(), steps[i - 1].molecule.smiles()) << "neighbours are merged";
      EXPECT_GE(steps[i].time, steps[i - 1].time);
    }
    if (steps[i].given) continue;
    best = std::min(best, steps[i].value);
    sum += steps[i].value;
    ++between;
  }
  ASSERT_GT(between, 0);
  const auto& path = run.summary["pairs"][0]["path"];
  EXPECT_DOUBLE_EQ(path["best"].get<double>(), best);
  EXPECT_DOUBLE_EQ(path["mean"].get<double>(), sum / static_cast<double>(between));
  EXPECT_EQ(path["reached"].get<bool>(), best < 0);
  EXPECT_TRUE(run.summary["pairs"][0]["linear"].contains("mean"));
  const auto betters = [&](const MoleculeSequence& each) {
    return each.best < result.linear.best && each.mean < result.linear.mean;
  };
  for (const MoleculeSequence& other : result.searched) {
    EXPECT_TRUE(betters(result.path) || !betters(other));
    if (betters(result.path) == betters(other)) {
      EXPECT_LE(result.path.best, other.best);
    }
  }
}

TEST(MoleculesJob, WritesATableAnSdFileAndARowOfFormulas) {
  const MoleculesRun& run = small_run();
  std::istringstream table(file_of(run, "molecules.csv"));
  std::string line;
  std::getline(table, line);
  EXPECT_THAT(line, HasSubstr("pair,smiles,time,given,value,predicted,log_p,qed,sa"));
  size_t rows = 0;
  while (std::getline(table, line)) ++rows;
  EXPECT_EQ(rows, run.results[0].path.steps.size());
  const std::string sdf = file_of(run, "molecules.sdf");
  size_t records = 0;
  for (size_t at = sdf.find("$$$$"); at != std::string::npos; at = sdf.find("$$$$", at + 1)) ++records;
  EXPECT_EQ(records, rows);
  EXPECT_THAT(file_of(run, "molecules.svg"), HasSubstr("</svg>"));
}

TEST(MoleculesJob, TheSameSeedGivesTheSameBytesWhateverTheThreads) {
  MoleculesJob job = small_job();
  job.threads = 1;
  const MoleculesRun one = execute(job);
  job.threads = 3;
  const MoleculesRun three = execute(job);
  EXPECT_EQ(file_of(one, "molecules.csv"), file_of(three, "molecules.csv"));
  EXPECT_TRUE(at::equal(one.results[0].nodes, three.results[0].nodes));
}

TEST(MoleculesJob, LoopsBeginAndEndAtTheirMolecule) {
  MoleculesJob job = small_job();
  job.from = job.to = "";
  job.loop = "CCCCCCc1ccccc1";
  job.search.starts = 1;
  const MoleculesRun run = execute(job);
  EXPECT_EQ(run.results[0].path.steps.front().molecule.smiles(), "CCCCCCc1ccccc1");
  EXPECT_EQ(run.results[0].path.steps.back().molecule.smiles(), "CCCCCCc1ccccc1");
  EXPECT_EQ(run.results[0].start, "via-1");
}

TEST(MoleculesJob, EveryMoleculeHasWhatIsRequired) {
  MoleculesJob job = small_job();
  job.from = "CCCCCCc1ccccc1";
  job.to = "CCCc1ccccc1";
  job.search.starts = 1;
  job.requirements = {.keep = "c1ccccc1", .min_similarity = 0.2, .max_sa = 4};
  const MoleculesRun run = execute(job);
  const MoleculePathResult& result = run.results[0];
  const MoleculeFilter filter(job.requirements, result.path.steps.front().molecule,
                              result.path.steps.back().molecule);
  for (const MoleculeStep& step : result.path.steps)
    EXPECT_TRUE(filter.accepts(step.molecule, step.properties.sa)) << step.molecule.smiles();
  EXPECT_EQ(run.summary["pairs"][0]["path"]["left_out"].get<int64_t>(), result.path.left_out);
}

TEST(MoleculesJob, AListGoesOnWithoutPairsThatCannotBe) {
  const auto file = std::filesystem::path(testing::TempDir()) / "list.smi";
  write_file(file, "CCCO CCCN\nCCBr CCO\nN[Pt] CCO\nCCCCN CCCN\n");
  MoleculesJob job = small_job();
  job.from = job.to = "";
  job.pairs = file.string();
  job.search.starts = 1;
  std::vector<std::string> told, warned;
  const MoleculesRun run =
      execute(job, {.note = [&](const std::string& note) { told.push_back(note); },
                    .warning = [&](const std::string& text) { warned.push_back(text); }});
  ASSERT_EQ(run.results.size(), 2U);
  EXPECT_EQ(run.places[1], "line 4 of list.smi");
  EXPECT_EQ(run.summary["pairs"].size(), 2U);
  EXPECT_EQ(run.arrays[0].second.size(0), 2);
  EXPECT_THAT(warned,
              testing::ElementsAre(HasSubstr("line 3 of list.smi, N[Pt] holds Pt"), HasSubstr("CBr")));
  EXPECT_EQ(run.summary["warnings"].size(), 2U);
  EXPECT_THAT(file_of(run, "molecules-2.svg"), HasSubstr("</svg>"));
}

TEST(MoleculesJob, AListHasATableOfPathsStraightLinesAndGreatCircles) {
  const auto file = std::filesystem::path(testing::TempDir()) / "table.smi";
  write_file(file, "CCCO CCCN\nCCCO\nCCCCN CCCO\n");  // the second is a loop
  MoleculesJob job = small_job();
  job.from = job.to = "";
  job.pairs = file.string();
  job.search.starts = 1;
  const MoleculesRun run = execute(job);
  ASSERT_EQ(run.results.size(), 3U);
  const auto& pairs = run.summary["pairs"];
  EXPECT_TRUE(pairs[0].contains("spherical"));
  EXPECT_FALSE(pairs[1].contains("spherical"));
  EXPECT_EQ(run.results[1].spherical.decoded, 0);
  EXPECT_GE(run.results[0].spherical.decoded, job.search.frames);
  const std::string table = file_of(run, "table.csv"), paths = file_of(run, "paths.csv");
  const double mean =
      (pairs[0]["spherical"]["best"].get<double>() + pairs[2]["spherical"]["best"].get<double>()) / 2;
  EXPECT_THAT(table, HasSubstr("curve,pairs,best,best_se,best_median,mean,"));
  EXPECT_THAT(table, HasSubstr("\nours,3,"));
  EXPECT_THAT(table, HasSubstr("\nlinear,2,"));  // a loop has none
  EXPECT_THAT(table, HasSubstr("\nspherical,2," + figure_text(mean, 6)));
  EXPECT_EQ(std::count(paths.begin(), paths.end(), '\n'), 1 + 2 * 3 + 1);
  EXPECT_THAT(paths, HasSubstr("\n1,ours,"));  // as in molecules.csv
  for (const auto& [name, text] : small_run().files) EXPECT_NE(name, "table.csv");
}

TEST(MoleculesJob, AListSaysByItsFirstPairsHowLongTheRestTakes) {
  const auto file = std::filesystem::path(testing::TempDir()) / "long-list.smi";
  write_file(file, "CCCO CCCN\nCCCCO CCCN\nCCCO CCCCN\nCCCCO CCCCN\nCCCO\n");
  MoleculesJob job = small_job();
  job.from = job.to = "";
  job.pairs = file.string();
  job.search.starts = 1;
  std::vector<std::string> told;
  execute(job, {.note = [&](const std::string& note) { told.push_back(note); }});
  EXPECT_THAT(told, testing::Contains(testing::ContainsRegex(
                        "^[1-3] of 5 pairs took [0-9.]+ s: the rest takes about [0-9]+ (s|min)$")));
}

TEST(MoleculesJob, APropertyOfOnesOwnIsAFile) {
  const auto file = std::filesystem::path(testing::TempDir()) / "own-property.pt";
  torch::jit::Module module("own");
  module.register_attribute("training", c10::BoolType::get(), false);
  module.define("def forward(self, z: Tensor) -> Tensor:\n    return z[:, 0] * 2.0\n");
  module.save(file.string());
  MoleculesJob job = small_job();
  job.property = file.string();
  job.threshold = 1;
  job.search.starts = 1;
  const MoleculesRun run = execute(job);
  const JunctionTreeVae vae(published_jtvae_file(small_models()));
  for (const MoleculeStep& step : run.results[0].path.steps)
    if (vae.unknown_fragments(step.molecule).empty()) {
      EXPECT_NEAR(step.value, 2 * vae.encode({step.molecule})[0][0].item<double>(), 1e-5);  // float32
    }
  EXPECT_TRUE(run.problems[0].maximise);
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
  EXPECT_THAT(refusal([](auto& j) { j.property = "taste"; }, ErrorKind::kArgument),
              HasSubstr("`property` taste"));
  EXPECT_THAT(refusal([](auto& j) { j.property = j.model + "/jtvae-zinc.pt"; }, ErrorKind::kArgument),
              HasSubstr("`threshold`"));
  EXPECT_THAT(refusal([](auto& j) { j.pairs = "x.smi"; }, ErrorKind::kArgument), HasSubstr("`pairs`"));
  EXPECT_THAT(refusal([](auto& j) { j.requirements.keep = "c1ccccc1"; }, ErrorKind::kArgument),
              HasSubstr("`keep` c1ccccc1 is not in the molecule CCCO"));
  EXPECT_THAT(refusal([](auto& j) { j.requirements.keep = "c1cc"; }, ErrorKind::kArgument),
              HasSubstr("no SMARTS pattern"));
  EXPECT_THAT(refusal([](auto& j) { j.requirements.keep = ""; }, ErrorKind::kArgument),
              HasSubstr("`keep` is empty"));
  EXPECT_THAT(refusal([](auto& j) { j.loop = ""; }, ErrorKind::kArgument), HasSubstr("`loop` is empty"));
  EXPECT_THAT(refusal([](auto& j) { j.pairs = ""; }, ErrorKind::kArgument), HasSubstr("`pairs` is empty"));
  EXPECT_THAT(refusal([](auto& j) { j.to = "BrCCCBr"; }, ErrorKind::kArgument),
              testing::EndsWith("does not know: CBr"));
}

TEST(MoleculesJob, RefusesThresholdsWithAllMoleculesOnOneSide) {
  const auto refusal = [](const std::string& property, double threshold, bool minimise,
                          bool maximise) -> std::string {
    MoleculesJob job = small_job();
    job.property = property;
    job.threshold = threshold;
    job.minimise = minimise;
    job.maximise = maximise;
    return refusal_of(job);
  };
  EXPECT_EQ(
      refusal("qed", 1.5, false, false),
      "no molecule has a value of QED above 1.5: `threshold` must lie between 0 and 0.9485, as QED does");
  EXPECT_THAT(refusal("qed", 0.95, false, false), HasSubstr("no molecule has a value of QED above 0.95"));
  EXPECT_THAT(refusal("qed", -0.5, false, false), HasSubstr("every molecule has a value of QED above -0.5"));
  EXPECT_THAT(refusal("qed", 0, true, false), HasSubstr("no molecule has a value of QED below 0"));
  EXPECT_THAT(refusal("sa", 1, false, false), HasSubstr("no molecule has a value of SA below 1"));
  EXPECT_THAT(refusal("sa", 11, false, false), HasSubstr("every molecule has a value of SA below 11"));
  EXPECT_THAT(refusal("sa", 10, false, true), HasSubstr("between 1 and 10"));
  EXPECT_THAT(refusal("logp", -1000, false, false), HasSubstr("between -60 and 60"));
  for (const auto& [property, threshold] :
       std::vector<std::pair<std::string, double>>{{"qed", 0.94}, {"qed", 0}, {"sa", 1.2}, {"logp", -8}})
    EXPECT_EQ(refusal(property, threshold, false, false), "") << property << threshold;
  MoleculesJob job = small_job();
  job.property = "sa";
  job.maximise = true;
  job.threshold = 5;
  job.requirements.max_sa = 4;
  EXPECT_THAT([&] { molecules_option_table().validate(job); },
              testing::ThrowsMessage<Error>(HasSubstr("give a larger `max_sa`")));
}

}  // namespace
}  // namespace latentpath
