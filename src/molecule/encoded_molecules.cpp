#include "latentpath/molecule/encoded_molecules.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/io/npy.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPart = 1000, kTogether = 64;

/// A part: rows [n, 1 + properties + D] float64 of place in the list, properties, latent. float64 holds
/// places and float32 alike.
struct Part {
  int64_t first, count;  ///< of the molecules that are taken
  fs::path file;         ///< none: kept nowhere
};

int64_t columns(int64_t latents) { return 1 + static_cast<int64_t>(latent_properties().size()) + latents; }

/// Whether it holds what this part would: an earlier run's, whole.
bool fits(const Tensor& rows, const Part& part, int64_t latents, int64_t wanted, int64_t available) {
  if (rows.dim() != 2 || rows.size(1) != columns(latents) || rows.size(0) > part.count) return false;
  if (rows.size(0) == 0) return true;
  const Tensor places = rows.select(1, 0);
  const int64_t first = part.first * available / wanted;
  const int64_t last = (part.first + part.count - 1) * available / wanted;
  return places.min().item<double>() >= static_cast<double>(first) &&
         places.max().item<double>() <= static_cast<double>(last) && at::isfinite(rows).all().item<bool>();
}

Tensor encode_part(const JunctionTreeVae& vae, const std::vector<std::string>& smiles,
                   const SyntheticAccessibility& accessibility, const Part& part, int64_t wanted,
                   const CancellationToken& token) {
  const auto available = static_cast<int64_t>(smiles.size());
  std::vector<Tensor> blocks;
  std::vector<Molecule> waiting;
  std::vector<double> facts;
  const auto encode_waiting = [&] {
    if (waiting.empty()) return;
    const Tensor known = at::tensor(facts, at::kDouble).view({static_cast<int64_t>(waiting.size()), -1});
    blocks.push_back(at::cat({known, vae.encode(waiting).to(at::kDouble)}, 1));
    waiting.clear();
    facts.clear();
  };
  for (int64_t i = part.first; i < part.first + part.count; ++i) {
    LATENTPATH_CHECK(!token.cancelled(), kInterrupted, "interrupted while encoding molecules: ",
                     part.file.empty() ? "nothing is kept"
                                       : "what is encoded stays in " + part.file.parent_path().string() +
                                             ", and the same command goes on from there");
    const auto at = static_cast<size_t>(i * available / wanted);
    const auto molecule = readable_molecule(smiles[at], "a molecule");
    if (!molecule || !vae.unknown_fragments(*molecule).empty()) continue;
    const MoleculeProperties properties = properties_of(*molecule, accessibility);
    facts.push_back(static_cast<double>(at));
    for (size_t column = 0; column < latent_properties().size(); ++column)
      facts.push_back(property_value(properties, static_cast<int64_t>(column)));
    waiting.push_back(*molecule);
    if (static_cast<int64_t>(waiting.size()) == kTogether) encode_waiting();
  }
  encode_waiting();
  return blocks.empty() ? at::zeros({0, columns(vae.latent_dim())}, at::kDouble) : at::cat(blocks);
}

}  // namespace

const std::vector<std::string>& latent_properties() {
  static const std::vector<std::string> names{"logp", "qed", "sa"};
  return names;
}

int64_t latent_property(const std::string& name) {
  const auto& names = latent_properties();
  const auto found = std::find(names.begin(), names.end(), name);
  LATENTPATH_CHECK(found != names.end(), kArgument, "there is no property '", name,
                   "': choose logp, qed or sa");
  return found - names.begin();
}

double property_value(const MoleculeProperties& properties, int64_t column) {
  return column == 0 ? properties.log_p : column == 1 ? properties.qed : properties.sa;
}

EncodedMolecules encode_molecules(const JunctionTreeVae& vae, const std::vector<std::string>& smiles,
                                  const SyntheticAccessibility& accessibility, const EncodingOptions& options,
                                  const ProgressObserver& progress, const CancellationToken& token) {
  const auto available = static_cast<int64_t>(smiles.size());
  const int64_t wanted = std::min(options.molecules, available);
  if (!options.folder.empty()) {
    std::error_code failure;
    fs::create_directories(options.folder, failure);
    LATENTPATH_CHECK(!failure, kInput, "cannot create the folder ", options.folder.string(), ": ",
                     failure.message());
  }
  std::vector<Tensor> parts;
  for (int64_t first = 0; first < wanted; first += kPart) {
    Part part{first, std::min(kPart, wanted - first), {}};
    Tensor rows;
    if (!options.folder.empty()) {
      part.file = options.folder / (std::to_string(wanted) + "-of-" + std::to_string(available) + "-from-" +
                                    std::to_string(first) + ".npy");
      try {
        if (fs::is_regular_file(part.file)) rows = read_npy(part.file).to(at::kDouble);
      } catch (const Error&) {
        // A damaged part is made anew.
      }
    }
    if (!rows.defined() || !fits(rows, part, vae.latent_dim(), wanted, available)) {
      rows = encode_part(vae, smiles, accessibility, part, wanted, token);
      if (!part.file.empty()) {
        auto unfinished = part.file;
        unfinished.replace_extension(".partial.npy");
        write_npy(unfinished, rows);
        fs::rename(unfinished, part.file);
      }
    }
    parts.push_back(rows);
    if (progress) progress({"encoding molecules", first + part.count, wanted, 0});
  }
  LATENTPATH_CHECK(!parts.empty(), kArgument, "there are no molecules to encode");
  const Tensor all = at::cat(parts);
  const auto properties = static_cast<int64_t>(latent_properties().size());
  return {all.select(1, 0).to(at::kLong), all.narrow(1, 1 + properties, vae.latent_dim()).to(at::kFloat),
          all.narrow(1, 1, properties).to(at::kFloat), wanted - all.size(0)};
}

}  // namespace latentpath
