#include "molecule/jtvae_losses.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "molecule/graph_pass.h"
#include "molecule/tree_pass.h"

namespace latentpath {
namespace {

Tensor indices(const std::vector<int64_t>& list) { return at::tensor(list, at::kLong); }

Tensor sum_by(const Tensor& rows, const Tensor& owner, int64_t count) {
  return at::zeros({count, rows.size(1)}, rows.options()).index_add(0, owner, rows);
}

/// The trees of some molecules, their nodes sorted by depth.
struct Forest {
  struct Node {
    int64_t molecule, cluster;  // cluster: its place in `clusters`
    int64_t parent = -1;        // its place here
    std::vector<int64_t> children = {};
  };
  std::vector<Node> nodes;
  std::vector<int64_t> level_begin;            // of each depth; the roots are 0 … molecules − 1
  std::vector<int64_t> clusters;               // that occur
  std::vector<std::vector<int64_t>> place_of;  // [molecule][its node] → place
  int64_t levels() const { return static_cast<int64_t>(level_begin.size()) - 1; }
  int64_t begin(int64_t level) const { return level_begin[static_cast<size_t>(level)]; }
  const Node& at(int64_t place) const { return nodes[static_cast<size_t>(place)]; }
};

Forest plant(const std::vector<const TrainingMolecule*>& molecules) {
  Forest forest;
  std::map<int64_t, int64_t> known;
  std::vector<std::vector<std::pair<int64_t, int64_t>>> levels;  // (molecule, node)
  for (size_t m = 0; m < molecules.size(); ++m) {
    const auto& nodes = molecules[m]->nodes;
    std::vector<size_t> depth(nodes.size(), 0);
    for (size_t x = 0; x < nodes.size(); ++x) {
      if (nodes[x].parent >= 0) depth[x] = depth[static_cast<size_t>(nodes[x].parent)] + 1;
      if (levels.size() <= depth[x]) levels.resize(depth[x] + 1);
      levels[depth[x]].emplace_back(m, x);
    }
    forest.place_of.emplace_back(nodes.size(), -1);
  }
  for (const auto& level : levels) {
    forest.level_begin.push_back(static_cast<int64_t>(forest.nodes.size()));
    for (const auto& [m, x] : level) {
      const auto& node = molecules[static_cast<size_t>(m)]->nodes[static_cast<size_t>(x)];
      const auto place = static_cast<int64_t>(forest.nodes.size());
      auto& places = forest.place_of[static_cast<size_t>(m)];
      places[static_cast<size_t>(x)] = place;
      const auto [found, added] = known.emplace(node.cluster, static_cast<int64_t>(forest.clusters.size()));
      if (added) forest.clusters.push_back(node.cluster);
      forest.nodes.push_back({m, found->second});
      if (node.parent < 0) continue;
      forest.nodes.back().parent = places[static_cast<size_t>(node.parent)];
      forest.nodes[static_cast<size_t>(forest.nodes.back().parent)].children.push_back(place);
    }
  }
  forest.level_begin.push_back(static_cast<int64_t>(forest.nodes.size()));
  return forest;
}

/// Which messages go into those to parents: from the deepest level up; they stand by place from the last one
/// back.
MessageOrder upwards(const Forest& forest) {
  MessageOrder order;
  const auto count = static_cast<int64_t>(forest.nodes.size());
  for (int64_t level = forest.levels() - 1; level > 0; --level) {
    for (int64_t x = forest.begin(level + 1) - 1; x >= forest.begin(level); --x) {
      std::vector<int32_t> rows;
      for (const int64_t child : forest.at(x).children)
        rows.push_back(static_cast<int32_t>(count - 1 - child));
      order.add(static_cast<int32_t>(forest.at(x).cluster), rows);
    }
    order.end_level();
  }
  return order;
}

/// Which go into those to children, by place less the number of roots; from outside come those to parents, by
/// place alike.
/// @param all_siblings  whether a child hears of all its siblings, or of those that were visited before
MessageOrder downwards(const Forest& forest, bool all_siblings) {
  MessageOrder order;
  const int64_t roots = forest.begin(1), messages = static_cast<int64_t>(forest.nodes.size()) - roots;
  order.outside = static_cast<int32_t>(messages);
  for (int64_t level = 1; level < forest.levels(); ++level) {
    for (int64_t y = forest.begin(level); y < forest.begin(level + 1); ++y) {
      const int64_t parent = forest.at(y).parent;
      std::vector<int32_t> rows;
      for (const int64_t sibling : forest.at(parent).children) {
        if (sibling == y && !all_siblings) break;
        if (sibling != y) rows.push_back(static_cast<int32_t>(sibling - roots));
      }
      if (parent >= roots) rows.push_back(static_cast<int32_t>(messages + parent - roots));
      order.add(static_cast<int32_t>(forest.at(parent).cluster), rows);
    }
    order.end_level();
  }
  return order;
}

/// Messages along the trees, by place less the number of roots: [nodes that are no root, hidden] each.
struct Messages {
  Tensor up, down;
  Messages(const Forest& forest, const TreeWeights& weights, bool all_siblings) {
    const int64_t hidden = weights.update.size(0);
    up = down = at::zeros({0, hidden});
    if (forest.levels() < 2) return;
    up = pass_trees(std::make_shared<MessageOrder>(upwards(forest)), weights, up).flip({0});
    down = pass_trees(std::make_shared<MessageOrder>(downwards(forest, all_siblings)), weights, up);
  }
};

class Losses {
 public:
  Losses(const NamedTensors& weights, const JtvaeSizes& sizes, const TrainingMolecules& known,
         const std::vector<int64_t>& molecules)
      : weights_(weights), sizes_(sizes), known_(known) {
    for (const int64_t m : molecules) molecules_.push_back(&known.molecules[static_cast<size_t>(m)]);
    forest_ = plant(molecules_);
    embedding_ = weight("embedding.weight").index_select(0, indices(forest_.clusters));
  }

