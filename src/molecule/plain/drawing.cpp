#include "latentpath/molecule/drawing.h"

#include <GraphMol/Depictor/RDDepictor.h>
#include <GraphMol/FMCS/FMCS.h>
#include <GraphMol/FileParsers/MolWriters.h>
#include <GraphMol/MolDraw2D/MolDraw2DSVG.h>
#include <GraphMol/RDKitBase.h>
#include <GraphMol/Substruct/SubstructMatch.h>

#include <cmath>
#include <numeric>
#include <set>
#include <sstream>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

using Graph = boost::shared_ptr<RDKit::ROMol>;

/// A molecule in its place in the row: with coordinates, and the atoms that the one before does not have.
struct Placed {
  Graph graph;
  std::vector<int> changed;
};

/// Pairs of atoms (of `before`, of `after`) of the largest common part; whole rings, so that templates fit.
RDKit::MatchVectType common_part(const Graph& before, const Graph& after) {
  constexpr unsigned kSeconds = 1;
  RDKit::MCSParameters parameters;
  parameters.Timeout = kSeconds;
  parameters.BondCompareParameters.RingMatchesRingOnly = true;
  parameters.BondCompareParameters.CompleteRingsOnly = true;
  const RDKit::MCSResult common = RDKit::findMCS({before, after}, &parameters);
  RDKit::MatchVectType in_before, in_after, pairs;
  if (!common.QueryMol || common.NumAtoms < 2) return {};
  if (!RDKit::SubstructMatch(*before, *common.QueryMol, in_before) ||
      !RDKit::SubstructMatch(*after, *common.QueryMol, in_after))
    return {};
  for (size_t i = 0; i < in_before.size(); ++i) pairs.emplace_back(in_before[i].second, in_after[i].second);
  return pairs;
}

/// Whether the places of atoms that were given tore a bond apart or crushed one: bonds are 1.5 long.
bool is_distorted(const RDKit::ROMol& graph) {
  const RDKit::Conformer& places = graph.getConformer();
  for (const auto* bond : graph.bonds()) {
    const double length =
        (places.getAtomPos(bond->getBeginAtomIdx()) - places.getAtomPos(bond->getEndAtomIdx())).length();
    if (length > 2.4 || length < 0.7) return true;
  }
  return false;
}

/// Turns, moves and, where that fits better, mirrors a drawing as a whole, so that the common part lies as it
/// does in the drawing before (Procrustes' problem in the plane).
void lay_over(RDKit::ROMol& graph, const RDKit::ROMol& before, const RDKit::MatchVectType& pairs) {
  RDKit::Conformer& places = graph.getConformer();
  const RDKit::Conformer& targets = before.getConformer();
  RDGeom::Point3D centre, target_centre;
  for (const auto& [b, a] : pairs) {
    centre += places.getAtomPos(static_cast<unsigned>(a));
    target_centre += targets.getAtomPos(static_cast<unsigned>(b));
  }
  centre /= static_cast<double>(pairs.size());
  target_centre /= static_cast<double>(pairs.size());
  double dot[2] = {0, 0}, cross[2] = {0, 0};  // as it is, mirrored
  for (const auto& [b, a] : pairs) {
    const RDGeom::Point3D from = places.getAtomPos(static_cast<unsigned>(a)) - centre,
                          to = targets.getAtomPos(static_cast<unsigned>(b)) - target_centre;
    for (int mirrored = 0; mirrored < 2; ++mirrored) {
      const double y = mirrored == 0 ? from.y : -from.y;
      dot[mirrored] += from.x * to.x + y * to.y;
      cross[mirrored] += from.x * to.y - y * to.x;
    }
  }
  const int mirrored = std::hypot(dot[1], cross[1]) > std::hypot(dot[0], cross[0]) * (1 + 1e-9);
  const double angle = std::atan2(cross[mirrored], dot[mirrored]), c = std::cos(angle), s = std::sin(angle);
  for (unsigned atom = 0; atom < graph.getNumAtoms(); ++atom) {
    const RDGeom::Point3D p = places.getAtomPos(atom) - centre;
    const double y = mirrored == 0 ? p.y : -p.y;
    places.setAtomPos(
        atom, RDGeom::Point3D(target_centre.x + c * p.x - s * y, target_centre.y + s * p.x + c * y, 0));
  }
}

