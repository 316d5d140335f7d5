#include "latentpath/molecule/drawing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

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

TEST(Drawing, NoBondIsTornApartWhereACommonPartIsLaidOver) {
  // RDKit's drawing with given places put an atom of the second one's ring four bond lengths away.
  const std::string text =
      sd_file({parse_molecule("Cc1cccc(CNC(=O)C2OC3CC4(C(=O)N5CCOCC5)CC3C2C4)c1", "the first").molecule,
               parse_molecule("Cc1ccccc1C(=O)NCCC(=O)N(C)O", "the second").molecule,
               parse_molecule("Cc1cccc(CNC(=O)C2C3CC4OC(C(=O)O)C2C4C3)c1", "the third").molecule,
               parse_molecule("Cc1ccccc1C(=O)NCCC(=O)N(C)O", "the fourth").molecule});
  std::istringstream stream(text);
  std::string line;
  int records = 0;
  while (std::getline(stream, line)) {  // the name; two more lines, then the counts
    std::getline(stream, line), std::getline(stream, line), std::getline(stream, line);
    const int atoms = std::stoi(line.substr(0, 3)), bonds = std::stoi(line.substr(3, 3));
    std::vector<std::pair<double, double>> places;
    for (int i = 0; i < atoms; ++i) {
      std::getline(stream, line);
      places.emplace_back(std::stod(line.substr(0, 10)), std::stod(line.substr(10, 10)));
    }
    for (int i = 0; i < bonds; ++i) {
      std::getline(stream, line);
      const auto &a = places.at(std::stoul(line.substr(0, 3)) - 1),
                 &b = places.at(std::stoul(line.substr(3, 3)) - 1);
      const double length = std::hypot(a.first - b.first, a.second - b.second);
      EXPECT_LT(length, 3) << "record " << records;  // 1.5; of bridges RDKit alone makes 2.85
      EXPECT_GT(length, 0.6) << "record " << records;
    }
    while (line.rfind("$$$$", 0) != 0 && std::getline(stream, line)) {
    }
    ++records;
  }
  EXPECT_EQ(records, 4);
}

}  // namespace
}  // namespace latentpath
