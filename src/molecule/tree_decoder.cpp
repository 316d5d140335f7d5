// Decoding of trees (Jin et al. 2018, §2.4): depth first, at each node "is there another child?", then "which
// cluster?".

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "molecule/jtvae_impl.h"

namespace latentpath {
namespace {

/// Whether two clusters have atoms that can be one; atoms of bonds that are used up by it leave the lists.
bool take_slots(std::vector<Slot>& parent, std::vector<Slot>& child) {
  if (parent.size() > 2 && child.size() > 2) return true;
  std::set<size_t> in_parent, in_child;
  for (size_t i = 0; i < parent.size(); ++i)
    for (size_t j = 0; j < child.size(); ++j) {
      const Slot &a = parent[i], &b = child[j];
      if (a.element != b.element || a.charge != b.charge) continue;
      if (a.element == 6 && a.hydrogens + b.hydrogens < 4) continue;
      in_parent.insert(i);
      in_child.insert(j);
    }
  if (in_parent.empty()) return false;
  const auto use = [](std::vector<Slot>& slots, const std::set<size_t>& found) {
    if (found.size() == 1 && slots.size() == 2)
      slots.erase(slots.begin() + static_cast<std::ptrdiff_t>(*found.begin()));
  };
  use(parent, in_parent);
  use(child, in_child);
  return true;
}

/// One tree on its way.
struct Growth {
  DecodedTree result;
  struct Open {
    int64_t node;
    std::vector<Slot> slots;
  };
  std::vector<Open> stack;
  std::map<std::pair<int64_t, int64_t>, int64_t> row_of;  // messages
};

class TreeDecoder {
 public:
  TreeDecoder(const JtvaeNetwork& network, Attachments& attachments, const Tensor& latents, int64_t steps)
      : network_(network),
        attachments_(attachments),
        stop_latent_(affine(latents, network.stop_latent)),
        next_latent_(affine(latents, network.next_latent, network.next_bias)),
        growths_(static_cast<size_t>(latents.size(0))),
        values_(at::zeros({latents.size(0) * (steps + 1), network.hidden})) {}

  std::vector<DecodedTree> run(int64_t steps) {
    plant_roots();
    std::vector<size_t> growing(growths_.size());
    for (size_t i = 0; i < growing.size(); ++i) growing[i] = i;
    for (int64_t step = 0; step < steps && !growing.empty(); ++step) {
      std::vector<size_t> forwards, backwards;
      const std::vector<bool> more = wants_child(growing);
      for (size_t i = 0; i < growing.size(); ++i) (more[i] ? forwards : backwards).push_back(growing[i]);
      if (!forwards.empty()) grow(forwards, backwards);
      step_back(backwards);
      const auto done = [&](size_t g) { return growths_[g].stack.empty(); };
      growing.erase(std::remove_if(growing.begin(), growing.end(), done), growing.end());
    }
    for (const size_t g : growing) growths_[g].result.complete = false;
    std::vector<DecodedTree> trees;
    for (Growth& growth : growths_) trees.push_back(std::move(growth.result));
    return trees;
  }

 private:
  Growth& growth(size_t g) { return growths_[g]; }

  void plant_roots() {
    const Tensor best =
        affine(at::relu(next_latent_), network_.cluster_weight, network_.cluster_bias).argmax(1);
    for (size_t g = 0; g < growths_.size(); ++g) {
      const auto cluster = best[static_cast<int64_t>(g)].item<int64_t>();
      growth(g).result.tree.nodes.push_back({cluster, {}, {}});
      growth(g).stack.push_back({0, attachments_.vocabulary()[cluster].slots});
    }
  }

  /// The messages that come in at the open node of each, but for those from its parent where
  /// `without_parent`.
  struct Incoming {
    Tensor clusters, messages, owner;
  };
  Incoming incoming(const std::vector<size_t>& list, bool without_parent) {
    std::vector<int64_t> clusters, rows, owners;
    for (size_t i = 0; i < list.size(); ++i) {
      const Growth& g = growths_[list[i]];
      const int64_t x = g.stack.back().node;
      const auto& node = g.result.tree.nodes[static_cast<size_t>(x)];
      const int64_t parent = g.stack.size() > 1 ? g.stack[g.stack.size() - 2].node : -1;
      clusters.push_back(node.cluster);
      for (const int64_t y : node.neighbours) {
        if (without_parent && y == parent) continue;
        rows.push_back(g.row_of.at({y, x}));
        owners.push_back(static_cast<int64_t>(i));
      }
    }
    return {at::tensor(clusters, at::kLong), values_.index_select(0, at::tensor(rows, at::kLong)),
            at::tensor(owners, at::kLong)};
  }

  static Tensor rows_of(const std::vector<size_t>& list) {
    return at::tensor(std::vector<int64_t>(list.begin(), list.end()), at::kLong);
  }