std::vector<Placed> place(const std::vector<Molecule>& molecules) {
  std::vector<Placed> row;
  for (const Molecule& molecule : molecules) {
    Placed placed{boost::make_shared<RDKit::ROMol>(molecule.graph()), {}};
    RDKit::MatchVectType pairs;
    if (!row.empty()) pairs = common_part(row.back().graph, placed.graph);
    if (!pairs.empty())
      RDDepict::generateDepictionMatching2DStructure(*placed.graph, *row.back().graph, pairs);
    if (pairs.empty() || is_distorted(*placed.graph)) {
      RDDepict::compute2DCoords(*placed.graph, nullptr, true);
      if (!pairs.empty()) lay_over(*placed.graph, *row.back().graph, pairs);
    }
    std::set<int> kept;
    for (const auto& pair : pairs) kept.insert(pair.second);
    for (int atom = 0; !row.empty() && atom < static_cast<int>(placed.graph->getNumAtoms()); ++atom)
      if (kept.count(atom) == 0) placed.changed.push_back(atom);
    row.push_back(std::move(placed));
  }
  return row;
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else
      result += c;
  }
  return result;
}

/// <text> elements of the captions, lines below each other, centred below each formula.
std::string caption_texts(const std::vector<std::vector<std::string>>& captions,
                          const DrawingOptions& options) {
  constexpr int64_t kLine = 17;
  std::ostringstream texts;
  for (size_t i = 0; i < captions.size(); ++i)
    for (size_t line = 0; line < captions[i].size(); ++line)
      texts << "<text x='" << static_cast<int64_t>(i) * options.width + options.width / 2 << "' y='"
            << options.height + kLine * static_cast<int64_t>(line + 1) - 3
            << "' text-anchor='middle' font-family='sans-serif' font-size='13' fill='#333333'>"
            << escaped(captions[i][line]) << "</text>\n";
  return texts.str();
}

}  // namespace

std::string molecule_row_svg(const std::vector<Molecule>& molecules,
                             const std::vector<std::vector<std::string>>& captions,
                             const DrawingOptions& options) {
  LATENTPATH_CHECK(!molecules.empty(), kArgument, "there is no molecule to draw");
  LATENTPATH_CHECK(captions.empty() || captions.size() == molecules.size(), kArgument, "there are ",
                   captions.size(), " captions for ", molecules.size(), " molecules");
  constexpr int kLine = 17;
  size_t lines = 0;
  for (const auto& caption : captions) lines = std::max(lines, caption.size());
  const std::vector<Placed> row = place(molecules);
  const int width = static_cast<int>(options.width), height = static_cast<int>(options.height);
  const int whole_width = width * static_cast<int>(row.size());
  const int whole_height = height + kLine * static_cast<int>(lines) + (lines > 0 ? 4 : 0);
  RDKit::MolDraw2DSVG drawing(whole_width, whole_height, width, height, true);
  drawing.drawOptions().highlightColour = {1.0, 0.85, 0.55};
  std::vector<RDKit::ROMol*> graphs;
  std::vector<std::vector<int>> marks;
  for (const Placed& placed : row) {
    graphs.push_back(placed.graph.get());
    marks.push_back(options.mark_changes ? placed.changed : std::vector<int>());
  }
  drawing.drawMolecules(graphs, nullptr, &marks);
  drawing.finishDrawing();
  std::string svg = drawing.getDrawingText();
  const size_t end = svg.rfind("</svg>");
  LATENTPATH_ASSERT(end != std::string::npos);
  svg.insert(end, caption_texts(captions, options));
  return svg;
}

std::string sd_file(const std::vector<Molecule>& molecules,
                    const std::vector<std::vector<std::pair<std::string, std::string>>>& values) {
  LATENTPATH_CHECK(values.empty() || values.size() == molecules.size(), kArgument, "there are values of ",
                   values.size(), " molecules for ", molecules.size());
  std::ostringstream text;
  RDKit::SDWriter writer(&text, false);
  const std::vector<Placed> row = place(molecules);
  for (size_t i = 0; i < row.size(); ++i) {
    row[i].graph->setProp(RDKit::common_properties::_Name, molecules[i].smiles());
    if (!values.empty())
      for (const auto& [name, value] : values[i]) row[i].graph->setProp(name, value);
    writer.write(*row[i].graph);
  }
  writer.close();
  return text.str();
}

}  // namespace latentpath
