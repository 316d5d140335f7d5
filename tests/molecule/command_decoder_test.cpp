#include "latentpath/molecule/command_decoder.h"

#include <gmock/gmock.h>

#include <torch/script.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/io/file.h"
#include "latentpath/io/npy.h"
#include "latentpath/molecule/molecules_job.h"
#include "molecule/molecules_job_refusal.h"

namespace latentpath {
namespace {

using testing::HasSubstr;

// A model whose truth is known: z is (carbons − 6)/2 and ethers − 2, to the nearest whole number.
const char* const kDecode =
    R"(BEGIN { FS = "," }
{ n = int(6.5 + 2 * $1); m = int(2.5 + $2); if (n < 1) n = 1; if (m < 0) m = 0; text = ""
  for (i = 0; i < n; ++i) text = text "C"; for (i = 0; i < m; ++i) text = text "OC"; print text })";
const char* const kEncode = R"({ m = gsub(/O/, ""); n = gsub(/C/, "") - m; print((n - 6) / 2 "," m - 2) })";

std::string awk(const std::string& name, const std::string& text) {
  const auto file = std::filesystem::path(testing::TempDir()) / name;
  write_file(file, text);
  return "awk -f " + file.string();
}

CommandDecoderOptions ethers() {
  return {.decoder = awk("decode.awk", kDecode), .encoder = awk("encode.awk", kEncode)};
}

std::string decoded(double a, double b) {
  const auto carbons = std::max(1, static_cast<int>(6.5 + 2 * a)),
             groups = std::max(0, static_cast<int>(2.5 + b));
  std::string smiles(static_cast<size_t>(carbons), 'C');
  for (int i = 0; i < groups; ++i) smiles += "OC";
  return parse_molecule(smiles, "a molecule").molecule.smiles();
}

Molecule molecule(const std::string& smiles) { return parse_molecule(smiles, "a molecule").molecule; }

TEST(CommandDecoder, DecodesWhatTheProgramSays) {
  CommandDecoderOptions options = ethers();
  options.latent_dim = 2;
  const CommandDecoder decoder(options);
  at::Generator generator = make_generator(1);
  const Tensor z = at::randn({50, 2}, generator, at::kDouble);
  const auto molecules = decoder.molecules_of(z);
  ASSERT_EQ(molecules.size(), 50U);
  for (int64_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(molecules[static_cast<size_t>(i)]);
    EXPECT_EQ(molecules[static_cast<size_t>(i)]->molecule.smiles(),
              decoded(z[i][0].item<double>(), z[i][1].item<double>()));
  }
}

TEST(CommandDecoder, LatentsArriveToTheLastBit) {
  const auto log = std::filesystem::path(testing::TempDir()) / "latents.txt";
  std::filesystem::remove(log);
  const CommandDecoder decoder(
      {.decoder = "sh -c 'tee " + log.string() + " | sed s/.*/CC/'", .latent_dim = 3});
  const Tensor z = at::tensor({0.1, -1.0 / 3, 1e-300, 2.0, 12345678.9, -0.0}, at::kDouble).view({2, 3});
  decoder.molecules_of(z);
  std::istringstream text(read_file(log));
  for (int64_t i = 0; i < 2; ++i)
    for (int64_t k = 0; k < 3; ++k) {
      std::string number;
      std::getline(text, number, k == 2 ? '\n' : ',');
      EXPECT_EQ(std::stod(number), z[i][k].item<double>()) << number;
    }
}

TEST(CommandDecoder, FindsTheLatentsOfMolecules) {
  const CommandDecoder decoder(ethers());
  decoder.encode({molecule("CCCCCCOC"), molecule("CC")});
  EXPECT_EQ(decoder.latent_dim(), 2);
  const MoleculeCode ether = decoder.find_code(molecule("CCCCCCOC")),
                     ethane = decoder.find_code(molecule("CC"));
  EXPECT_TRUE(ether.exact && ethane.exact);
  EXPECT_TRUE(at::equal(ether.latent, at::tensor({0.0, -1.0}, at::kDouble)));
  const auto again = decoder.molecules_of(at::tensor({-2.1, -2.0}, at::kDouble).unsqueeze(0));
  EXPECT_EQ(again[0]->molecule.smiles(), "CC");
  EXPECT_TRUE(at::equal(*decoder.code_of(molecule("CC")), ethane.latent)) << "the encoder's, not the last";
  EXPECT_FALSE(decoder.code_of(molecule("CCC")));
  const MoleculeCode other = decoder.find_code(molecule("CCCN"));  // an encoder that knows no nitrogen
  EXPECT_FALSE(other.exact);
  EXPECT_EQ(other.decoded.molecule.smiles(), "CCC");
  EXPECT_TRUE(at::equal(*decoder.code_of(molecule("CCC")), other.latent))
      << "the first that was decoded to it";
}

TEST(CommandDecoder, WhatTheEncoderDoesNotKnowIsNoEndThoughAnotherLatentDecodesToIt) {
  const CommandDecoder decoder({.decoder = "sed s/.*/CCO/", .encoder = "sed -e s/^CCO$// -e s/^CCN$/1/"});
  decoder.encode({molecule("CCO"), molecule("CCN")});
  EXPECT_EQ(decoder.find_code(molecule("CCN")).decoded.molecule.smiles(), "CCO");
  EXPECT_THAT([&] { decoder.find_code(molecule("CCO")); },
              testing::ThrowsMessage<Error>(HasSubstr("`encoder_command` has no latent for CCO")));
  EXPECT_TRUE(decoder.code_of(molecule("CCO"))) << "for a property of latents it has one";
}

TEST(CommandDecoder, WhatIsNoMoleculeIsNone) {
  const CommandDecoder decoder(
      {.decoder = R"(awk '{print(NR == 1 ? "" : NR == 2 ? "hello" : NR == 3 ? "C(" : " CC[NH3+] ")}')",
       .latent_dim = 1});
  EXPECT_EQ(decoder.why_none(), "");
  const auto molecules = decoder.molecules_of(at::arange(4, at::kDouble).view({4, 1}));
  EXPECT_FALSE(molecules[0] || molecules[1] || molecules[2]);
  EXPECT_EQ(molecules[3]->molecule.smiles(), "CCN");
  EXPECT_THAT(decoder.why_none(), HasSubstr("hello is no SMILES"));
  const CommandDecoder charged({.decoder = "sed 's/.*/CC[NH3+]/'", .neutralise = false, .latent_dim = 1});
  EXPECT_EQ(charged.molecules_of(at::zeros({1, 1}))[0]->molecule.smiles(), "CC[NH3+]");
}

TEST(CommandDecoder, AsksForEachLineOnce) {
  const auto folder = std::filesystem::path(testing::TempDir());
  const auto latents = folder / "decoded.txt", smiles = folder / "encoded.txt";
  std::filesystem::remove(latents);
  std::filesystem::remove(smiles);
  const CommandDecoder decoder({.decoder = "sh -c 'tee -a " + latents.string() + " | sed s/.*/CC/'",
                                .encoder = "sh -c 'tee -a " + smiles.string() + " | sed s/.*/7/'"});
  decoder.encode({molecule("CO"), molecule("CN"), molecule("OC")});
  decoder.find_code(molecule("CO"));
  decoder.molecules_of(at::zeros({5, 1}, at::kDouble));
  decoder.molecules_of(at::arange(3, at::kDouble).view({3, 1}));
  EXPECT_EQ(read_file(smiles), "CO\nCN\n");
  EXPECT_EQ(read_file(latents), "7\n0\n1\n2\n");
}

TEST(CommandDecoder, RefusesWhatAreNoLatents) {
  const auto refusal = [](const std::string& encoder, const std::string& decode) -> std::string {
    const CommandDecoder decoder({.decoder = decode, .encoder = encoder});
    try {
      decoder.encode({molecule("CC"), molecule("CCC")});
      decoder.find_code(molecule("CC"));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal("sed s/.*/1,2/", "sed s/.*/C/"), "");
  EXPECT_EQ(refusal("sed s/.*/hello/", "cat"),
            "`encoder_command` sed s/.*/hello/ printed 'hello' for CC: it must print a latent, its numbers "
            "separated by commas, or an empty line where there is none, and nothing else");
  EXPECT_THAT(refusal("sed s/.*/1,nan/", "cat"), HasSubstr("printed '1,nan'"));
  EXPECT_THAT(refusal("sed s/.*/1,-inf/", "cat"), HasSubstr("printed '1,-inf'"));
  EXPECT_THAT(refusal("awk '{print(NR == 1 ? \"1,2\" : \"1\")}'", "cat"),
              HasSubstr("printed a latent of 1 number for CCC, where those before have 2"));
  EXPECT_EQ(refusal("sed s/.*//", "cat"),
            "`encoder_command` has no latent for CC (its line is empty): a path cannot end there");
  EXPECT_EQ(refusal("sed s/.*/1,2/", "sed s/.*//"),
            "`decoder_command` makes no molecule of the latent that `encoder_command` gives for CC: a path "
            "cannot end there");
  EXPECT_THAT(refusal("", "cat"), HasSubstr("`encoder_command` is missing"));
}

/// The second latent, of which ethers have more.
std::string own_property() {
  const auto file = std::filesystem::path(testing::TempDir()) / "second-latent.pt";
  torch::jit::Module module("own");
  module.register_attribute("training", c10::BoolType::get(), false);
  module.define("def forward(self, z: Tensor) -> Tensor:\n    return z[:, 1] * 1.0\n");
  module.save(file.string());
  return file.string();
}

/// Between ethers of nine and of three carbons and one group, where nothing has to be learned: what is sought
/// are more groups, by the second latent.
MoleculesJob ethers_job() {
  MoleculesJob job{.from = "CCCCCCCCCOC", .to = "CCCOC"};
  job.decoder_command = ethers().decoder;
  job.encoder_command = ethers().encoder;
  job.property = own_property();
  job.threshold = -0.5;
  job.search.segments = 8;
  job.search.frames = 9;
  job.search.halvings = 1;
  job.search.starts = 1;
  return job;
}

int64_t oxygens(const Molecule& molecule) {
  return std::count(molecule.smiles().begin(), molecule.smiles().end(), 'O');
}

/// What the job is refused with.
std::string failure_of(const std::function<void(MoleculesJob&)>& change) {
  MoleculesJob job = ethers_job();
  change(job);
  try {
    execute(job);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "";
}

TEST(CommandDecoder, ProgramsThatFailAreSaid) {
  const auto decoder = [](const std::string& command) {
    return failure_of([&](MoleculesJob& job) {
      job.decoder_command = command;
      job.property = "logp";
      job.property_molecules = 100;
      job.threshold = 1;
    });
  };
  EXPECT_EQ(
      decoder("sh -c 'echo out of memory >&2; exit 7'"),
      "`decoder_command` sh -c 'echo out of memory >&2; exit 7' ended with exit code 7 on 2 latents, saying "
      "'out of memory': it must print a SMILES, or an empty line where there is none, for each latent, and "
      "end with 0");
  EXPECT_THAT(decoder("sh -c 'kill -9 $$'"), HasSubstr("exit code 137"));
  EXPECT_THAT(decoder("awk '{print(NR < 3 ? \"CCO\" : \"\")} NR == 3 {exit 0}'"),
              HasSubstr("printed 3 lines for 100 latents"));
  EXPECT_THAT(decoder("sed 's/.*/hello/'"),
              testing::AllOf(HasSubstr("makes no molecule of the latent that `encoder_command` gives for"),
                             HasSubstr("hello is no SMILES")));
  // Both ends are a molecule, and nothing else is.
  EXPECT_THAT(
      decoder("awk '{print(/^(1.5|-1.5),-1$/ ? \"CCO\" : \"C(\")}'"),
      testing::AllOf(HasSubstr("`decoder_command` makes molecules of 0 of 100 latents that were drawn from "
                               "N(0, I) (the first that was refused: "),
                     HasSubstr("C( is no SMILES"), HasSubstr("give `codes` of molecules that it knows")));
  EXPECT_THAT(decoder("sed 's/.*/CCO/'"), HasSubstr("logp has the same value"));
}

TEST(CommandDecoder, LatentsThatStandForNothingAreLeftOutAndCounted) {
  MoleculesJob job = ethers_job();
  // Of eight carbons there is nothing, and every path from nine to three passes there. What is learned are
  // values by another command of what is left.
  std::string text = kDecode;
  text.replace(text.find("print text"), 10, "print(n == 8 ? \"hello\" : text)");
  job.decoder_command = awk("holes.awk", text);
  job.property = "logp";
  job.property_command = R"(awk '{print gsub(/O/, "")}')";
  job.property_molecules = 300;
  job.threshold = 1.5;
  const MoleculesRun run = execute(job);
  const MoleculePathResult& result = run.results[0];
  EXPECT_GT(result.linear.undecoded, 0);
  EXPECT_EQ(run.summary["pairs"][0]["linear"]["undecoded"], result.linear.undecoded);
  for (const auto* sequence : {&result.path, &result.linear})
    for (const MoleculeStep& step : sequence->steps) {
      EXPECT_NE(step.molecule.atoms() - 2 * oxygens(step.molecule), 8) << step.molecule.smiles();
      EXPECT_EQ(step.value, oxygens(step.molecule));
    }
  EXPECT_TRUE(result.path.reached);
  EXPECT_THAT(run.assumptions, testing::Contains(testing::ContainsRegex(
                                   "`decoder_command` makes molecules of [0-9]+ of 300 latents "
                                   "that were drawn from N\\(0, I\\).*hello is no SMILES")));
  EXPECT_GT(run.facts["property"]["regressors"]["without_value"].get<int64_t>(), 0);
}

TEST(CommandDecoder, EndsMayBeLatents) {
  const auto folder = std::filesystem::path(testing::TempDir());
  const Tensor ends = at::tensor({1.5, -1.0, -1.5, -1.0}, at::kDouble).view({2, 2});
  write_npy(folder / "from.npy", ends[0]);
  write_npy(folder / "to.npy", ends[1]);
  write_npy(folder / "pairs.npy", at::stack({ends.flip(0), ends[0].expand({2, 2})}));
  MoleculesJob job = ethers_job();
  job.encoder_command = {};
  job.from = (folder / "from.npy").string();
  job.to = (folder / "to.npy").string();
  const MoleculesRun run = execute(job);
  EXPECT_EQ(run.results[0].path.steps.front().molecule.smiles(), molecule("CCCCCCCCCOC").smiles());
  EXPECT_TRUE(at::equal(run.results[0].nodes[0], ends[0]));
  EXPECT_TRUE(at::equal(run.results[0].nodes[-1], ends[1]));
  for (const MoleculeStep& step :
       run.results[0].path.steps)  // the value at the latent that was decoded to it
    EXPECT_EQ(std::max<int64_t>(0, static_cast<int64_t>(2.5 + step.value)), oxygens(step.molecule));
  job.from = job.to = "";
  job.pairs = (folder / "pairs.npy").string();
  const MoleculesRun list = execute(job);
  ASSERT_EQ(list.results.size(), 2U);
  EXPECT_EQ(list.places[1], "pair 2 of pairs.npy");
  EXPECT_TRUE(at::equal(list.results[0].nodes[0], ends[1]));
  EXPECT_TRUE(at::equal(list.results[1].nodes[0], list.results[1].nodes[-1]));
  EXPECT_EQ(list.results[1].start, "via-1") << "a loop";
}

TEST(CommandDecoder, FilesThatHoldNoLatentsOfOneModelAreRefused) {
  const auto folder = std::filesystem::path(testing::TempDir());
  const auto file = [&](const std::string& name, const Tensor& tensor) {
    write_npy(folder / name, tensor);
    return (folder / name).string();
  };
  const auto refusal = [](const std::string& from, const std::string& to, const std::string& loop = "",
                          const std::string& pairs = "") {
    return failure_of([&](MoleculesJob& job) {
      job.encoder_command = {};
      job.from = from;
      job.to = to;
      if (!loop.empty()) job.loop = loop;
      if (!pairs.empty()) job.pairs = pairs;
    });
  };
  const std::string two = file("two.npy", at::zeros({2})), three = file("three.npy", at::zeros({3})),
                    table = file("table.npy", at::zeros({4, 2})), none = file("none.npy", at::zeros({0})),
                    infinite = file("infinite.npy", at::ones({2}) / 0);
  EXPECT_THAT(refusal(two, three), HasSubstr("three.npy has 3: both are latents of one model"));
  EXPECT_THAT(refusal(two, infinite), HasSubstr("infinite.npy has values that are NaN or infinite"));
  EXPECT_THAT(refusal(two, none), HasSubstr("none.npy is empty"));
  EXPECT_THAT(refusal("", "", table), HasSubstr("table.npy has the shape [4, 2]: one latent is [D]"));
  EXPECT_THAT(refusal("", "", "", table), HasSubstr("[4, 2]: pairs of latents are [pairs, 2, D]"));
}

TEST(CommandDecoder, CodesSayWherePathsMayRun) {
  const auto file = std::filesystem::path(testing::TempDir()) / "codes.npy";
  at::Generator generator = make_generator(2);
  const Tensor codes = at::randn({200, 2}, generator, at::kDouble) * 0.5 + 1;
  write_npy(file, codes);
  MoleculesJob job = ethers_job();
  job.codes = file.string();
  EXPECT_GE(execute(job).results[0].path.between, 1);
  const PropertyModel model(codes);
  EXPECT_TRUE(at::allclose(model.sampler()(20000, generator).mean(0), codes.mean(0), 0, 0.02));
  for (const Tensor& wrong :
       {at::zeros({200, 2}), codes.select(1, 0).unsqueeze(1).expand({200, 2}).contiguous(),
        at::zeros({200, 3}), at::zeros({2, 2}), codes / 0}) {
    write_npy(file, wrong);
    EXPECT_THAT([&] { execute(job); },
                testing::ThrowsMessage<Error>(testing::AnyOf(
                    HasSubstr("has the shape"), HasSubstr("lie in a plane"), HasSubstr("NaN or infinite"))));
  }
}

TEST(CommandDecoder, AListGoesOnWithoutEndsThatHaveNoLatent) {
  const auto file = std::filesystem::path(testing::TempDir()) / "own.smi";
  write_file(file, "CCCCCCCCCOC CCN\nCCCCCCCCCOC CCCOC\n");
  MoleculesJob job = ethers_job();
  job.from = job.to = "";
  job.pairs = file.string();
  job.encoder_command = awk("no-nitrogen.awk", std::string("/N/ { print \"\"; next }\n") + kEncode);
  std::vector<std::string> warned;
  const MoleculesRun run =
      execute(job, {.warning = [&](const std::string& text) { warned.push_back(text); }});
  ASSERT_EQ(run.results.size(), 1U);
  EXPECT_EQ(run.places[0], "line 2 of own.smi");
  EXPECT_THAT(warned,
              testing::ElementsAre(HasSubstr("line 1 of own.smi: `encoder_command` has no latent for CCN")));
}

TEST(CommandDecoder, OptionsThatContradictAreRefused) {
  const auto refusal = [](const std::function<void(MoleculesJob&)>& change) -> std::string {
    MoleculesJob job = ethers_job();
    change(job);
    return refusal_of(job);
  };
  EXPECT_EQ(refusal([](MoleculesJob&) {}), "");
  EXPECT_THAT(refusal([](auto& j) { j.encoder_command = {}; }), HasSubstr("`encoder_command` is missing"));
  EXPECT_THAT(refusal([](auto& j) { j.decoder_command = {}; }), HasSubstr("`encoder_command` is for"));
  EXPECT_THAT(refusal([](auto& j) { j.decoder_command = j.encoder_command = {}, j.codes = "x.npy"; }),
              HasSubstr("`codes` is for"));
  EXPECT_THAT(refusal([](auto& j) { j.decoder_command = ""; }), HasSubstr("`decoder_command` is empty"));
  EXPECT_THAT(refusal([](auto& j) { j.encoder_command = "awk '"; }), HasSubstr("quote '"));
  EXPECT_THAT(refusal([](auto& j) { j.codes = ""; }), HasSubstr("`codes` is empty"));
  EXPECT_THAT(refusal([](auto& j) { j.model = "x.pt"; }), HasSubstr("`model` and `decoder_command`"));
  EXPECT_THAT(refusal([](auto& j) { j.from = "z.npy"; }), HasSubstr("both as SMILES or both as .npy"));
  EXPECT_THAT(refusal([](auto& j) { j.from = j.to = "z.npy"; }), HasSubstr("leave it out"));
  EXPECT_THAT(refusal([](auto& j) { j.property_molecules = 200; }), HasSubstr("`property_molecules` is for"));
}

}  // namespace
}  // namespace latentpath
