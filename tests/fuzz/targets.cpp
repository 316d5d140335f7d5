#include <ATen/ATen.h>
#include <torch/script.h>
#include <zlib.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "fuzz/fuzz.h"
#include "latentpath/core/error.h"
#include "latentpath/io/archive.h"
#include "latentpath/io/csv.h"
#include "latentpath/io/file.h"
#include "latentpath/io/image.h"
#include "latentpath/io/npy.h"
#include "latentpath/models/mixture_file.h"
#include "latentpath/models/torchscript_decoder.h"
#include "latentpath/models/torchscript_module.h"
#include "latentpath/report/html_report.h"
#include "latentpath/run/evaluation_table.h"
#include "latentpath/run/option_values.h"
#include "run/evaluation_state.h"

namespace latentpath::fuzz {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Corpus = std::vector<std::string>;

uint32_t checksum(const char* bytes, size_t count) {
  return static_cast<uint32_t>(
      ::crc32(0, reinterpret_cast<const unsigned char*>(bytes), static_cast<uInt>(count)));
}

uint64_t number_at(const std::string& bytes, size_t at, int count, bool big_endian = false) {
  uint64_t value = 0;
  for (int i = 0; i < count; ++i) {
    const size_t place = at + static_cast<size_t>(big_endian ? i : count - 1 - i);
    value = value << 8 | static_cast<unsigned char>(bytes[place]);
  }
  return value;
}

void put(std::string& bytes, size_t at, uint32_t value, bool big_endian = false) {
  for (size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> 8 * (big_endian ? 3 - i : i));
}

Corpus npy_corpus(const fs::path& folder) {
  Corpus corpus;
  for (const Tensor& array : {at::rand({3, 4}), at::rand({5}, at::kDouble), at::arange(24).reshape({2, 3, 4}),
                              at::ones({2, 2}, at::kBool), at::zeros({0, 3})}) {
    write_npy(folder / "a.npy", array);
    corpus.push_back(read_file(folder / "a.npy"));
  }
  return corpus;
}

Corpus csv_corpus(const fs::path&) {
  return {"x,y\n1,2.5\n-0.03,4\n0,6\n",    "1;2,5\n-0,03;4\n",
          "0,1\n0.5,0.25\n0.125,3\n",      ",x,y\n0,1.5,2\n1,2,3.5\n",
          "# a comment\r\n1 2\r\n3 4\r\n", "\"x\"\t\"y\"\n1e-3\t2\n",
          "\xef\xbb\xbf\x31,2,\n3,4,\n",   "1\r2\r3\r"};
}

Corpus image_corpus(const fs::path&) {
  Corpus corpus;
  for (const Tensor& image :
       {at::randint(0, 256, {8, 6}).to(at::kByte), at::randint(0, 256, {5, 7, 3}).to(at::kByte)})
    corpus.push_back(encode_png(image));
  corpus.push_back("P6\n2 1\n255\n" + std::string("\x01\x02\x03\x04\x05\x06"));
  corpus.push_back("P2\n3 2\n255\n0 1 2\n3 4 255\n");
  return corpus;
}

/// Each chunk of a PNG gets the checksum of what it now holds.
std::string mend_png(std::string bytes) {
  for (size_t at = 8; at + 12 <= bytes.size();) {
    const uint64_t length = number_at(bytes, at, 4, true);
    if (length > bytes.size() - at - 12) break;
    put(bytes, at + 8 + length, checksum(&bytes[at + 4], length + 4), true);
    at += length + 12;
  }
  return bytes;
}

Corpus mixture_corpus(const fs::path& folder) {
  write_mixture(folder / "m.json", *semicircle(2));
  return {
      read_file(folder / "m.json"),
      R"({"weights": [0.5, 0.5], "means": [[0, 3], [0, -3]], "covariances": [[[1, 0.5], [0.5, 1]], [1, 2]]})",
      R"({"means": [[0]], "covariances": [2]})"};
}

Corpus settings_corpus(const fs::path&) {
  return {"segments = 32\nfavor = [8, \"nine\"]\nloop = true\nepsilon = 0.1  # a comment\n",
          "[interpolate]\ndecoder = \"a \\\"b\\\" c\"\n[geodesic]\nx = 1\n",
          "decoder = 'plain'\n\nfavor = [\n1,\n2\n]\n"};
}

void read_settings(const fs::path& file) {
  struct Asked {
    std::string decoder;
    int64_t segments = 0;
    double epsilon = 0;
    std::vector<std::string> favor;
    bool loop = false;
  } asked;
  static const auto table = OptionTable<Asked>()
                                .add("decoder", &Asked::decoder)
                                .add("segments", &Asked::segments)
                                .add("epsilon", &Asked::epsilon)
                                .add("favor", &Asked::favor)
                                .add("loop", &Asked::loop);
  CLI::App app;
  app.add_option("--decoder", asked.decoder);
  app.add_option("--segments", asked.segments);
  app.add_option("--epsilon", asked.epsilon);
  app.add_option("--favor", asked.favor);
  app.add_flag("--loop", asked.loop);
  auto arguments =
      settings_arguments(file.string(), {"interpolate", table.bind(asked), {"interpolate", "geodesic"}}, {});
  try {
    std::reverse(arguments.begin(), arguments.end());
    app.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {  // exit code 2
    throw Error(ErrorKind::kArgument, error.what());
  }
}

Corpus run_corpus(const fs::path&) {
  const json figures{
      {"cost", 1.5}, {"length", 2}, {"termination", "converged"}, {"values", {{"a", {{"mean", 1}}}}}};
  const json data{{"kind", "interpolate"},
                  {"verdict", {{"headline", "A path"}, {"facts", {{{"label", "a"}, {"value", "b"}}}}}},
                  {"warnings", {"one", "two"}},
                  {"pairs", {{{"path", figures}, {"linear", figures}}}},
                  {"rows", {{{"name", "r"}, {"values", {{"m", {{"mean", 2.5}}}}}}}},
                  {"notes", {"/root/secret/file.pt"}}};
  return {data.dump(1), R"({"kind": "measures", "summary": {"a": 1e300, "b": null, "c": [1, "2", {}]}})"};
}

void read_run(const fs::path& file) {
  const fs::path run = file.parent_path() / "run";
  fs::create_directories(run / "report");
  fs::copy_file(file, run / "report" / "data.json", fs::copy_options::overwrite_existing);
  write_html_report(run, /*plain=*/true);
  if (has_interactive_report()) write_html_report(run, /*plain=*/false);
}

json state_print() { return {{"version", "1"}, {"options", {{"a", 1}}}, {"files", json::object()}}; }

Corpus state_corpus(const fs::path&) {
  EvaluatedPath path;
  path.termination = "converged";
  path.start = "linear";
  path.quality = {0.5, 1};
  path.step = {0.25};
  return {evaluated_batch_json({{path}, {"a warning"}}).dump(), state_print().dump()};
}

/// Damaged batches are evaluated again, so only options.json can be refused.
void read_state(const fs::path& file) {
  const fs::path run = file.parent_path() / "table", partial = run.string() + ".partial";
  fs::remove_all(partial);
  const EvaluationState state(run, state_print(), false, false);
  fs::copy_file(file, partial / "batch.json");
  const auto batch = state.load("batch", 0, 1);
  if (batch) return;
  fs::copy_file(file, partial / "options.json", fs::copy_options::overwrite_existing);
  const EvaluationState resumed(run, state_print(), true, false);
}

Corpus torchscript_corpus(const fs::path& folder) {
  torch::jit::Module module("Decoder");
  module.register_parameter("weight", at::rand({3, 6}), false);
  module.register_attribute("training", c10::BoolType::get(), true);
  module.register_attribute("latent_dim", c10::IntType::get(), int64_t{3});
  module.define(
      "def forward(self, z):\n    return torch.tanh(torch.matmul(z, self.weight)).reshape([z.size(0), 1, 2, "
      "3])\n");
  module.save((folder / "d.pt").string());
  return {read_file(folder / "d.pt")};
}

/// Every member gets the checksum of what it now holds.
std::string mend_archive(std::string bytes) {
  const std::string entry("PK\1\2");
  for (size_t at = bytes.find(entry); at != std::string::npos && at + 46 <= bytes.size();
       at = bytes.find(entry, at + 4)) {
    const uint64_t size = number_at(bytes, at + 20, 4), local = number_at(bytes, at + 42, 4);
    if (local + 30 > bytes.size()) continue;
    const uint64_t begin = local + 30 + number_at(bytes, local + 26, 2) + number_at(bytes, local + 28, 2);
    if (begin > bytes.size() || size > bytes.size() - begin) continue;
    put(bytes, at + 16, checksum(bytes.data() + begin, size));
  }
  return bytes;
}

Corpus exported_program_corpus(const fs::path&) {
  // Its members are not deflated, so that mend_archive() finds their contents.
  return {
      read_file(fs::path(LATENTPATH_TEST_SOURCE) / "tests" / "models" / "exported_programs" / "Stored.pt2")};
}

void read_decoder(const fs::path& file) {
  const auto decoder = load_decoder(file);
  if (decoder->latent_dim() < 0) decoder->set_latent_dim(3);
  LATENTPATH_CHECK(decoder->latent_dim() < 1000, kInput, "a decoder of another latent size");
  try {
    decoder->check(0);
  } catch (const Error& error) {
    // NaN among its weights is what a file may hold.
    throw Error(ErrorKind::kInput, error.what());
  }
}

}  // namespace

std::vector<Target> targets() {
  TorchScriptModule::load_in_child_process_first(true);
  std::vector<Target> all{{"npy", npy_corpus, [](const fs::path& file) { read_npy(file); }},
                          {"csv", csv_corpus,
                           [](const fs::path& file) {
                             std::vector<std::string> notes;
                             read_csv(file, &notes);
                           }},
                          {"image", image_corpus,
                           [](const fs::path& file) {
                             std::vector<std::string> notes;
                             read_image(file, &notes);
                           },
                           mend_png},
                          {"settings", settings_corpus, read_settings},
                          {"mixture", mixture_corpus, [](const fs::path& file) { read_mixture(file); }},
                          {"run", run_corpus, read_run},
                          {"evaluation-state", state_corpus, read_state},
                          {"archive", torchscript_corpus,
                           [](const fs::path& file) { check_archive(file, file.string()); }, mend_archive},
                          {"torchscript", torchscript_corpus, read_decoder, mend_archive},
                          {"exported-program", exported_program_corpus, read_decoder, mend_archive}};
#ifdef LATENTPATH_FUZZ_MOLECULES
  for (Target& target : molecule_targets()) all.push_back(std::move(target));
#endif
  return all;
}

}  // namespace latentpath::fuzz
