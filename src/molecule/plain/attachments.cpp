#include "molecule/attachments.h"

#include <algorithm>
#include <set>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

using RDKit::RWMol;

/// Graphs that are put together and checked for one list; more are given up.
constexpr int kMostChecks = 1500;

bool same_kind(const RDKit::Atom& a, const RDKit::Atom& b) {
  return a.getAtomicNum() == b.getAtomicNum() && a.getFormalCharge() == b.getFormalCharge();
}

/// Carbon has four bonds whatever happens; other atoms may change their valence.
bool carbon_without_room(const RDKit::Atom& atom, int hydrogens, int needed) {
  return atom.getAtomicNum() == 6 && hydrogens < needed;
}

/// The search for all ways, one neighbour after the other.
class Enumeration {
 public:
  Enumeration(const ClusterVocabulary& vocabulary, const Surroundings& surroundings, bool any)
      : vocabulary_(vocabulary),
        around_(surroundings),
        centre_(vocabulary[surroundings.centre.cluster]),
        any_(any) {}

  void run() { search(around_.parent_joints, 0); }

  bool complete() const { return checks_ <= kMostChecks; }
  const std::vector<std::vector<Joint>>& found() const { return found_; }

  /// Centre, parent and the first `children` of the children.
  RWMol assembled(const std::vector<Joint>& joints, size_t children) const {
    RWMol graph = marked_copy(*centre_.graph, around_.centre.mark);
    if (around_.parent) add(graph, joints, -1, *around_.parent);
    for (size_t i = 0; i < children; ++i) add(graph, joints, static_cast<int>(i), around_.children[i]);
    return graph;
  }

 private:
  void add(RWMol& graph, const std::vector<Joint>& joints, int neighbour, const Piece& piece) const {
    const Cluster& cluster = vocabulary_[piece.cluster];
    std::vector<int> places(static_cast<size_t>(cluster.atoms()), -1);
    for (const Joint& joint : joints)
      if (joint.neighbour == neighbour) places[static_cast<size_t>(joint.neighbour_atom)] = joint.centre_atom;
    attach(graph, *cluster.graph, piece.mark, neighbour < 0, places);
  }

  bool single_atom(int neighbour) const {
    const Piece& piece = neighbour < 0 ? *around_.parent : around_.children[static_cast<size_t>(neighbour)];
    return vocabulary_[piece.cluster].atoms() == 1;
  }

  void search(const std::vector<Joint>& joints, size_t depth) {
    constexpr size_t kMostFound = 2000;
    if (found_.size() > kMostFound || (any_ && !found_.empty())) return;
    if (depth == around_.children.size()) {
      found_.push_back(joints);
      return;
    }
    std::set<std::string> seen;
    std::vector<std::vector<Joint>> ways;
    for (std::vector<Joint>& way : ways_to_attach(joints, static_cast<int>(depth))) {
      if (++checks_ > kMostChecks) break;
      const auto graph = checked(assembled(way, depth + 1));
      if (graph && seen.insert(canonical_smiles(*graph)).second) ways.push_back(std::move(way));
    }
    for (const auto& way : ways) search(way, depth + 1);
  }

  std::vector<std::vector<Joint>> ways_to_attach(const std::vector<Joint>& joints, int neighbour) const {
    const Cluster& cluster = vocabulary_[around_.children[static_cast<size_t>(neighbour)].cluster];
    std::set<int> used, full;  // full: a single atom stands there, which other clusters do not
    for (const Joint& joint : joints) {
      used.insert(joint.centre_atom);
      if (single_atom(joint.neighbour)) full.insert(joint.centre_atom);
    }
    std::vector<std::vector<Joint>> ways;
    const auto add_way = [&](std::initializer_list<Joint> more) {
      ways.push_back(joints);
      ways.back().insert(ways.back().end(), more);
    };
    for (const auto* atom : centre_.graph->atoms()) {
      const int a = static_cast<int>(atom->getIdx());
      const int hydrogens = static_cast<int>(atom->getTotalNumHs());
      if (full.count(a) > 0) continue;
      if (cluster.bonds() == 0) {
        if (same_kind(*atom, *cluster.graph->getAtomWithIdx(0)) && used.count(a) == 0)
          add_way({{neighbour, a, 0}});
      } else if (cluster.bonds() == 1) {
        const auto* bond = cluster.graph->getBondWithIdx(0);
        if (carbon_without_room(*atom, hydrogens, static_cast<int>(bond->getBondTypeAsDouble()))) continue;
        const int first = static_cast<int>(bond->getBeginAtomIdx()),
                  second = static_cast<int>(bond->getEndAtomIdx());
        if (same_kind(*atom, *bond->getBeginAtom()))
          add_way({{neighbour, a, first}});
        else if (same_kind(*atom, *bond->getEndAtom()))
          add_way({{neighbour, a, second}});
      } else {
        for (const auto* other : cluster.graph->atoms()) {
          const int both = hydrogens + static_cast<int>(other->getTotalNumHs());
          if (same_kind(*atom, *other) && !carbon_without_room(*atom, both, 4))
            add_way({{neighbour, a, static_cast<int>(other->getIdx())}});
        }
      }
    }
    if (cluster.bonds() > 1 && centre_.bonds() > 1) add_shared_bonds(cluster, neighbour, add_way);
    return ways;
  }