  JtvaeLosses run(const Tensor& noise) {
    const auto [up, down] = Messages(forest_, TreeWeights(weights_, "jtnn.", embedding_), true);
    const Tensor tree = tree_vector(up), graph = graph_vector();
    const Tensor mean = at::cat({linear("T_mean", tree), linear("G_mean", graph)}, 1);
    // As the authors have it: no deviation exceeds 1.
    const Tensor log_variance = -at::cat({linear("T_var", tree), linear("G_var", graph)}, 1).abs();
    losses_.latents = mean.detach();
    losses_.divergence = 0.5 * (log_variance.exp() + mean.square() - 1 - log_variance).sum();
    const Tensor z = noise.defined() ? mean + (0.5 * log_variance).exp() * noise : mean;
    const int64_t half = sizes_.latents / 2;
    decide(z.narrow(1, 0, half));
    attach(z.narrow(1, half, half), at::cat({up, down}));
    return std::move(losses_);
  }

 private:
  const Tensor& weight(const std::string& name) const { return weights_.at(name); }
  Tensor linear(const std::string& name, const Tensor& x) const {
    return affine(x, weight(name + ".weight"), weight(name + ".bias"));
  }
  int64_t roots() const { return static_cast<int64_t>(molecules_.size()); }

  Tensor tree_vector(const Tensor& up) const {
    std::vector<int64_t> clusters, rows, owners;
    for (int64_t m = 0; m < roots(); ++m) {
      clusters.push_back(forest_.at(m).cluster);
      for (const int64_t child : forest_.at(m).children) {
        rows.push_back(child - roots());
        owners.push_back(m);
      }
    }
    const Tensor incoming = sum_by(up.index_select(0, indices(rows)), indices(owners), roots());
    return at::relu(linear("jtnn.W", at::cat({embedding_.index_select(0, indices(clusters)), incoming}, 1)));
  }

  GraphWeights graph_weights(const std::string& prefix) const {
    return {weight(prefix + "W_i.weight"), weight(prefix + "W_h.weight"), weight(prefix + "W_o.weight"),
            weight(prefix + "W_o.bias")};
  }

  Tensor graph_vector() const {
    const auto graphs = std::make_shared<GraphCollection>(true);
    for (const TrainingMolecule* molecule : molecules_) graphs->add(molecule->graph);
    return pass_graphs(graphs, graph_weights("mpn."), {}, sizes_.depth);
  }

