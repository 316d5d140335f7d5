#pragma once
// A folder with a small model and regressors for it, as `latentpath data jtvae-zinc` leaves one.

#include <nlohmann/json.hpp>

#include "latentpath/molecule/property_model.h"
#include "latentpath/molecule/published_jtvae.h"
#include "molecule/small_jtvae.h"

namespace latentpath {

/// Molecules of the small vocabulary.
inline std::vector<std::string> small_molecules() {
  std::vector<std::string> list;
  for (const std::string end : {"O", "N", "Cl", "c1ccccc1", "c1ccncc1", "C(=O)N", "C(=O)NC", "C=C", "C#N",
                                "C1CCCC1", "N1CCCCC1", "C(C)C", "OC", "NC(=O)C", "c1ccc(O)cc1"})
    for (int carbons = 1; carbons <= 10; ++carbons)
      list.push_back(std::string(static_cast<size_t>(carbons), 'C') + end);
  return list;
}

inline const std::filesystem::path& small_models() {
  static const std::filesystem::path folder = [] {
    auto place = std::filesystem::path(testing::TempDir()) / "small-models";
    std::filesystem::create_directories(place);
    std::filesystem::copy_file(write_small_jtvae(0.5, 32, 8, 3), published_jtvae_file(place),
                               std::filesystem::copy_options::overwrite_existing);
    const JunctionTreeVae vae(published_jtvae_file(place));
    const SyntheticAccessibility accessibility(find_fragment_scores());
    train_property_model(encode_molecules(vae, small_molecules(), accessibility), "for tests",
                         published_property_file(place), {.epochs = 200, .seed = 3});
    return place;
  }();
  return folder;
}

}  // namespace latentpath
