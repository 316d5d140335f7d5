#include "latentpath/molecule/properties.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

struct Row {
  std::string smiles;
  MoleculeProperties properties;
};

/// RDKit 2022.09 in Python: 700 molecules of MOSES' test set, 300 neutral ones of NCI's first 5000.
std::vector<Row> reference() {
  std::ifstream stream(std::filesystem::path(LATENTPATH_TEST_SOURCE) / "tests" / "molecule" /
                       "reference_properties.csv");
  std::string line;
  std::getline(stream, line);
  EXPECT_EQ(line, "smiles,log_p,qed,sa,weight,tpsa");
  std::vector<Row> rows;
  while (std::getline(stream, line)) {
    for (char& c : line)
      if (c == ',') c = ' ';
    std::istringstream words(line);
    Row row;
    auto& p = row.properties;
    words >> row.smiles >> p.log_p >> p.qed >> p.sa >> p.weight >> p.tpsa;
    EXPECT_TRUE(words) << line;
    rows.push_back(row);
  }
  return rows;
}

TEST(Properties, AreThoseOfRDKitsPython) {
  const std::vector<Row> rows = reference();
  ASSERT_EQ(rows.size(), 1000U);
  const SyntheticAccessibility accessibility(find_fragment_scores());
  EXPECT_EQ(accessibility.fragments(), 705292U);
  // The table has nine digits; sums of other orders differ by less.
  constexpr double kTolerance = 1e-6;
  for (const Row& row : rows) {
    const Molecule molecule = parse_molecule(row.smiles, "a molecule").molecule;
    const MoleculeProperties p = properties_of(molecule, accessibility);
    EXPECT_NEAR(p.log_p, row.properties.log_p, kTolerance) << row.smiles;
    EXPECT_NEAR(p.qed, row.properties.qed, kTolerance) << row.smiles;
    EXPECT_NEAR(p.sa, row.properties.sa, kTolerance) << row.smiles;
    EXPECT_NEAR(p.weight, row.properties.weight, kTolerance * row.properties.weight) << row.smiles;
    EXPECT_NEAR(p.tpsa, row.properties.tpsa, kTolerance) << row.smiles;
  }
}

TEST(Properties, ATableThatIsAnotherIsRefused) {
  const auto refusal = [](const std::filesystem::path& file) -> std::string {
    try {
      SyntheticAccessibility accessibility(file);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      return error.what();
    }
    return "";
  };
  EXPECT_NE(refusal(std::filesystem::path(LATENTPATH_TEST_SOURCE) / "README.md").find("no gzip file"),
            std::string::npos);
  // An empty gzip file.
  const auto file = std::filesystem::path(testing::TempDir()) / "fpscores.pkl.gz";
  std::ofstream(file, std::ios::binary)
      << std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0", 20);
  EXPECT_NE(refusal(file).find("is not the table"), std::string::npos);
  EXPECT_EQ(find_fragment_scores({testing::TempDir()}), file);
}

}  // namespace
}  // namespace latentpath
