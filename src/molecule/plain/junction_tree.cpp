#include "latentpath/molecule/junction_tree.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <unordered_map>

#include "latentpath/core/error.h"
#include "molecule/cluster.h"
#include "molecule/rdkit_log.h"

namespace latentpath {
namespace {

using Clique = std::vector<int64_t>;

std::vector<int64_t> shared(const Clique& a, const Clique& b) {
  std::vector<int64_t> both;
  for (const int64_t atom : a)
    if (std::find(b.begin(), b.end(), atom) != b.end()) both.push_back(atom);
  return both;
}

std::vector<std::vector<size_t>> cliques_of_atoms(const std::vector<Clique>& cliques, size_t atoms) {
  std::vector<std::vector<size_t>> result(atoms);
  for (size_t i = 0; i < cliques.size(); ++i)
    for (const int64_t atom : cliques[i]) result[static_cast<size_t>(atom)].push_back(i);
  return result;
}

/// Bonds outside of rings, and rings; those that share more than two atoms are one.
std::vector<Clique> bonds_and_rings(const RDKit::RWMol& graph) {
  std::vector<Clique> cliques;
  for (const auto* bond : graph.bonds())
    if (graph.getRingInfo()->numBondRings(bond->getIdx()) == 0)
      cliques.push_back({bond->getBeginAtomIdx(), bond->getEndAtomIdx()});
  for (const auto& ring : graph.getRingInfo()->atomRings()) cliques.emplace_back(ring.begin(), ring.end());
  const auto at_atom = cliques_of_atoms(cliques, graph.getNumAtoms());
  for (size_t i = 0; i < cliques.size(); ++i) {
    if (cliques[i].size() <= 2) continue;
    for (size_t place = 0; place < cliques[i].size(); ++place)
      for (const size_t j : at_atom[static_cast<size_t>(cliques[i][place])]) {
        if (i >= j || cliques[j].size() <= 2 || shared(cliques[i], cliques[j]).size() <= 2) continue;
        for (const int64_t atom : cliques[j])
          if (std::find(cliques[i].begin(), cliques[i].end(), atom) == cliques[i].end())
            cliques[i].push_back(atom);
        cliques[j].clear();
      }
  }
  cliques.erase(std::remove(cliques.begin(), cliques.end(), Clique()), cliques.end());
  return cliques;
}

/// Weights of edges between cliques: the more two share, the heavier. Adds cliques of single atoms.
std::map<std::pair<size_t, size_t>, size_t> join(std::vector<Clique>& cliques, size_t atoms) {
  constexpr size_t kHeaviest = 100;
  std::map<std::pair<size_t, size_t>, size_t> weights;
  const auto at_atom = cliques_of_atoms(cliques, atoms);
  for (size_t atom = 0; atom < atoms; ++atom) {
    const std::vector<size_t>& here = at_atom[atom];
    if (here.size() <= 1) continue;
    const auto bonds =
        std::count_if(here.begin(), here.end(), [&](size_t c) { return cliques[c].size() == 2; });
    const auto rings =
        std::count_if(here.begin(), here.end(), [&](size_t c) { return cliques[c].size() > 4; });
    const bool branching = bonds > 2 || (bonds == 2 && here.size() > 2);
    if (branching || rings > 2) {
      cliques.push_back({static_cast<int64_t>(atom)});
      for (const size_t c : here) weights[{c, cliques.size() - 1}] = branching ? 1 : kHeaviest - 1;
      continue;
    }
    for (size_t i = 0; i < here.size(); ++i)
      for (size_t j = i + 1; j < here.size(); ++j) {
        size_t& weight = weights[{here[i], here[j]}];
        weight = std::max(weight, shared(cliques[here[i]], cliques[here[j]]).size());
      }
  }
  return weights;
}

/// The edges of a maximum spanning tree (Kruskal 1956).
std::vector<std::pair<size_t, size_t>> spanning_tree(
    const std::map<std::pair<size_t, size_t>, size_t>& weights, size_t cliques) {
  std::vector<std::pair<std::pair<size_t, size_t>, size_t>> edges(weights.begin(), weights.end());
  std::stable_sort(edges.begin(), edges.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<size_t> parent(cliques);
  std::iota(parent.begin(), parent.end(), size_t{0});
  const auto root = [&](size_t c) {
    while (parent[c] != c) c = parent[c] = parent[parent[c]];
    return c;
  };
  std::vector<std::pair<size_t, size_t>> tree;
  for (const auto& [edge, weight] : edges) {
    const size_t a = root(edge.first), b = root(edge.second);
    if (a == b) continue;
    parent[a] = b;
    tree.push_back(edge);
  }
  std::sort(tree.begin(), tree.end());
  return tree;
}

}  // namespace

struct ClusterVocabulary::Entries {
  std::vector<Cluster> clusters;
  std::unordered_map<std::string, int64_t> numbers;
};

ClusterVocabulary::ClusterVocabulary(std::vector<std::string> clusters) : smiles_(std::move(clusters)) {
  silence_rdkit();
  auto entries = std::make_unique<Entries>();
  for (const std::string& smiles : smiles_) {
    const auto graph = graph_of(smiles);
    LATENTPATH_CHECK(graph && graph->getNumAtoms() > 0, kInput, "the vocabulary's cluster '", smiles,
                     "' is no molecule");
    Cluster cluster;
    cluster.key = canonical_smiles(*graph);
    cluster.graph = std::make_shared<const RDKit::RWMol>(kekulised(*graph));
    for (const auto* atom : graph->atoms())
      cluster.slots.push_back(
          {atom->getAtomicNum(), atom->getFormalCharge(), static_cast<int>(atom->getTotalNumHs())});
    entries->numbers.emplace(cluster.key, static_cast<int64_t>(entries->clusters.size()));
    entries->clusters.push_back(std::move(cluster));
  }
  entries_ = std::move(entries);
}

ClusterVocabulary::~ClusterVocabulary() = default;
ClusterVocabulary::ClusterVocabulary(ClusterVocabulary&&) noexcept = default;

const Cluster& ClusterVocabulary::operator[](int64_t cluster) const {
  return entries_->clusters.at(static_cast<size_t>(cluster));
}

std::optional<int64_t> ClusterVocabulary::find(const std::string& canonical_smiles) const {
  const auto found = entries_->numbers.find(canonical_smiles);
  if (found == entries_->numbers.end()) return std::nullopt;
  return found->second;
}

JunctionTree decompose(const Molecule& molecule, const ClusterVocabulary& vocabulary) {
  const RDKit::RWMol kekule = kekulised(molecule.graph());
  const size_t atoms = kekule.getNumAtoms();
  std::vector<Clique> cliques{{0}};
  std::vector<std::pair<size_t, size_t>> edges;
  if (atoms > 1) {
    cliques = bonds_and_rings(kekule);
    const auto weights = join(cliques, atoms);
    edges = spanning_tree(weights, cliques.size());
  }
  JunctionTree tree;
  size_t root = 0;
  for (const Clique& clique : cliques) {
    JunctionTree::Node node;
    node.atoms = clique;
    if (std::find(clique.begin(), clique.end(), 0) != clique.end()) root = tree.nodes.size();
    const RDKit::RWMol part = spanned_part(kekule, clique);
    const auto fragment = checked(part);
    const std::string key = canonical_smiles(fragment ? *fragment : part);
    node.cluster = vocabulary.find(key).value_or(-1);
    if (node.cluster < 0) tree.unknown.push_back(key);
    tree.nodes.push_back(std::move(node));
  }
  const auto moved = [root](size_t node) {
    return static_cast<int64_t>(node == root ? 0 : node == 0 ? root : node);
  };
  std::swap(tree.nodes[0], tree.nodes[root]);
  for (const auto& [a, b] : edges) {
    tree.nodes[static_cast<size_t>(moved(a))].neighbours.push_back(moved(b));
    tree.nodes[static_cast<size_t>(moved(b))].neighbours.push_back(moved(a));
  }
  return tree;
}

}  // namespace latentpath
