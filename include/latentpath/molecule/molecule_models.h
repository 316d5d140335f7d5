#pragma once
// The two files that paths between molecules need: a junction tree VAE, and beside it the regressors of
// properties on its latents.
//
//   const auto models = find_molecule_model_files("data/jtvae-zinc");   // a folder, a file or a name
//   JunctionTreeVae vae(models.vae);
//   PropertyModel regressors(models.properties);

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/molecule/encoded_molecules.h"

namespace latentpath {

struct MoleculeModelFiles {
  std::filesystem::path vae, properties;
};

/// Where the regressors for a model lie: X-properties.pt beside X.pt.
std::filesystem::path property_file_of(const std::filesystem::path& vae);

/// `model` is a file that `latentpath train jtvae` wrote, the name of one in `folders`, or a folder with one
/// such model, as `latentpath data jtvae-zinc` fills. Throws Error(kInput) where there is none.
MoleculeModelFiles find_molecule_model_files(const std::string& model,
                                             const std::vector<std::filesystem::path>& folders = {});

/// Encodes some of these molecules, kept in `encoding.folder` on the way, and trains regressors for the model
/// on them, which are written beside it.
/// @param data  where the molecules are from, for the card
/// @return the card
nlohmann::json train_regressors(const std::filesystem::path& vae, const std::vector<std::string>& smiles,
                                const std::string& data, const EncodingOptions& encoding = {},
                                const ProgressObserver& progress = {}, const CancellationToken& token = {});

}  // namespace latentpath