  /// "Which cluster?" and "is there another child?", each with what the decoder knows at that time.
  void decide(const Tensor& z) {
    const auto [up, down] = Messages(forest_, TreeWeights(weights_, "decoder.", embedding_), false);
    const auto count = static_cast<int64_t>(forest_.nodes.size());
    std::vector<int64_t> molecule, wanted;
    for (const Forest::Node& node : forest_.nodes) {
      molecule.push_back(node.molecule);
      wanted.push_back(forest_.clusters[static_cast<size_t>(node.cluster)]);
    }
    const int64_t h = sizes_.hidden, half = sizes_.latents / 2;
    const Tensor& next = weight("decoder.W.weight");
    const Tensor from_latent = affine(z, next.narrow(1, h, half), weight("decoder.W.bias"));
    const Tensor from_message = at::cat({at::zeros({roots(), h}), at::mm(down, next.narrow(1, 0, h).t())});
    const Tensor scores =
        linear("decoder.W_o", at::relu(from_message + from_latent.index_select(0, indices(molecule))));
    const Tensor target = indices(wanted);
    losses_.clusters = at::cross_entropy_loss(scores, target, {}, at::Reduction::Sum);
    losses_.cluster_decisions = count;
    losses_.clusters_right = scores.detach().argmax(1).eq(target).sum().item<int64_t>();
    decide_ends(z, up, down);
  }

  void decide_ends(const Tensor& z, const Tensor& up, const Tensor& down) {
    std::vector<int64_t> clusters, rows, owners, molecule;
    std::vector<float> more;
    const int64_t messages = up.size(0);
    for (size_t x = 0; x < forest_.nodes.size(); ++x) {
      const Forest::Node& node = forest_.nodes[x];
      for (size_t visited = 0; visited <= node.children.size(); ++visited) {
        const auto row = static_cast<int64_t>(clusters.size());
        for (size_t i = 0; i < visited; ++i) {
          rows.push_back(node.children[i] - roots());
          owners.push_back(row);
        }
        if (node.parent >= 0) {
          rows.push_back(messages + static_cast<int64_t>(x) - roots());
          owners.push_back(row);
        }
        clusters.push_back(node.cluster);
        molecule.push_back(node.molecule);
        more.push_back(visited < node.children.size() ? 1.0F : 0.0F);
      }
    }
    const int64_t h = sizes_.hidden, half = sizes_.latents / 2;
    const Tensor& stop = weight("decoder.U.weight");
    const auto count = static_cast<int64_t>(clusters.size());
    // What a message adds is worked out once for all decisions that it enters.
    const Tensor added = at::mm(at::cat({up, down}), stop.narrow(1, h, h).t());
    const Tensor incoming = sum_by(added.index_select(0, indices(rows)), indices(owners), count);
    const Tensor own = affine(embedding_, stop.narrow(1, 0, h), weight("decoder.U.bias"));
    const Tensor from_latent = affine(z, stop.narrow(1, 2 * h, half));
    const Tensor state = at::relu(own.index_select(0, indices(clusters)) + incoming +
                                  from_latent.index_select(0, indices(molecule)));
    const Tensor scores = linear("decoder.U_s", state).squeeze(1);
    const Tensor target = at::tensor(more);
    losses_.ends = at::binary_cross_entropy_with_logits(scores, target, {}, {}, at::Reduction::Sum);
    losses_.end_decisions = count;
    losses_.ends_right = scores.detach().ge(0).eq(target.to(at::kBool)).sum().item<int64_t>();
  }

  /// @param messages  of the encoder, to parents and then to children
  void attach(const Tensor& z, const Tensor& messages) {
    const auto graphs = std::make_shared<GraphCollection>(false);
    std::vector<int64_t> molecule, choice, right, first{0};
    for (int64_t m = 0; m < roots(); ++m)
      for (const auto& one : molecules_[static_cast<size_t>(m)]->choices) {
        const auto rows = message_rows(m, one, messages.size(0) / 2);
        right.push_back(first.back() + one.right);
        const auto& candidates = known_.candidates[static_cast<size_t>(one.surroundings)];
        for (const MoleculeFeatures& candidate : candidates) {
          graphs->add(candidate, rows);
          molecule.push_back(m);
          choice.push_back(static_cast<int64_t>(first.size()) - 1);
        }
        first.push_back(first.back() + static_cast<int64_t>(candidates.size()));
      }
    const auto count = static_cast<int64_t>(right.size());
    losses_.attachment_decisions = count;
    if (count == 0) {
      losses_.attachments = at::zeros({});
      return;
    }
    const Tensor entering = at::mm(messages, weight("jtmpn.W_t.weight").t());
    const Tensor vectors = pass_graphs(graphs, graph_weights("jtmpn."), entering, sizes_.depth);
    const Tensor query = at::mm(z, weight("A_mean.weight"));
    const Tensor scores = (vectors * query.index_select(0, indices(molecule))).sum(1);
    const Tensor owner = indices(choice);
    std::vector<float> highest(static_cast<size_t>(count), -INFINITY);
    const Tensor plain = scores.detach().contiguous();
    const float* values = plain.data_ptr<float>();
    for (size_t c = 0; c < right.size(); ++c) {
      for (int64_t i = first[c]; i < first[c + 1]; ++i) highest[c] = std::max(highest[c], values[i]);
      losses_.attachments_right += values[right[c]] == highest[c] ? 1 : 0;
    }
    const Tensor most = at::tensor(highest);
    const Tensor sums = at::zeros({count}).index_add(0, owner, (scores - most.index_select(0, owner)).exp());
    losses_.attachments = (sums.log() + most - scores.index_select(0, indices(right))).sum();
  }

