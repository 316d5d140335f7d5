#include "latentpath/molecule/property_command.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/io/file.h"
#include "latentpath/metric/derivative_check.h"
#include "latentpath/molecule/jtvae.h"
#include "latentpath/molecule/molecule_models.h"
#include "latentpath/molecule/molecules_job.h"
#include "molecule/molecules_job_refusal.h"

namespace latentpath {
namespace {

using testing::HasSubstr;

/// Its draws decode in milliseconds; those of a model with random weights are large.
MoleculeModelFiles shipped() { return find_molecule_model_files("jtvae-moses", {LATENTPATH_TEST_MODELS}); }

const char* const kCarbons = R"(awk '{print gsub(/[Cc]/, "")}')";

double carbons(const Molecule& molecule) {
  return static_cast<double>(std::count_if(molecule.smiles().begin(), molecule.smiles().end(),
                                           [](char c) { return c == 'C' || c == 'c'; }));
}

Molecule molecule(const std::string& smiles) { return parse_molecule(smiles, "a molecule").molecule; }

/// A script in a file that writes down each line that it is asked, and "call" before.
std::string told_command(const std::filesystem::path& log) {
  const auto script = std::filesystem::path(testing::TempDir()) / "carbons.awk";
  write_file(script,
             "BEGIN { print \"call\" >> log_file } { print $0 >> log_file; print gsub(/[Cc]/, \"\") }\n");
  std::filesystem::remove(log);
  return "awk -v log_file=" + log.string() + " -f " + script.string();
}

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::istringstream text(read_file(file));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

MoleculesJob carbons_job() {
  MoleculesJob job{.from = "CCCCCCc1ccccc1", .to = "CCCO"};
  job.model = shipped().vae.string();
  job.search.segments = 8;
  job.search.frames = 4;
  job.search.halvings = 1;
  job.search.starts = 2;
  job.property_command = kCarbons;
  job.property_molecules = 300;
  job.threshold = 20;
  return job;
}

TEST(PropertyCommand, GivesEachMoleculeItsNumber) {
  PropertyCommand command({.command = kCarbons});
  command.score({molecule("CCO"), molecule("c1ccccc1"), molecule("OCC")});
  EXPECT_EQ(command.molecules(), 2);
  EXPECT_EQ(command.calls(), 1);
  EXPECT_EQ(command.value(molecule("CCO")), 2);
  EXPECT_EQ(command.value(molecule("c1ccccc1")), 6);
  EXPECT_EQ(command.calls(), 1);
  EXPECT_EQ(command.value(molecule("CN")), 1);
  EXPECT_EQ(command.calls(), 2);
}

TEST(PropertyCommand, ReadsNumbersAndNothingElse) {
  const auto value = [](const std::string& printed) {
    return PropertyCommand({.command = "echo '" + printed + "'"}).value(molecule("CCO"));
  };
  EXPECT_EQ(value("-1.5e2"), -150);
  EXPECT_EQ(value(" +3 "), 3);
  EXPECT_TRUE(std::isnan(value("nan")));
  EXPECT_TRUE(std::isnan(value("NaN")));
  for (const std::string words : {"hello", "", "1,5", "1 2", "inf", "-Infinity", "0x10", "3 kcal", "1e999"})
    EXPECT_THAT([&] { value(words); },
                testing::ThrowsMessage<Error>(testing::AllOf(
                    HasSubstr("`property_command` echo"), HasSubstr("printed '" + words + "' for CCO"),
                    HasSubstr("it must print one number, or nan where there is none"))))
        << words;
}

TEST(PropertyCommand, IsLearnedFromWhatTheModelMakes) {
  const JunctionTreeVae vae(shipped().vae);
  const PropertyModel model(shipped().properties);
  const PropertyCommand command({.command = kCarbons});
  const MoleculeDraws draws = draw_molecules(vae, model.sampler(), 300, 3);
  const CommandProperty learned = property_of_command(command, draws, 3);
  EXPECT_EQ(learned.seen + learned.held_out, 300);
  EXPECT_EQ(learned.held_out, 30);
  EXPECT_EQ(command.calls(), 1);
  // What it says of latents that it has not seen: R² by its definition, of other draws.
  at::Generator generator = make_generator(99);
  const Tensor z = model.sampler()(200, generator);
  std::vector<double> truth;
  for (const DecodedMolecule& each : vae.decode(z)) truth.push_back(carbons(each.molecule));
  const Tensor t = at::tensor(truth, at::kDouble), p = learned.property.predict(z);
  const double r2 = 1 - ((t - p).square().mean() / t.var(false)).item<double>();
  EXPECT_TRUE(std::isfinite(learned.r2));
  EXPECT_NEAR(r2, learned.r2, 0.4);  // of 200 draws and of 30
  const CommandProperty again = property_of_command(command, draw_molecules(vae, model.sampler(), 300, 3), 3);
  EXPECT_TRUE(at::equal(again.property.predict(z), p));

  const Tensor times = at::zeros({200}, at::kDouble);
  // Soft, so that no value comes near the bend of the step at −3.
  const Tensor few = z.narrow(0, 0, 6), point = few.clone().requires_grad_(true);
  const QualityPointer q = learned.property.reaches(t.mean().item<double>(), true, 5);
  const auto f = [&](const Tensor& at) { return q->evaluate({at, times.narrow(0, 0, 6), {}}).sum(); };
  const Tensor gradient = torch::autograd::grad({f(point)}, {point})[0];
  EXPECT_NEAR(taylor_slope(f, few, gradient, at::randn(few.sizes(), generator, few.options())), 2, 0.1);
}

TEST(PropertyCommand, MoleculesWithoutAValueAreLeftOut) {
  const JunctionTreeVae vae(shipped().vae);
  const MoleculeDraws draws = draw_molecules(vae, PropertyModel(shipped().properties).sampler(), 300, 1);
  const auto learn = [&](const std::string& command) {
    return property_of_command(PropertyCommand({.command = command}), draws);
  };
  const CommandProperty some = learn(R"(awk '{print(NR % 2 ? gsub(/[Cc]/, "") : "nan")}')");
  EXPECT_GT(some.without_value, 90);
  EXPECT_EQ(some.seen + some.held_out + some.without_value, 300);
  EXPECT_TRUE(std::isfinite(some.r2));
  EXPECT_THAT([&] { learn("sed 's/.*/nan/'"); },
              testing::ThrowsMessage<Error>(HasSubstr("has a value for 0 of 300 molecules")));
  EXPECT_THAT([&] { learn("sed 's/.*/7/'"); },
              testing::ThrowsMessage<Error>(HasSubstr("the same value, 7, for all of 300 molecules")));
}

TEST(PropertyCommand, AsksForEachMoleculeOnceAndForManyAtOnce) {
  const auto log = std::filesystem::path(testing::TempDir()) / "asked.txt";
  const auto list = std::filesystem::path(testing::TempDir()) / "command-list.smi";
  write_file(list, "CCCCCCc1ccccc1 CCCO\nCCCCN CCCN\n");
  MoleculesJob job = carbons_job();
  job.from = job.to = "";
  job.pairs = list.string();
  job.property_command = told_command(log);
  const MoleculesRun run = execute(job);
  std::multiset<std::string> asked;
  for (const std::string& line : lines_of(log)) asked.insert(line);
  EXPECT_LE(asked.count("call"), 4U) << "the first ends, what is learned from, and each pair";
  asked.erase("call");
  for (const std::string& smiles : asked) EXPECT_EQ(asked.count(smiles), 1U) << smiles;
  for (const MoleculePathResult& result : run.results)
    for (const MoleculeStep& step : result.path.steps) {
      EXPECT_EQ(step.value, carbons(step.molecule)) << step.molecule.smiles();
      EXPECT_EQ(asked.count(step.molecule.smiles()), 1U);
    }
  const auto& facts = run.facts["property"];
  EXPECT_EQ(facts["name"], "command");
  EXPECT_EQ(facts["regressors"]["molecules"].get<int64_t>() + facts["regressors"]["held_out"].get<int64_t>(),
            300);
  EXPECT_TRUE(facts["regressors"]["r2"].is_number());
  EXPECT_THAT(run.assumptions, testing::Contains(testing::ContainsRegex("have R2 [-0-9.]+ on 30 molecules")));
}

TEST(PropertyCommand, LeadsAPathToItsValuesWhateverTheThreads) {
  MoleculesJob job = carbons_job();
  job.threads = 1;
  const MoleculesRun one = execute(job);
  job.threads = 3;
  const MoleculesRun three = execute(job);
  EXPECT_TRUE(at::equal(one.results[0].nodes, three.results[0].nodes));
  EXPECT_TRUE(one.problems[0].maximise);
  job.minimise = true;
  job.threshold = 2;
  EXPECT_LT(execute(job).results[0].path.best, one.results[0].path.best);
}

TEST(PropertyCommand, HoldsBesideWhatEveryMoleculeMustHave) {
  MoleculesJob job = carbons_job();
  job.to = "CCCc1ccccc1";
  job.requirements.keep = "c1ccccc1";
  const MoleculesRun run = execute(job);
  for (const MoleculeStep& step : run.results[0].path.steps) {
    EXPECT_THAT(step.molecule.smiles(), HasSubstr("c1ccc"));
    EXPECT_EQ(step.value, carbons(step.molecule));
  }
}

TEST(PropertyCommand, OptionsThatContradictAreRefused) {
  const auto refusal = [](const std::function<void(MoleculesJob&)>& change) -> std::string {
    MoleculesJob job = carbons_job();
    change(job);
    return refusal_of(job);
  };
  EXPECT_EQ(refusal([](MoleculesJob&) {}), "");
  EXPECT_THAT(refusal([](auto& j) { j.property = "qed"; }), HasSubstr("`property` and `property_command`"));
  EXPECT_THAT(refusal([](auto& j) { j.threshold = {}; }), HasSubstr("`threshold` is missing"));
  EXPECT_THAT(refusal([](auto& j) { j.property_command = ""; }), HasSubstr("`property_command` is empty"));
  EXPECT_THAT(refusal([](auto& j) { j.property_command = "awk '{"; }), HasSubstr("quote '"));
  EXPECT_THAT(refusal([](auto& j) { j.property_molecules = 10; }), HasSubstr("`property_molecules`"));
  EXPECT_THAT(refusal([](auto& j) { j.property_command = {}; }), HasSubstr("`property_molecules` is for"));
  EXPECT_THAT(refusal([](auto& j) { j.command_seconds = 0; }), HasSubstr("`command_seconds`"));
}

}  // namespace
}  // namespace latentpath
