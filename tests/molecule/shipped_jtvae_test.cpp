// The junction tree VAE in models/ is what its card says.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "latentpath/molecule/jtvae.h"
#include "latentpath/molecule/molecule_models.h"
#include "latentpath/molecule/property_model.h"
#include "latentpath/zoo/model_store.h"

namespace latentpath {
namespace {

class ShippedJtvae : public testing::Test {
 protected:
  MoleculeModelFiles files_ = find_molecule_model_files("jtvae-moses", {LATENTPATH_TEST_MODELS});
  JunctionTreeVae vae_{files_.vae};
};

TEST_F(ShippedJtvae, IsTheFileOfItsCard) {
  const nlohmann::json card = read_card(files_.vae), regressors = read_card(files_.properties);
  EXPECT_EQ(card["name"], "jtvae-moses");
  EXPECT_EQ(card["sha256"], file_sha256(files_.vae));
  EXPECT_EQ(card["latent_dim"], vae_.latent_dim());
  EXPECT_EQ(card["clusters"], vae_.vocabulary().size());
  EXPECT_EQ(PropertyModel(files_.properties).latent_dim(), vae_.latent_dim());
  EXPECT_LT(std::filesystem::file_size(files_.vae) + std::filesystem::file_size(files_.properties),
            12'000'000);
  EXPECT_GE(card["figures"]["reconstructed_from_the_mean"].get<double>(), 0.6);
  EXPECT_GE(card["figures"]["reconstructed_with_exact_ends"].get<double>(), 0.9);
  for (const std::string& property : latent_properties())
    EXPECT_GT(regressors["figures"][property]["r2"].get<double>(), 0.3) << property;
}

/// As often as the card says, but for chance: three standard deviations of 60 molecules.
TEST_F(ShippedJtvae, ReconstructsMoleculesOfMoses) {
  std::ifstream table(std::filesystem::path(LATENTPATH_TEST_SOURCE) /
                      "tests/molecule/reference_properties.csv");
  std::string line;
  std::getline(table, line);
  int known = 0, same = 0;
  while (known < 60 && std::getline(table, line)) {
    const Molecule molecule = parse_molecule(line.substr(0, line.find(',')), "a molecule").molecule;
    if (!vae_.unknown_fragments(molecule).empty()) continue;
    ++known;
    const DecodedMolecule decoded = vae_.decode(vae_.encode({molecule}))[0];
    EXPECT_FALSE(decoded.gave_up);
    same += decoded.molecule.smiles() == molecule.smiles();
  }
  ASSERT_EQ(known, 60);
  const double share = read_card(files_.vae)["figures"]["reconstructed_from_the_mean"];
  EXPECT_GE(same, 60 * share - 3 * std::sqrt(60 * share * (1 - share)));
}

}  // namespace
}  // namespace latentpath