  /// Where messages between marked clusters stand.
  std::map<std::pair<int, int>, int64_t> message_rows(int64_t m, const TrainingMolecule::Choice& choice,
                                                      int64_t upwards) const {
    std::map<std::pair<int, int>, int64_t> rows;
    const auto place = [&](int node) {
      return forest_.place_of[static_cast<size_t>(m)][static_cast<size_t>(node)];
    };
    if (choice.of_mark[0] < 0) return rows;
    const int64_t centre = place(choice.of_mark[0]);
    for (size_t mark = 1; mark < choice.of_mark.size(); ++mark) {
      if (choice.of_mark[mark] < 0) continue;
      const int64_t other = place(choice.of_mark[mark]);
      const bool is_parent = forest_.at(centre).parent == other;
      const int64_t child = (is_parent ? centre : other) - roots();
      const int number = static_cast<int>(mark) + 1;
      rows[{1, number}] = is_parent ? child : upwards + child;
      rows[{number, 1}] = is_parent ? upwards + child : child;
    }
    return rows;
  }

  const NamedTensors& weights_;
  const JtvaeSizes& sizes_;
  const TrainingMolecules& known_;
  std::vector<const TrainingMolecule*> molecules_;
  Forest forest_;
  Tensor embedding_;
  JtvaeLosses losses_ = {};
};

}  // namespace

NamedTensors initial_jtvae_weights(const JtvaeSizes& sizes, at::Generator& generator) {
  NamedTensors weights;
  const int64_t h = sizes.hidden, a = sizes.assembly_hidden, half = sizes.latents / 2;
  const auto matrix = [&](const std::string& name, int64_t rows, int64_t columns) {
    const double deviation = std::sqrt(2 / static_cast<double>(rows + columns));  // Glorot & Bengio 2010
    weights[name + ".weight"] = at::randn({rows, columns}, generator, at::kFloat) * deviation;
  };
  const auto layer = [&](const std::string& name, int64_t rows, int64_t columns) {
    matrix(name, rows, columns);
    weights[name + ".bias"] = at::zeros({rows});
  };
  matrix("embedding", sizes.clusters, h);
  for (const std::string prefix : {"jtnn.", "decoder."}) {
    layer(prefix + "W_z", h, 2 * h);
    layer(prefix + "W_h", h, 2 * h);
    matrix(prefix + "W_r", h, h);
    layer(prefix + "U_r", h, h);
  }
  for (const bool whole : {true, false}) {  // graphs of molecules, and of a decoder's candidates
    const std::string prefix = whole ? "mpn." : "jtmpn.";
    const int64_t atom = atom_width(whole), bond = bond_width(whole), width = whole ? h : a;
    matrix(prefix + "W_i", width, atom + bond);
    matrix(prefix + "W_h", width, width);
    layer(prefix + "W_o", width, atom + width);
  }
  matrix("jtmpn.W_t", a, h);
  matrix("A_mean", half, a);
  layer("jtnn.W", h, 2 * h);
  for (const char* name : {"T_mean", "G_mean", "T_var", "G_var"}) layer(name, half, h);
  layer("decoder.W", h, h + half);
  layer("decoder.W_o", sizes.clusters, h);
  layer("decoder.U", h, 2 * h + half);
  layer("decoder.U_s", 1, h);
  return weights;
}

JtvaeLosses jtvae_losses(const NamedTensors& weights, const JtvaeSizes& sizes, const TrainingMolecules& known,
                         const std::vector<int64_t>& molecules, const Tensor& noise) {
  return Losses(weights, sizes, known, molecules).run(noise);
}

}  // namespace latentpath
