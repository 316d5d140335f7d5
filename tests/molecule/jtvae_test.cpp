#include "latentpath/molecule/jtvae.h"

#include <gmock/gmock.h>

#include <set>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/io/file.h"
#include "molecule/small_jtvae.h"

namespace latentpath {
namespace {

using testing::HasSubstr;

Molecule molecule(const std::string& smiles) { return parse_molecule(smiles, "a molecule").molecule; }

std::string refusal(const std::function<void()>& call, ErrorKind kind) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  return "";
}

TEST(JunctionTreeVae, DecodesEveryLatentToAMolecule) {
  const JunctionTreeVae vae(write_small_jtvae());
  at::Generator generator = make_generator(1);
  for (const double spread : {1.0, 5.0, 40.0}) {
    const Tensor z = at::randn({12, vae.latent_dim()}, generator, at::kFloat) * spread;
    std::set<std::string> different;
    for (const DecodedMolecule& decoded : vae.decode(z)) {
      const std::string& smiles = decoded.molecule.smiles();
      EXPECT_GE(decoded.molecule.atoms(), 1);
      // What it says is canonical and can be read again.
      EXPECT_EQ(parse_molecule(smiles, "what was decoded", {.neutralise = false, .most_atoms = 10000})
                    .molecule.smiles(),
                smiles);
      different.insert(smiles);
    }
    EXPECT_GT(different.size(), 3U) << spread;
  }
}

TEST(JunctionTreeVae, TheSameLatentDecodesAlikeWhateverItsNeighbours) {
  const JunctionTreeVae vae(write_small_jtvae());
  at::Generator generator = make_generator(2);
  const Tensor z = at::randn({6, vae.latent_dim()}, generator, at::kFloat) * 3;
  const auto together = vae.decode(z);
  const JunctionTreeVae fresh(write_small_jtvae());  // that remembers nothing yet
  for (int64_t i = z.size(0); i-- > 0;) {
    const DecodedMolecule alone = fresh.decode(z.narrow(0, i, 1))[0];
    EXPECT_EQ(alone.molecule.smiles(), together[static_cast<size_t>(i)].molecule.smiles());
    EXPECT_EQ(alone.partial, together[static_cast<size_t>(i)].partial);
  }
}

TEST(JunctionTreeVae, DecodingIsBoundedAndSaysWhenItGaveUp) {
  const JunctionTreeVae vae(write_small_jtvae());
  at::Generator generator = make_generator(3);
  const Tensor z = at::randn({12, vae.latent_dim()}, generator, at::kFloat) * 5;
  int gave_up = 0;
  for (const DecodedMolecule& decoded : vae.decode(z, {.steps = 4, .states = 2})) gave_up += decoded.gave_up;
  EXPECT_GT(gave_up, 0);
}

TEST(JunctionTreeVae, EncodesAMoleculeHoweverItIsWritten) {
  const JunctionTreeVae vae(write_small_jtvae(0.3));
  const std::vector<Molecule> list{molecule("Cc1ccccc1C(=O)NCCO"), molecule("CC"), molecule("O")};
  EXPECT_THAT(refusal([&] { vae.encode(list); }, ErrorKind::kArgument), HasSubstr("does not know: O"));
  const Tensor codes = vae.encode({list[0], list[1], molecule("C")});
  EXPECT_EQ(codes.sizes(), at::IntArrayRef({3, vae.latent_dim()}));
  EXPECT_TRUE(at::equal(vae.encode({molecule("OCCNC(=O)C1=C(C)C=CC=C1")}), vae.encode({list[0]})));
  // Alone or among others: products of other sizes round differently.
  EXPECT_TRUE(at::allclose(codes[0], vae.encode({list[0]})[0], 1e-4, 1e-4));
  EXPECT_FALSE(at::allclose(codes[0], codes[1], 1e-2, 1e-2));
}

TEST(JunctionTreeVae, RefusesLatentsAndFilesThatDoNotFit) {
  const auto file = write_small_jtvae();
  const JunctionTreeVae vae(file);
  EXPECT_THAT(refusal([&] { vae.decode(at::zeros({2, 5})); }, ErrorKind::kArgument), HasSubstr("[n, 6]"));
  EXPECT_THAT(refusal([&] { vae.decode(at::full({1, 6}, NAN)); }, ErrorKind::kNumerical), HasSubstr("NaN"));
  EXPECT_THAT(refusal([] { JunctionTreeVae("none.pt"); }, ErrorKind::kInput),
              HasSubstr("latentpath data jtvae-zinc"));
  std::string bytes = read_file(file);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  const auto damaged = std::filesystem::path(testing::TempDir()) / "damaged-jtvae.pt";
  write_file(damaged, bytes);
  EXPECT_THAT(refusal([&] { JunctionTreeVae vae_of_damaged(damaged); }, ErrorKind::kInput),
              HasSubstr("damaged"));
  const auto other = std::filesystem::path(testing::TempDir()) / "other-jtvae.pt";
  write_jtvae(other, {{"embedding.weight", at::zeros({1, 4})}}, {"CC"}, 3, "nobody");
  EXPECT_THAT(refusal([&] { JunctionTreeVae vae_of_other(other); }, ErrorKind::kInput),
              HasSubstr("has no weight"));
}

/// With weights as random as these means decode to anything, and the heads can hardly be trained; the search
/// must find some.
TEST(JunctionTreeVae, FindsLatentsThatDecodeToGivenMolecules) {
  const JunctionTreeVae vae(write_small_jtvae(0.7, 48, 16));
  int exact = 0, moved = 0;
  const std::vector<std::string> smiles{"Cc1ccccc1", "CCO",          "CC(C)Cc1ccncc1", "O=C(NCC)c1ccccc1",
                                        "C1CCNCC1",  "Clc1ccccc1CN", "CC=C",           "c1ccc(C2CCCC2)cc1"};
  for (const std::string& text : smiles) {
    const Molecule wanted = molecule(text);
    const MoleculeCode code = vae.find_code(wanted);
    exact += code.exact;
    moved += code.moved;
    EXPECT_EQ(code.exact, code.decoded.molecule.smiles() == wanted.smiles()) << text;
    EXPECT_EQ(vae.decode(code.latent.unsqueeze(0))[0].molecule.smiles(), code.decoded.molecule.smiles())
        << text;
    if (!code.moved) {
      EXPECT_TRUE(at::equal(code.latent, vae.encode({wanted})[0]));
    }
  }
  EXPECT_GE(exact, 2) << "of " << smiles.size();
  EXPECT_GT(moved, 0);
}

}  // namespace
}  // namespace latentpath
