// From trees to molecules (Jin et al. 2018, §2.5).

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "molecule/jtvae_impl.h"

namespace latentpath {
namespace {

using RDKit::RWMol;

bool is_leaf(const JunctionTree::Node& node) { return node.neighbours.size() == 1; }

class Assembly {
 public:
  Assembly(const JtvaeNetwork& network, Attachments& attachments, const JunctionTree& tree,
           const Tensor& latent, int64_t states)
      : network_(network), attachments_(attachments), tree_(tree), latent_(latent), states_(states) {
    if (tree.nodes.size() > 1) messages_ = network.tree_messages(tree);
  }

  DecodedMolecule run() {
    const RWMol root = marked_copy(*cluster(0).graph, 0);
    Places places(tree_.nodes.size());
    for (size_t node = 0; node < places.size(); ++node)
      places[node].assign(static_cast<size_t>(cluster(static_cast<int64_t>(node)).atoms()), -1);
    std::iota(places[0].begin(), places[0].end(), 0);
    largest_ = root;
    const auto whole = extend(0, -1, {}, root, places);
    const auto sane = checked(whole ? *whole : largest_);
    const bool partial = !whole || !sane;
    return {molecule_of(sane ? *sane : *checked(root)), partial, tried_ > states_ || incomplete_};
  }

 private:
  using Places =
      std::vector<std::vector<int>>;  // [node][atom of its cluster] → atom of the molecule, −1: none yet

  const Cluster& cluster(int64_t node) const {
    return attachments_.vocabulary()[tree_.nodes[static_cast<size_t>(node)].cluster];
  }

  std::vector<size_t> by_score(const AttachmentList& candidates, const PlacedSurroundings& placed) const {
    std::vector<size_t> order(candidates.list.size());
    std::iota(order.begin(), order.end(), size_t{0});
    if (order.size() < 2) return order;
    const Tensor scores =
        at::mv(attachment_vectors(network_, candidates, placed, messages_), latent_).contiguous();
    const float* values = scores.data_ptr<float>();
    std::stable_sort(order.begin(), order.end(),
                     [values](size_t a, size_t b) { return values[a] > values[b]; });
    return order;
  }

  /// The molecule with all that hangs on `node`; none where that cannot be.
  std::optional<RWMol> extend(int64_t node, int64_t parent, const std::vector<Joint>& parent_joints,
                              const RWMol& graph, const Places& places) {
    const PlacedSurroundings placed =
        surroundings_of(attachments_.vocabulary(), tree_, node, parent, parent_joints, messages_);
    if (placed.children.empty()) return graph;
    const auto candidates = attachments_.all(placed.around);
    incomplete_ = incomplete_ || !candidates->complete;
    for (const size_t candidate : by_score(*candidates, placed)) {
      if (++tried_ > states_) return std::nullopt;
      if (auto result = follow(candidates->list[candidate].joints, node, placed, graph, places))
        return result;
    }
    return std::nullopt;
  }

  std::optional<RWMol> follow(const std::vector<Joint>& joints, int64_t node,
                              const PlacedSurroundings& placed, RWMol graph, Places places) {
    std::vector<std::vector<Joint>> as_seen_by_child(placed.children.size());
    for (const Joint& joint : joints) {
      if (joint.neighbour < 0) continue;
      const auto child = static_cast<size_t>(joint.neighbour);
      places[static_cast<size_t>(placed.children[child])][static_cast<size_t>(joint.neighbour_atom)] =
          places[static_cast<size_t>(node)][static_cast<size_t>(joint.centre_atom)];
      as_seen_by_child[child].push_back({-1, joint.neighbour_atom, joint.centre_atom});
    }
    for (const int64_t child : placed.children)
      attach(graph, *cluster(child).graph, 0, false, places[static_cast<size_t>(child)]);
    if (!checked(graph)) return std::nullopt;
    if (graph.getNumAtoms() > largest_.getNumAtoms()) largest_ = graph;
    for (size_t i = 0; i < placed.children.size(); ++i) {
      const int64_t child = placed.children[i];
      if (is_leaf(tree_.nodes[static_cast<size_t>(child)])) continue;
      auto extended = extend(child, node, as_seen_by_child[i], graph, places);
      if (!extended) return std::nullopt;
      graph = std::move(*extended);
    }
    return graph;
  }

  const JtvaeNetwork& network_;
  Attachments& attachments_;
  const JunctionTree& tree_;
  const Tensor& latent_;
  int64_t states_, tried_ = 0;
  bool incomplete_ = false;
  TreeMessages messages_;
  RWMol largest_;
};

}  // namespace

PlacedSurroundings surroundings_of(const ClusterVocabulary& vocabulary, const JunctionTree& tree,
                                   int64_t node, int64_t parent, const std::vector<Joint>& parent_joints,
                                   const TreeMessages& messages) {
  PlacedSurroundings placed;
  const auto& centre = tree.nodes[static_cast<size_t>(node)];
  std::vector<int64_t> children, clusters;
  for (const int64_t y : centre.neighbours) {
    if (y == parent) continue;
    children.push_back(y);
    clusters.push_back(tree.nodes[static_cast<size_t>(y)].cluster);
  }
  std::vector<std::pair<int, int64_t>> marked;  // (mark, node)
  const auto piece = [&](int64_t y, int mark) {
    const auto& other = tree.nodes[static_cast<size_t>(y)];
    if (is_leaf(other)) return Piece{other.cluster, 0};
    marked.emplace_back(mark, y);
    return Piece{other.cluster, mark};
  };
  placed.around.centre = piece(node, 1);
  if (parent >= 0) placed.around.parent = piece(parent, 2);
  placed.around.parent_joints = parent_joints;
  int mark = 3;
  for (const size_t i : attachment_order(vocabulary, clusters)) {
    placed.children.push_back(children[i]);
    placed.around.children.push_back(piece(children[i], mark++));
  }
  for (const auto& [mark_a, a] : marked)
    for (const auto& [mark_b, b] : marked)
      if (const auto row = messages.row_of.find({a, b}); row != messages.row_of.end())
        placed.row_of[{mark_a, mark_b}] = row->second;
  return placed;
}

Tensor attachment_vectors(const JtvaeNetwork& network, const AttachmentList& attachments,
                          const PlacedSurroundings& placed, const TreeMessages& messages) {
  std::vector<const MoleculeFeatures*> graphs;
  for (const Attachment& attachment : attachments.list) graphs.push_back(&attachment.features);
  return affine(network.candidate(graphs, messages.values, placed.row_of), network.attachment_weight,
                network.attachment_bias);
}

DecodedMolecule assemble(const JtvaeNetwork& network, Attachments& attachments, const JunctionTree& tree,
                         const Tensor& latent, int64_t states) {
  return Assembly(network, attachments, tree, latent, states).run();
}

}  // namespace latentpath
