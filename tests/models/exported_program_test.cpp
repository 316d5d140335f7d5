// Files of torch.export.save, written by torch 2.15 (exported_programs/make): what they map and their
// derivatives are PyTorch's own, and what cannot be run is refused in a sentence.

#include "latentpath/models/exported_program.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <random>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"
#include "latentpath/models/classifier.h"
#include "latentpath/models/torchscript_decoder.h"

namespace latentpath::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::TestWithParam;

const std::filesystem::path kFolder =
    std::filesystem::path(LATENTPATH_TEST_SOURCE) / "tests" / "models" / "exported_programs";

std::filesystem::path file_of(const std::string& kind) { return kFolder / (kind + ".pt2"); }

nlohmann::json truth_of(const std::string& kind) {
  return nlohmann::json::parse(read_file(kFolder / "truth.json")).at(kind);
}

/// Rows of the truth, over and over until there are `batch` of them.
Tensor rows(const nlohmann::json& truth, const char* key, std::vector<int64_t> shape, int64_t batch) {
  const auto numbers = truth.at(key).get<std::vector<double>>();
  shape.insert(shape.begin(), 3);
  return at::tensor(numbers, at::kDouble).view(shape).index_select(0, at::arange(batch) % 3).to(at::kFloat);
}

void expect_near(const Tensor& actual, const Tensor& expected, const char* what) {
  ASSERT_EQ(actual.sizes(), expected.sizes()) << what;
  // float32 against float64: some hundred operations, each good to 6e-8 of the largest number in it.
  const double scale = std::max(1.0, expected.abs().max().item<double>());
  EXPECT_LT((actual - expected).abs().max().item<double>(), 1e-5 * scale) << what;
}

std::string refusal(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "accepted";
}

class ExportedKind : public TestWithParam<const char*> {};

TEST_P(ExportedKind, MapsAndDerivesAsPyTorchDoes) {
  const nlohmann::json truth = truth_of(GetParam());
  const auto decoder = load_decoder(file_of(GetParam()));
  EXPECT_EQ(decoder->latent_dim(), 4);  // of its input's shape
  EXPECT_TRUE(decoder->concurrent());
  for (const int64_t batch : {1, 3, 129}) {
    const Tensor z = rows(truth, "z", {4}, batch), u = rows(truth, "u", {4}, batch);
    const auto shape = truth.at("shape").get<std::vector<int64_t>>();
    const Tensor expected = rows(truth, "output", shape, batch);
    expect_near((*decoder)(z), expected, "map");
    const Tensor v = at::linspace(-1, 1, 3 * expected[0].numel(), at::kDouble)
                         .view({3, -1})
                         .index_select(0, at::arange(batch) % 3)
                         .to(at::kFloat)
                         .view_as(expected);
    const Tensor input = z.clone().requires_grad_();
    const auto gradient = torch::autograd::grad({(*decoder)(input)}, {input}, {v});
    expect_near(gradient[0], rows(truth, "vjp", {4}, batch), "vjp");
    expect_near(decoder->jvp(z, u), rows(truth, "jvp", shape, batch), "jvp");
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, ExportedKind,
                         ::testing::Values("Attention", "CausalAttention", "Modulated", "GroupNorm",
                                           "Fourier", "LinearAlgebra", "Rotary", "WeightNorm", "Recurrent",
                                           "Upsampling", "Embeddings", "Transposed", "RootMeanSquare",
                                           "Decomposed", "DecomposedAttention", "OlderLayout", "Stored"),
                         [](const auto& kind) { return kind.param; });

}  // namespace

TEST(ExportedProgram, ConvertsToDoublePrecision) {
  const nlohmann::json truth = truth_of("RootMeanSquare");
  DecoderOptions options;
  options.dtype = "float64";
  const auto decoder = load_decoder(file_of("RootMeanSquare"), options);
  EXPECT_EQ(decoder->dtype(), "float64");
  const auto double_rows = [&](const char* key) {
    return at::tensor(truth.at(key).get<std::vector<double>>(), at::kDouble).view({3, 4});
  };
  const Tensor output = (*decoder)(double_rows("z"));
  EXPECT_EQ(output.scalar_type(), at::kDouble);
  // The graph's float32 constants too: rounding of nine digits is left.
  EXPECT_TRUE(at::allclose(output, double_rows("output"), 1e-8, 1e-8));
}