  std::vector<bool> wants_child(const std::vector<size_t>& list) {
    const Incoming in = incoming(list, false);
    const Tensor sum =
        at::zeros({static_cast<int64_t>(list.size()), network_.hidden}).index_add_(0, in.owner, in.messages);
    const Tensor state =
        at::relu(network_.stop_table.index_select(0, in.clusters) + affine(sum, network_.stop_message) +
                 stop_latent_.index_select(0, rows_of(list)));
    const Tensor score = (at::mv(state, network_.stop_weight.squeeze(0)) + network_.stop_bias).contiguous();
    const float* values = score.data_ptr<float>();
    std::vector<bool> result;
    for (size_t i = 0; i < list.size(); ++i) result.push_back(values[i] >= 0);
    return result;
  }

  int64_t store(const Tensor& message) {
    values_.select(0, next_row_).copy_(message);
    return next_row_++;
  }

  /// Adds the most probable of five clusters that can be attached; where none can, the node is left.
  void grow(const std::vector<size_t>& list, std::vector<size_t>& backwards) {
    constexpr int64_t kTried = 5;
    const Incoming in = incoming(list, false);
    const Tensor messages = network_.decoder_gru(in.clusters, in.messages, in.owner);
    const Tensor state =
        at::relu(affine(messages, network_.next_message) + next_latent_.index_select(0, rows_of(list)));
    const Tensor scores = affine(state, network_.cluster_weight, network_.cluster_bias);
    const Tensor best = std::get<1>(scores.topk(std::min(kTried, scores.size(1)), 1)).contiguous();
    for (size_t i = 0; i < list.size(); ++i) {
      Growth& g = growth(list[i]);
      const int64_t* clusters = best[static_cast<int64_t>(i)].data_ptr<int64_t>();
      if (!add_child(g, clusters, best.size(1))) {
        backwards.push_back(list[i]);
        continue;
      }
      const int64_t child = g.stack.back().node, x = g.stack[g.stack.size() - 2].node;
      g.row_of[{x, child}] = store(messages[static_cast<int64_t>(i)]);
    }
    std::sort(backwards.begin(), backwards.end());
  }

  bool add_child(Growth& g, const int64_t* clusters, int64_t count) {
    auto& nodes = g.result.tree.nodes;
    const int64_t x = g.stack.back().node;
    std::vector<int64_t> neighbours;
    for (const int64_t y : nodes[static_cast<size_t>(x)].neighbours)
      neighbours.push_back(nodes[static_cast<size_t>(y)].cluster);
    for (int64_t i = 0; i < count; ++i) {
      std::vector<Slot> slots = attachments_.vocabulary()[clusters[i]].slots;
      if (!take_slots(g.stack.back().slots, slots)) continue;
      neighbours.push_back(clusters[i]);
      const bool possible = attachments_.possible(nodes[static_cast<size_t>(x)].cluster, neighbours);
      neighbours.pop_back();
      if (!possible) continue;
      // The parent hears of its child when the child is left, the child of its parent at once.
      const auto child = static_cast<int64_t>(nodes.size());
      nodes.push_back({clusters[i], {}, {x}});
      g.stack.push_back({child, std::move(slots)});
      return true;
    }
    return false;
  }

  void step_back(const std::vector<size_t>& list) {
    std::vector<size_t> moving;
    for (const size_t g : list) {
      if (growth(g).stack.size() > 1)
        moving.push_back(g);
      else
        growth(g).stack.clear();
    }
    if (moving.empty()) return;
    const Incoming in = incoming(moving, true);
    const Tensor messages = network_.decoder_gru(in.clusters, in.messages, in.owner);
    for (size_t i = 0; i < moving.size(); ++i) {
      Growth& g = growth(moving[i]);
      const int64_t x = g.stack.back().node, parent = g.stack[g.stack.size() - 2].node;
      g.row_of[{x, parent}] = store(messages[static_cast<int64_t>(i)]);
      g.result.tree.nodes[static_cast<size_t>(parent)].neighbours.push_back(x);
      g.stack.pop_back();
    }
  }

  const JtvaeNetwork& network_;
  Attachments& attachments_;
  Tensor stop_latent_, next_latent_;  // [n, hidden]
  std::vector<Growth> growths_;
  Tensor values_;  // messages
  int64_t next_row_ = 0;
};

}  // namespace

std::vector<DecodedTree> decode_trees(const JtvaeNetwork& network, Attachments& attachments,
                                      const Tensor& latents, int64_t steps) {
  std::vector<DecodedTree> trees = TreeDecoder(network, attachments, latents, steps).run(steps);
  for (DecodedTree& tree : trees) {
    if (tree.complete) continue;
    // Nodes that were still open have not told their parents.
    auto& nodes = tree.tree.nodes;
    for (size_t x = 1; x < nodes.size(); ++x) {
      auto& of_parent = nodes[static_cast<size_t>(nodes[x].neighbours[0])].neighbours;
      const auto number = static_cast<int64_t>(x);
      if (std::find(of_parent.begin(), of_parent.end(), number) == of_parent.end())
        of_parent.push_back(number);
    }
  }
  return trees;
}

}  // namespace latentpath