  template <class AddWay>
  void add_shared_bonds(const Cluster& cluster, int neighbour, const AddWay& add_way) const {
    for (const auto* a : centre_.graph->bonds())
      for (const auto* b : cluster.graph->bonds()) {
        const int a1 = static_cast<int>(a->getBeginAtomIdx()), a2 = static_cast<int>(a->getEndAtomIdx());
        const int b1 = static_cast<int>(b->getBeginAtomIdx()), b2 = static_cast<int>(b->getEndAtomIdx());
        if (same_kind(*a->getBeginAtom(), *b->getBeginAtom()) &&
            same_kind(*a->getEndAtom(), *b->getEndAtom()))
          add_way({{neighbour, a1, b1}, {neighbour, a2, b2}});
        if (same_kind(*a->getBeginAtom(), *b->getEndAtom()) &&
            same_kind(*a->getEndAtom(), *b->getBeginAtom()))
          add_way({{neighbour, a1, b2}, {neighbour, a2, b1}});
      }
  }

  const ClusterVocabulary& vocabulary_;
  const Surroundings& around_;
  const Cluster& centre_;
  bool any_;
  int checks_ = 0;
  std::vector<std::vector<Joint>> found_;
};

}  // namespace

std::string key_of(const Surroundings& around) {
  std::string key;
  const auto add = [&key](int64_t number) { key += std::to_string(number) + ","; };
  add(around.centre.cluster);
  add(around.centre.mark);
  if (around.parent) {
    key += "p";
    add(around.parent->cluster);
    add(around.parent->mark);
    for (const Joint& joint : around.parent_joints) {
      add(joint.centre_atom);
      add(joint.neighbour_atom);
    }
  }
  key += "c";
  for (const Piece& child : around.children) {
    add(child.cluster);
    add(child.mark);
  }
  return key;
}

std::vector<size_t> attachment_order(const ClusterVocabulary& vocabulary,
                                     const std::vector<int64_t>& clusters) {
  std::vector<size_t> order(clusters.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto atoms = [&](size_t i) { return vocabulary[clusters[i]].atoms(); };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const bool single_a = atoms(a) == 1, single_b = atoms(b) == 1;
    return single_a != single_b ? single_a : atoms(a) > atoms(b);
  });
  return order;
}

RWMol marked_copy(const RWMol& graph, int mark) {
  RWMol copy;
  for (const auto* atom : graph.atoms()) {
    RDKit::Atom bare = bare_atom(*atom);
    bare.setAtomMapNum(mark);
    copy.addAtom(&bare, true, false);
  }
  for (const auto* bond : graph.bonds())
    copy.addBond(bond->getBeginAtomIdx(), bond->getEndAtomIdx(), bond->getBondType());
  return copy;
}

void attach(RWMol& graph, const RWMol& piece, int mark, bool is_parent, std::vector<int>& places) {
  for (const auto* atom : piece.atoms()) {
    int& place = places[atom->getIdx()];
    if (place >= 0) continue;
    RDKit::Atom bare = bare_atom(*atom);
    bare.setAtomMapNum(mark);
    place = static_cast<int>(graph.addAtom(&bare, true, false));
  }
  if (piece.getNumBonds() == 0) graph.getAtomWithIdx(static_cast<unsigned>(places[0]))->setAtomMapNum(mark);
  for (const auto* bond : piece.bonds()) {
    const auto first = static_cast<unsigned>(places[bond->getBeginAtomIdx()]);
    const auto second = static_cast<unsigned>(places[bond->getEndAtomIdx()]);
    if (first == second) continue;
    if (auto* present = graph.getBondBetweenAtoms(first, second)) {
      if (is_parent) present->setBondType(bond->getBondType());
    } else {
      graph.addBond(first, second, bond->getBondType());
    }
  }
}

bool Attachments::possible(int64_t centre, const std::vector<int64_t>& neighbours) {
  Surroundings around;
  around.centre.cluster = centre;
  for (const size_t i : attachment_order(vocabulary_, neighbours))
    around.children.push_back({neighbours[i], 0});
  std::string key = key_of(around);
  if (const auto known = possible_.find(key); known != possible_.end()) return known->second;
  Enumeration enumeration(vocabulary_, around, true);
  enumeration.run();
  if (possible_.size() >= most_) possible_.clear();
  return possible_[std::move(key)] = !enumeration.found().empty();
}

std::shared_ptr<const AttachmentList> Attachments::all(const Surroundings& surroundings) {
  std::string key = key_of(surroundings);
  if (const auto known = lists_.find(key); known != lists_.end()) return known->second;
  Enumeration enumeration(vocabulary_, surroundings, false);
  enumeration.run();
  auto result = std::make_shared<AttachmentList>();
  result->complete = enumeration.complete();
  std::set<std::string> seen;
  for (const auto& joints : enumeration.found()) {
    const auto graph = checked(enumeration.assembled(joints, surroundings.children.size()));
    if (!graph) continue;
    std::string smiles = canonical_smiles(*graph);
    if (!seen.insert(smiles).second) continue;
    // Read anew, so that double bonds of aromatic rings are where the encoder sees them.
    if (const auto again = graph_of(smiles))
      result->list.push_back({std::move(smiles), joints, features_of(kekulised(*again))});
  }
  if (lists_.size() >= most_) lists_.clear();
  return lists_[std::move(key)] = std::move(result);
}

}  // namespace latentpath
