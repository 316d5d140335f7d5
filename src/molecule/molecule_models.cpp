#include "latentpath/molecule/molecule_models.h"

#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/molecule/property_model.h"
#include "latentpath/zoo/model_store.h"

namespace latentpath {

namespace fs = std::filesystem;

fs::path property_file_of(const fs::path& vae) {
  return vae.parent_path() / (vae.stem().string() + "-properties.pt");
}

MoleculeModelFiles find_molecule_model_files(const std::string& model, const std::vector<fs::path>& folders) {
  if (!fs::is_directory(model)) {
    const auto vae = find_model_if_any(model, folders);
    LATENTPATH_CHECK(vae, kInput, "there is no file, folder or shipped model ", model,
                     " with a junction tree VAE: latentpath data jtvae-zinc fetches the published one, "
                     "latentpath train jtvae makes one");
    return {*vae, property_file_of(*vae)};
  }
  std::vector<MoleculeModelFiles> found;
  for (const fs::path& file : list_models({model}))
    if (fs::is_regular_file(property_file_of(file))) found.push_back({file, property_file_of(file)});
  LATENTPATH_CHECK(!found.empty(), kInput, "the folder ", model,
                   " has no junction tree VAE with regressors of properties beside it: latentpath data "
                   "jtvae-zinc fetches one, latentpath train jtvae makes one");
  LATENTPATH_CHECK(found.size() == 1, kInput, "the folder ", model, " has ", found.size(),
                   " junction tree VAEs: name the file of one, ", found[0].vae.string(), " or ",
                   found[1].vae.string());
  return found[0];
}

nlohmann::json train_regressors(const fs::path& vae, const std::vector<std::string>& smiles,
                                const std::string& data, const EncodingOptions& encoding,
                                const ProgressObserver& progress, const CancellationToken& token) {
  const JunctionTreeVae model(vae);
  const SyntheticAccessibility accessibility(find_fragment_scores({vae.parent_path()}));
  const EncodedMolecules encoded = encode_molecules(model, smiles, accessibility, encoding, progress, token);
  return train_property_model(encoded, model.describe(), property_file_of(vae), {.data = data}, progress,
                              token);
}

}  // namespace latentpath
