#include "latentpath/molecule/molecule.h"

#include <gmock/gmock.h>

#include <string>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// The sentence of a refusal, which must be the user's mistake; empty where there is none.
std::string refusal(const std::string& smiles, const ParseOptions& options = {}) {
  try {
    parse_molecule(smiles, "`from`", options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kArgument) << error.what();
    const std::string sentence = error.what();
    EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
    return sentence;
  }
  return "";
}

TEST(Molecule, IsKnownByItsCanonicalSmiles) {
  const auto kekule = parse_molecule("  C1=CC=CC=C1O \n", "`from`");
  EXPECT_EQ(kekule.molecule.smiles(), "Oc1ccccc1");
  EXPECT_EQ(kekule.molecule.smiles(), parse_molecule("c1cc(O)ccc1", "`from`").molecule.smiles());
  EXPECT_EQ(kekule.molecule.atoms(), 7);
  EXPECT_THAT(kekule.notes, IsEmpty());
  EXPECT_EQ(parse_molecule("[H]C([H])([H])O[2H]", "`from`").molecule.smiles(), "CO");
}

TEST(Molecule, OfAListIsNothingWhereItCannotBeRead) {
  EXPECT_EQ(readable_molecule("OCC", "line 1")->smiles(), "CCO");
  std::string sentence;
  EXPECT_FALSE(readable_molecule("hello", "line 2", &sentence));
  EXPECT_THAT(sentence, HasSubstr("line 2 hello is no SMILES"));
}

TEST(Molecule, SaltsAndMixturesAreStrippedAndSaid) {
  const auto salt = parse_molecule("CC(=O)Oc1ccccc1C(=O)[O-].[Na+]", "`from`");
  EXPECT_EQ(salt.molecule.smiles(), "CC(=O)Oc1ccccc1C(=O)O");
  EXPECT_THAT(salt.notes,
              ElementsAre(AllOf(HasSubstr("2 fragments"), HasSubstr("`from`")), HasSubstr("neutralised")));
  EXPECT_EQ(parse_molecule("CCN.CCCCO.Cl", "`from`").molecule.smiles(), "CCCCO");
}

TEST(Molecule, ChargesAreNeutralisedAndSaid) {
  const auto zwitterion = parse_molecule("[NH3+]CC(=O)[O-]", "`from`");
  EXPECT_EQ(zwitterion.molecule.smiles(), "NCC(=O)O");
  EXPECT_THAT(zwitterion.notes, ElementsAre(HasSubstr("NCC(=O)O")));
  EXPECT_EQ(parse_molecule("[NH3+]CC", "`from`", {.neutralise = false}).molecule.charge(), 1);
  const auto quaternary = parse_molecule("C[N+](C)(C)C", "`from`");
  EXPECT_EQ(quaternary.molecule.charge(), 1);
  EXPECT_THAT(quaternary.notes, ElementsAre(HasSubstr("keeps the charge 1")));
  EXPECT_THAT(parse_molecule("C[N+](=O)[O-]", "`from`").notes, IsEmpty());  // a nitro group is neutral
}

TEST(Molecule, StereoMarksIsotopesAndNumbersAreDroppedAndSaid) {
  const auto stereo = parse_molecule("C[C@H](N)/C=C/O", "`from`");
  EXPECT_EQ(stereo.molecule.smiles(), "CC(N)C=CO");
  EXPECT_THAT(stereo.notes, ElementsAre(AllOf(HasSubstr("1 centres"), HasSubstr("1 double bonds"))));
  EXPECT_THAT(parse_molecule("[13CH3]O", "`from`").notes, ElementsAre(HasSubstr("isotopes")));
  EXPECT_EQ(parse_molecule("[CH3:1][OH:2]", "`from`").molecule.smiles(), "CO");
}

TEST(Molecule, WhatIsNoMoleculeIsRefusedInOneSentence) {
  EXPECT_THAT(refusal(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal(" \t\n"), HasSubstr("is empty"));
  EXPECT_THAT(refusal("hello"), AllOf(HasSubstr("hello"), HasSubstr("is no SMILES")));
  EXPECT_THAT(refusal("C1CC"), HasSubstr("is no SMILES"));
  EXPECT_THAT(refusal("C(C"), HasSubstr("is no SMILES"));
  EXPECT_THAT(refusal("CC>>CO"), HasSubstr("is no SMILES"));
  EXPECT_THAT(refusal("CC(C)(C)(C)C"), AllOf(HasSubstr("no possible molecule"), HasSubstr("valence")));
  EXPECT_THAT(refusal("c1cccc1"), HasSubstr("no possible molecule"));
  EXPECT_THAT(refusal("C*C"), HasSubstr("wildcard"));
  EXPECT_THAT(refusal("[H][H]"), HasSubstr("no atom but hydrogen"));
  EXPECT_THAT(refusal("C[CH]C"), HasSubstr("unpaired"));
  EXPECT_THAT(refusal(std::string("C\0C\xff\x1b[2J", 8)), HasSubstr("is no SMILES"));
}

TEST(Molecule, MetalsAreRefusedByName) {
  EXPECT_THAT(refusal("N[Pt](N)(Cl)Cl"), HasSubstr("holds Pt"));
  EXPECT_THAT(refusal("C[Hg]C"), HasSubstr("holds Hg"));
  EXPECT_THAT(refusal("[Na+]"), HasSubstr("holds Na"));
  EXPECT_THAT(refusal("C[Se]C"), HasSubstr("holds Se"));
}

TEST(Molecule, WhatIsTooLargeIsRefusedSoon) {
  EXPECT_THAT(refusal(std::string(61, 'C')), AllOf(HasSubstr("61 atoms"), HasSubstr("60")));
  EXPECT_EQ(refusal(std::string(60, 'C')), "");
  EXPECT_THAT(refusal(std::string(1 << 20, 'C')), HasSubstr("1048576 characters"));
  EXPECT_THAT(refusal(std::string(1900, '(')), HasSubstr("is no SMILES"));
}

TEST(Molecule, SimilarityIsThatOfFingerprints) {
  const auto molecule = [](const char* smiles) { return parse_molecule(smiles, "`from`").molecule; };
  const Molecule phenol = molecule("Oc1ccccc1");
  EXPECT_DOUBLE_EQ(tanimoto_similarity(phenol, molecule("c1ccc(O)cc1")), 1);
  EXPECT_DOUBLE_EQ(tanimoto_similarity(phenol, molecule("CCCC")), 0);
  // RDKit's Python: AllChem.GetMorganFingerprintAsBitVect(mol, 2), 2048 bits.
  EXPECT_NEAR(tanimoto_similarity(phenol, molecule("Nc1ccccc1")), 0.375, 1e-12);
}

}  // namespace
}  // namespace latentpath
