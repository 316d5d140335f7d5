#include "latentpath/molecule/drawing.h"

#include <gtest/gtest.h>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

Molecule molecule(const char* smiles) { return parse_molecule(smiles, "a molecule").molecule; }

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Drawing, IsOneRowWithCaptionsAndMarkedChanges) {
  const std::vector<Molecule> molecules{molecule("Oc1ccccc1"), molecule("Nc1ccccc1"), molecule("Nc1ccccc1C")};
  const std::string svg = molecule_row_svg(molecules, {{"log P < 2", "start"}, {}, {"end"}});
  EXPECT_NE(svg.find("width='780px'"), std::string::npos);
  EXPECT_EQ(count(svg, "font-size='13'"), 3U);  // captions; letters of atoms have other sizes
  EXPECT_NE(svg.find("log P &lt; 2"), std::string::npos);
  EXPECT_EQ(count(svg, "</svg>"), 1U);
  // Highlighted: N in the second, the methyl group in the third; nothing where that is not wanted.
  EXPECT_GE(count(svg, "#FFD88C"), 2U);
  EXPECT_EQ(count(molecule_row_svg(molecules, {}, {.mark_changes = false}), "#FFD88C"), 0U);
  EXPECT_EQ(svg, molecule_row_svg(molecules, {{"log P < 2", "start"}, {}, {"end"}}));
}

/// Coordinates of the atoms in an SD file's n-th record.
std::vector<std::pair<double, double>> atoms_of(const std::string& sdf, int record) {
  size_t at = 0;
  for (int i = 0; i < record; ++i) at = sdf.find("$$$$\n", at) + 5;
  for (int line = 0; line < 3; ++line) at = sdf.find('\n', at) + 1;
  const int atoms = std::stoi(sdf.substr(at, 3));
  std::vector<std::pair<double, double>> result;
  for (int atom = 0; atom < atoms; ++atom) {
    at = sdf.find('\n', at) + 1;
    result.emplace_back(std::stod(sdf.substr(at, 10)), std::stod(sdf.substr(at + 10, 10)));
  }
  return result;
}

TEST(Drawing, AtomsThatStayKeepTheirPlaces) {
  const std::string sdf = sd_file({molecule("Oc1ccccc1"), molecule("Nc1ccccc1")}, {{{"log P", "1.39"}}, {}});
  EXPECT_NE(sdf.find("1.39"), std::string::npos);
  const auto before = atoms_of(sdf, 0), after = atoms_of(sdf, 1);
  ASSERT_EQ(before.size(), 7U);
  ASSERT_EQ(after.size(), 7U);
  int kept = 0;
  for (const auto& a : after)
    for (const auto& b : before) kept += std::abs(a.first - b.first) + std::abs(a.second - b.second) < 1e-3;
  EXPECT_GE(kept, 6);  // the ring
}

TEST(Drawing, NothingIsRefused) {
  EXPECT_THROW(molecule_row_svg({}), Error);
  EXPECT_THROW(molecule_row_svg({molecule("CO")}, {{}, {}}), Error);
  EXPECT_THROW(sd_file({molecule("CO")}, {{}, {}}), Error);
}

}  // namespace
}  // namespace latentpath