TEST(ExportedProgram, StatesWhatItsExtraFilesSay) {
  for (const char* kind : {"Transposed", "OlderLayout"}) {
    const auto decoder = load_decoder(file_of(kind));
    ASSERT_TRUE(decoder->output_range()) << kind;
    EXPECT_EQ(decoder->output_range()->low, -1);
    EXPECT_TRUE(decoder->check(0).empty());
  }
  const TorchScriptModule module(file_of("Transposed"), "decoder", "", "cpu");
  EXPECT_EQ(module.string_attribute("prior"), "normal");
  EXPECT_EQ(module.strings_attribute("class_names"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(module.integer_attribute("latent_dim"), 4);
  EXPECT_EQ(module.convolution_channels(), 3);
  EXPECT_GT(module.operations_per_point(), 100);
}

TEST(ExportedProgram, GivesTuplesAndDictionaries) {
  ZipArchive archive(file_of("Pair"), "the file Pair.pt2");
  const ExportedProgram program(archive, {});
  const Tensor z = at::randn({5, 4});
  const Tensor before = z.clone();
  const c10::IValue result = program.run({z});
  ASSERT_TRUE(result.isTuple());
  EXPECT_EQ(result.toTupleRef().elements()[0].toTensor().sizes(), at::IntArrayRef({5, 3}));
  EXPECT_TRUE(result.toTupleRef().elements()[1].toGenericDict().contains("scale"));
  EXPECT_TRUE(at::equal(z, before));
}

TEST(ExportedProgram, TakesAListOfTensors) {
  const auto decoder = load_decoder(file_of("Parts"));
  EXPECT_EQ(decoder->latent_dim(), 7);  // its attribute latent_shapes is [[3], [2, 2]]
  const Tensor z = at::randn({5, 7});
  EXPECT_TRUE(at::allclose((*decoder)(z), z.narrow(1, 0, 3) * z.narrow(1, 3, 4).sum(1, true)));
}

TEST(ExportedProgram, WhatCannotBeRunIsRefused) {
  const auto load = [](const char* kind) { return refusal([kind] { load_decoder(file_of(kind)); }); };
  EXPECT_THAT(load("Noise"),
              AllOf(HasSubstr("Noise.pt2"), HasSubstr("aten::randn_like"), HasSubstr("eval()")));
  EXPECT_THAT(load("Branch"), HasSubstr("torch.ops.higher_order.cond"));
  EXPECT_THAT(load("Counter"), HasSubstr("writes into its own buffer"));
  EXPECT_THAT(load("TrainingMode"), HasSubstr("export the model after .eval()"));
  EXPECT_THAT(load("OneBatch"), AllOf(HasSubstr("batches of 2"), HasSubstr("dynamic_shapes")));
  EXPECT_THAT(load("TwoInputs"), HasSubstr("needs 'label' beside the latent 'z'"));
  EXPECT_THAT(load("CustomOperation"), AllOf(HasSubstr("somebody::own"), HasSubstr("custom operation")));
}

namespace {

std::string little_endian(uint64_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

/// The archive `from` with `change` applied to the document of its program, and all checksums 0: one that was
/// written without any.
std::string with_program(const std::string& from, const std::function<void(nlohmann::json&)>& change) {
  ZipArchive archive(file_of(from), from);
  std::string bytes, directory;
  for (const std::string& name : archive.members()) {
    std::string contents = archive.read(name);
    if (name == from + "/models/model.json") {
      nlohmann::json document = nlohmann::json::parse(contents);
      change(document);
      contents = document.dump();
    }
    const std::string sizes = little_endian(0, 4) + little_endian(contents.size(), 4) +
                              little_endian(contents.size(), 4) + little_endian(name.size(), 2);
    directory += std::string("PK\1\2", 4) + little_endian(0, 12) + sizes + little_endian(0, 12) +
                 little_endian(bytes.size(), 4) + name;
    bytes += std::string("PK\3\4", 4) + little_endian(0, 10) + sizes + little_endian(0, 2) + name + contents;
  }
  const size_t offset = bytes.size();
  return bytes + directory + std::string("PK\5\6", 4) + little_endian(0, 4) +
         little_endian(archive.members().size(), 2) + little_endian(archive.members().size(), 2) +
         little_endian(directory.size(), 4) + little_endian(offset, 4) + little_endian(0, 2);
}

class ExportedFile : public ::testing::Test {
 protected:
  void SetUp() override {
    file_ = std::filesystem::temp_directory_path() / "latentpath-exported-program-test.pt2";
  }
  void TearDown() override { std::filesystem::remove(file_); }

  std::string load(const std::string& bytes) {
    write_file(file_, bytes);
    return refusal([&] {
      const auto decoder = load_decoder(file_);
      if (decoder->latent_dim() < 0) decoder->set_latent_dim(4);
      try {
        decoder->check(0);
      } catch (const Error& error) {
        throw Error(ErrorKind::kInput, error.what());  // NaN is what a file may hold
      }
    });
  }
  std::string changed(const std::function<void(nlohmann::json&)>& change) {
    return load(with_program("Transposed", change));
  }

  std::filesystem::path file_;
};

nlohmann::json& nodes(nlohmann::json& program) { return program["graph_module"]["graph"]["nodes"]; }

}  // namespace

TEST_F(ExportedFile, SaysWhatIsWrongWithItsProgram) {
  EXPECT_EQ(changed([](nlohmann::json&) {}), "accepted");
  EXPECT_THAT(changed([](nlohmann::json& p) { p["schema_version"]["major"] = 9; }),
              AllOf(HasSubstr("version 9."), HasSubstr("torch 2.5 to 2.15")));
  EXPECT_THAT(
      changed([](nlohmann::json& p) { nodes(p)[1]["target"] = "torch.ops.aten.of_next_year.default"; }),
      AllOf(HasSubstr("by torch 2.15"), HasSubstr("aten::of_next_year"), HasSubstr("newer LibTorch")));
  EXPECT_THAT(changed([](nlohmann::json& p) {
                p["graph_module"]["signature"]["input_specs"][0]["parameter"]["parameter_name"] = "elsewhere";
              }),
              HasSubstr("no numbers for 'elsewhere'"));
  EXPECT_THAT(changed([](nlohmann::json& p) { std::swap(nodes(p)[0], nodes(p)[1]); }),
              HasSubstr("used before it is computed"));
  EXPECT_THAT(changed([](nlohmann::json& p) {
                nodes(p)[0]["inputs"][0]["arg"]["as_tensor"]["name"] =
                    nodes(p)[0]["outputs"][0]["as_tensor"]["name"];
              }),
              HasSubstr("used before it is computed"));
  EXPECT_THAT(changed([](nlohmann::json& p) { nodes(p)[0]["inputs"][0]["name"] = "unheard_of"; }),
              HasSubstr("'unheard_of'"));
  EXPECT_THAT(changed([](nlohmann::json& p) { nodes(p)[0]["target"] = "torch.ops.aten.from_file.default"; }),
              HasSubstr("another file"));
  EXPECT_THAT(changed([](nlohmann::json& p) { p.erase("graph_module"); }), HasSubstr("is damaged"));
  EXPECT_THAT(load("PK no archive"), HasSubstr("torch.export.save"));
}

TEST_F(ExportedFile, DamageIsAnErrorAndNeverMore) {
  const std::string whole = read_file(file_of("Transposed"));
  for (size_t length = 0; length < whole.size(); length += 97)
    EXPECT_NE(load(whole.substr(0, length)), "accepted") << length;
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    std::string bytes = whole;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    load(bytes);
  }
  // Beyond the checksums: each value of the program in turn becomes one of another type.
  nlohmann::json program;
  with_program("Transposed", [&](nlohmann::json& p) { program = p; });
  const nlohmann::json flat = program.flatten();
  const std::vector<nlohmann::json> others{-1, "x", nullptr, nlohmann::json::array(), 1e300, true};
  int refused = 0, tried = 0;
  for (const auto& [pointer, value] : flat.items()) {
    if (tried++ % 3 != 0) continue;  // a third of them, for the sake of time
    refused += changed([&, where = pointer](nlohmann::json& p) {
                 p[nlohmann::json::json_pointer(where)] = others[random() % others.size()];
               }) != "accepted";
  }
  EXPECT_GT(refused, tried / 10);
}

}  // namespace latentpath::testing
