#include "latentpath/molecule/encoded_molecules.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"
#include "molecule/small_models.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;

TEST(EncodedMolecules, AreTheEncodersCodesAndTheTrueProperties) {
  const JunctionTreeVae vae(published_jtvae_file(small_models()));
  const SyntheticAccessibility accessibility(find_fragment_scores());
  // The second has an unknown fragment, and the third is no molecule.
  const std::vector<std::string> list{"CCCO", "CCBr", "C1CC", "CCCCN"};
  const EncodedMolecules known = encode_molecules(vae, list, accessibility);
  EXPECT_EQ(known.left_out, 2);
  ASSERT_EQ(known.codes.size(0), 2);
  EXPECT_EQ(known.rows[1].item<int64_t>(), 3);
  const Molecule last = parse_molecule("CCCCN", "it").molecule;
  // Batches of one and of several round differently in float32.
  EXPECT_TRUE(at::allclose(known.codes[1], vae.encode({last})[0], 1e-4, 1e-5));
  EXPECT_FLOAT_EQ(known.values[1][0].item<float>(), static_cast<float>(log_p(last)));
}

TEST(EncodedMolecules, GoOnWhereAnEarlierCallWasInterrupted) {
  const JunctionTreeVae vae(published_jtvae_file(small_models()));
  const SyntheticAccessibility accessibility(find_fragment_scores());
  std::vector<std::string> list;
  for (int i = 0; i < 20; ++i)
    for (const std::string& smiles : small_molecules()) list.push_back(smiles);
  const auto folder = fs::path(testing::TempDir()) / "encoded";
  fs::remove_all(folder);
  const CancellationToken token;
  const EncodingOptions options{.molecules = 2500, .folder = folder};
  EXPECT_THROW(encode_molecules(
                   vae, list, accessibility, options, [&](const Progress&) { token.cancel(); }, token),
               Error);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
  int64_t parts = 0;
  const EncodedMolecules known =
      encode_molecules(vae, list, accessibility, options, [&](const Progress&) { ++parts; });
  EXPECT_EQ(parts, 3);
  const EncodedMolecules whole = encode_molecules(vae, list, accessibility, {.molecules = 2500});
  EXPECT_TRUE(at::equal(known.codes, whole.codes));
  EXPECT_TRUE(at::equal(known.rows, whole.rows));
  // A damaged part is made anew.
  write_file(fs::directory_iterator(folder)->path(), "damaged");
  EXPECT_TRUE(at::equal(encode_molecules(vae, list, accessibility, options).values, whole.values));
}

}  // namespace
}  // namespace latentpath
