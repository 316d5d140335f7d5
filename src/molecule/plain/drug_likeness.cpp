// QED (Bickerton et al. 2012), after rdkit/Chem/QED.py of RDKit 2022.09, whose descriptors and constants
// these are.

#include <GraphMol/ChemTransforms/ChemTransforms.h>
#include <GraphMol/Descriptors/Crippen.h>
#include <GraphMol/Descriptors/Lipinski.h>
#include <GraphMol/Descriptors/MolDescriptors.h>
#include <GraphMol/Descriptors/MolSurf.h>
#include <GraphMol/RDKitBase.h>
#include <GraphMol/SmilesParse/SmilesParse.h>
#include <GraphMol/Substruct/SubstructMatch.h>

#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/molecule/properties.h"
#include "molecule/drug_likeness_patterns.h"

namespace latentpath {
namespace {

/// A desirability d(x) = (A + B / e1 · (1 − 1 / e2)) / D_max with e1 = 1 + exp(−(x − C + D/2) / E) and
/// e2 = 1 + exp(−(x − C − D/2) / F), and its weight in the mean.
struct Desirability {
  double a, b, c, d, e, f, maximum, weight;

  double operator()(double x) const {
    const double rising = 1 + std::exp(-(x - c + d / 2) / e), falling = 1 + std::exp(-(x - c - d / 2) / f);
    return (a + b / rising * (1 - 1 / falling)) / maximum;
  }
};

constexpr Desirability kWeight{2.817065973, 392.5754953, 290.7489764, 2.419764353,
                               49.22325677, 65.37051707, 104.9805561, 0.66};
constexpr Desirability kLogP{3.172690585, 137.8624751, 2.534937431, 4.581497897,
                             0.822739154, 0.576295591, 131.3186604, 0.46};
constexpr Desirability kAcceptors{2.948620388, 160.4605972, 3.615294657, 4.435986202,
                                  0.290141953, 1.300669958, 148.7763046, 0.05};
constexpr Desirability kDonors{1.618662227, 1010.051101, 0.985094388, 0.000000001,
                               0.713820843, 0.920922555, 258.1632616, 0.61};
constexpr Desirability kPolarSurface{1.876861559, 125.2232657, 62.90773554, 87.83366614,
                                     12.01999824, 28.51324732, 104.5686167, 0.06};
constexpr Desirability kRotatableBonds{0.010000000, 272.4121427, 2.558379970, 1.565547684,
                                       1.271567166, 2.758063707, 105.4420403, 0.65};
constexpr Desirability kAromaticRings{3.217788970, 957.7374108, 2.274627939, 0.000000001,
                                      1.317690384, 0.375760881, 312.3372610, 0.48};
constexpr Desirability kAlerts{0.010000000, 1199.094025, -0.09002883, 0.000000001,
                               0.185904477, 0.875193782, 417.7253140, 0.95};

using Pattern = std::unique_ptr<RDKit::RWMol>;

template <size_t count>
std::vector<Pattern> read_patterns(const std::array<const char*, count>& smarts) {
  std::vector<Pattern> patterns;
  for (const char* text : smarts) {
    patterns.emplace_back(RDKit::SmartsToMol(text));
    LATENTPATH_ASSERT(patterns.back());
  }
  return patterns;
}

double acceptors(const RDKit::ROMol& graph) {
  static const std::vector<Pattern> patterns = read_patterns(kAcceptorPatterns);
  size_t count = 0;
  std::vector<RDKit::MatchVectType> found;
  for (const Pattern& pattern : patterns) count += RDKit::SubstructMatch(graph, *pattern, found);
  return static_cast<double>(count);
}

double alerts(const RDKit::ROMol& graph) {
  static const std::vector<Pattern> patterns = read_patterns(kAlertPatterns);
  size_t count = 0;
  RDKit::MatchVectType found;
  for (const Pattern& pattern : patterns) count += RDKit::SubstructMatch(graph, *pattern, found) ? 1 : 0;
  return static_cast<double>(count);
}

/// The rings that are left without aliphatic ring atoms.
double aromatic_rings(const RDKit::ROMol& graph) {
  static const Pattern aliphatic(RDKit::SmartsToMol("[$([A;R][!a])]"));
  const std::unique_ptr<RDKit::ROMol> rest(RDKit::deleteSubstructs(graph, *aliphatic));
  return RDKit::MolOps::findSSSR(*rest);
}

}  // namespace

double log_p(const Molecule& molecule) {
  double value = 0, refractivity = 0;
  RDKit::Descriptors::calcCrippenDescriptors(molecule.graph(), value, refractivity);
  return value;
}

double molecular_weight(const Molecule& molecule) { return RDKit::Descriptors::calcAMW(molecule.graph()); }

double polar_surface_area(const Molecule& molecule) { return RDKit::Descriptors::calcTPSA(molecule.graph()); }

double drug_likeness(const Molecule& molecule) {
  const auto& graph = molecule.graph();
  double sum = 0, weights = 0;
  const auto add = [&](const Desirability& desirability, double x) {
    sum += desirability.weight * std::log(desirability(x));
    weights += desirability.weight;
  };
  add(kWeight, molecular_weight(molecule));
  add(kLogP, log_p(molecule));
  add(kAcceptors, acceptors(graph));
  add(kDonors, RDKit::Descriptors::calcNumHBD(graph));
  add(kPolarSurface, polar_surface_area(molecule));
  add(kRotatableBonds, RDKit::Descriptors::calcNumRotatableBonds(graph, RDKit::Descriptors::Strict));
  add(kAromaticRings, aromatic_rings(graph));
  add(kAlerts, alerts(graph));
  return std::exp(sum / weights);
}

}  // namespace latentpath
