#include "molecule/jtvae_network.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

Tensor indices(const std::vector<int64_t>& list) { return at::tensor(list, at::kLong); }

/// Sums of rows: result[owner[i]] += rows[i]; [count, columns].
Tensor sum_by(const Tensor& rows, const Tensor& owner, int64_t count) {
  return at::zeros({count, rows.size(1)}, rows.options()).index_add_(0, owner, rows);
}

const Tensor& weight(const NamedTensors& weights, const std::string& name) { return weights.at(name); }

Tensor columns(const Tensor& matrix, int64_t first, int64_t count) {
  return matrix.narrow(1, first, count).contiguous();
}

/// The messages of a batch of trees, level by level.
class Propagation {
 public:
  Propagation(const std::vector<const JunctionTree*>& trees, const TreeGru& gru, int64_t hidden,
              bool downwards)
      : trees_(trees), gru_(gru), rows_(trees.size()) {
    for (size_t t = 0; t < trees.size(); ++t) add_levels(static_cast<int64_t>(t), downwards);
    int64_t count = 0;
    for (const auto* levels : {&up_, &down_})
      for (const auto& level : *levels) count += static_cast<int64_t>(level.size());
    values_ = at::zeros({count, hidden});
    for (auto level = up_.rbegin(); level != up_.rend(); ++level) run(*level);
    for (const auto& level : down_) run(level);
  }

  const Tensor& values() const { return values_; }
  const std::map<std::pair<int64_t, int64_t>, int64_t>& rows(size_t tree) const { return rows_[tree]; }

 private:
  struct Edge {
    int64_t tree, from, to;
  };

  void add_levels(int64_t t, bool downwards) {
    const auto& nodes = trees_[static_cast<size_t>(t)]->nodes;
    std::vector<int64_t> depth(nodes.size(), -1), queue{0};
    depth[0] = 0;
    for (size_t next = 0; next < queue.size(); ++next) {
      const int64_t x = queue[next];
      for (const int64_t y : nodes[static_cast<size_t>(x)].neighbours) {
        if (depth[static_cast<size_t>(y)] >= 0) continue;
        const size_t level =
            static_cast<size_t>(depth[static_cast<size_t>(y)] = depth[static_cast<size_t>(x)] + 1);
        queue.push_back(y);
        if (up_.size() < level) up_.resize(level);
        up_[level - 1].push_back({t, y, x});
        if (!downwards) continue;
        if (down_.size() < level) down_.resize(level);
        down_[level - 1].push_back({t, x, y});
      }
    }
  }

  void run(const std::vector<Edge>& level) {
    std::vector<int64_t> clusters, sources, owners;
    const int64_t first = next_;
    for (size_t i = 0; i < level.size(); ++i) {
      const Edge& edge = level[i];
      const auto& rows = rows_[static_cast<size_t>(edge.tree)];
      const auto& node = trees_[static_cast<size_t>(edge.tree)]->nodes[static_cast<size_t>(edge.from)];
      clusters.push_back(node.cluster);
      for (const int64_t z : node.neighbours) {
        if (z == edge.to) continue;
        sources.push_back(rows.at({z, edge.from}));
        owners.push_back(static_cast<int64_t>(i));
      }
    }
    const Tensor messages =
        gru_(indices(clusters), values_.index_select(0, indices(sources)), indices(owners));
    values_.narrow(0, first, messages.size(0)).copy_(messages);
    for (const Edge& edge : level) rows_[static_cast<size_t>(edge.tree)][{edge.from, edge.to}] = next_++;
  }

  const std::vector<const JunctionTree*>& trees_;
  const TreeGru& gru_;
  std::vector<std::map<std::pair<int64_t, int64_t>, int64_t>> rows_;
  std::vector<std::vector<Edge>> up_, down_;
  Tensor values_;
  int64_t next_ = 0;
};

}  // namespace

Tensor affine(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (x.size(0) != 1) return bias.defined() ? at::addmm(bias, x, weight.t()) : at::mm(x, weight.t());
  const Tensor row = x.squeeze(0);
  return (bias.defined() ? at::addmv(bias, weight, row) : at::mv(weight, row)).unsqueeze(0);
}

TreeGru::TreeGru(const NamedTensors& weights, const std::string& prefix, const Tensor& embedding) {
  const int64_t hidden = embedding.size(1);
  const auto table = [&](const Tensor& matrix, const char* bias) {
    const auto found = weights.find(prefix + bias);
    const Tensor product = at::mm(embedding, matrix.t());
    return found == weights.end() ? product : product + found->second;
  };
  const Tensor& update = weight(weights, prefix + "W_z.weight");
  const Tensor& state = weight(weights, prefix + "W_h.weight");
  update_table_ = table(columns(update, 0, hidden), "W_z.bias");
  state_table_ = table(columns(state, 0, hidden), "W_h.bias");
  reset_table_ = table(weight(weights, prefix + "W_r.weight"), "W_r.bias");
  update_weight_ = columns(update, hidden, hidden);
  state_weight_ = columns(state, hidden, hidden);
  reset_weight_ = weight(weights, prefix + "U_r.weight");
  if (const auto found = weights.find(prefix + "U_r.bias"); found != weights.end())
    reset_bias_ = found->second;
}

Tensor TreeGru::operator()(const Tensor& clusters, const Tensor& incoming, const Tensor& owner) const {
  const int64_t count = clusters.size(0);
  const Tensor state_input = state_table_.index_select(0, clusters);
  const Tensor update_input = update_table_.index_select(0, clusters);
  if (incoming.size(0) == 0) return at::sigmoid(update_input) * at::tanh(state_input);
  const Tensor sum = sum_by(incoming, owner, count);
  const Tensor update = at::sigmoid(update_input + affine(sum, update_weight_));
  const Tensor reset = at::sigmoid(reset_table_.index_select(0, clusters.index_select(0, owner)) +
                                   affine(incoming, reset_weight_, reset_bias_));
  const Tensor gated = sum_by(reset * incoming, owner, count);
  const Tensor state = at::tanh(state_input + affine(gated, state_weight_));
  return (1 - update) * sum + update * state;
}

GraphNetwork::GraphNetwork(const NamedTensors& weights, const std::string& prefix, int64_t depth, bool stereo)
    : input_weight_(weight(weights, prefix + "W_i.weight")),
      message_weight_(weight(weights, prefix + "W_h.weight")),
      output_weight_(weight(weights, prefix + "W_o.weight")),
      output_bias_(weight(weights, prefix + "W_o.bias")),
      depth_(depth),
      stereo_(stereo) {
  if (const auto found = weights.find(prefix + "W_t.weight"); found != weights.end())
    tree_weight_ = found->second;
}

Tensor GraphNetwork::operator()(const std::vector<const MoleculeFeatures*>& graphs, const Tensor& tree,
                                const std::map<std::pair<int, int>, int64_t>& row_of) const {
  const int64_t atom_size = atom_width(stereo_), bond_size = atom_size + bond_width(stereo_);
  int64_t atoms = 0, bonds = 0;
  for (const auto* graph : graphs) {
    atoms += static_cast<int64_t>(graph->atoms.size());
    bonds += 2 * static_cast<int64_t>(graph->bonds.size());
  }
  Tensor atom_features = at::zeros({atoms, atom_size}), bond_features = at::zeros({bonds, bond_size});
  float* atom_row = atom_features.data_ptr<float>();
  float* bond_row = bond_features.data_ptr<float>();
  std::vector<int64_t> source, target, reverse, molecule, tree_rows, tree_targets;
  std::vector<float> share;
  int64_t first = 0;
  for (size_t g = 0; g < graphs.size(); ++g) {
    for (const auto& atom : graphs[g]->atoms) {
      atom_row[atom.element] = 1;
      atom_row[kElementFeatures + atom.degree] = 1;
      atom_row[kElementFeatures + kDegreeFeatures + atom.charge] = 1;
      if (stereo_) atom_row[kElementFeatures + kDegreeFeatures + kChargeFeatures] = 1;
      atom_row[atom_size - 1] = atom.aromatic ? 1 : 0;
      atom_row += atom_size;
      molecule.push_back(static_cast<int64_t>(g));
      share.push_back(1 / static_cast<float>(graphs[g]->atoms.size()));
    }
    for (const auto& bond : graphs[g]->bonds)
      for (const bool forwards : {true, false}) {
        const int x = forwards ? bond.from : bond.to, y = forwards ? bond.to : bond.from;
        std::copy_n(atom_features.data_ptr<float>() + (first + x) * atom_size, atom_size, bond_row);
        bond_row[atom_size + bond.order] = 1;
        bond_row[atom_size + kOrderFeatures] = bond.in_ring ? 1 : 0;
        if (stereo_) bond_row[atom_size + kOrderFeatures + 1] = 1;
        bond_row += bond_size;
        source.push_back(first + x);
        target.push_back(first + y);
        reverse.push_back(static_cast<int64_t>(reverse.size()) + (forwards ? 1 : -1));
        if (!tree.defined()) continue;
        const int from = graphs[g]->atoms[static_cast<size_t>(x)].mark,
                  to = graphs[g]->atoms[static_cast<size_t>(y)].mark;
        if (from == 0 || to == 0 || from == to) continue;
        if (const auto row = row_of.find({from, to}); row != row_of.end()) {
          tree_rows.push_back(row->second);
          tree_targets.push_back(first + y);
        }
      }
    first += static_cast<int64_t>(graphs[g]->atoms.size());
  }
  const Tensor from = indices(source), to = indices(target), back = indices(reverse);
  const int64_t hidden = message_weight_.size(0);
  Tensor from_tree = at::zeros({atoms, hidden});
  if (!tree_rows.empty()) {
    const Tensor entering = tree.index_select(0, indices(tree_rows));
    from_tree.index_add_(0, indices(tree_targets),
                         tree_weight_.defined() ? at::mm(entering, tree_weight_.t()) : entering);
  }
  const Tensor input = at::mm(bond_features, input_weight_.t());
  Tensor messages = at::relu(input);
  for (int64_t round = 1; round < depth_; ++round) {
    const Tensor entering = from_tree.index_add(0, to, messages);
    // What enters the bond's first atom, but for what came along this bond.
    const Tensor neighbours = entering.index_select(0, from) - messages.index_select(0, back);
    messages = at::relu(input + at::mm(neighbours, message_weight_.t()));
  }
  const Tensor entering = from_tree.index_add(0, to, messages);
  const Tensor states =
      at::relu(at::addmm(output_bias_, at::cat({atom_features, entering}, 1), output_weight_.t()));
  return sum_by(states * at::tensor(share).unsqueeze(1), indices(molecule),
                static_cast<int64_t>(graphs.size()));
}

JtvaeNetwork::JtvaeNetwork(const NamedTensors& weights, int64_t clusters, int64_t depth,
                           const std::string& file) {
  const auto shaped = [&](const std::string& name, std::vector<int64_t> shape) -> const Tensor& {
    const auto found = weights.find(name);
    LATENTPATH_CHECK(found != weights.end(), kInput, file, " is no junction tree VAE: it has no weight ",
                     name);
    LATENTPATH_CHECK(found->second.sizes() == at::IntArrayRef(shape), kInput, file, ": the weight ", name,
                     " has the shape ", shape_string(found->second.sizes()), ", where ",
                     shape_string(at::IntArrayRef(shape)), " is expected");
    return found->second;
  };
  const auto known = weights.find("embedding.weight");
  LATENTPATH_CHECK(known != weights.end() && known->second.dim() == 2, kInput, file,
                   " is no junction tree VAE: it has no weight embedding.weight");
  const int64_t h = hidden = known->second.size(1);
  embedding = shaped("embedding.weight", {clusters, h});
  const auto mean = weights.find("T_mean.bias");
  LATENTPATH_CHECK(mean != weights.end() && mean->second.dim() == 1, kInput, file,
                   " is no junction tree VAE: it has no weight T_mean.bias");
  half = mean->second.size(0);
  for (const std::string prefix : {"jtnn.", "decoder."}) {
    shaped(prefix + "W_z.weight", {h, 2 * h});
    shaped(prefix + "W_h.weight", {h, 2 * h});
    shaped(prefix + "W_r.weight", {h, h});
    shaped(prefix + "U_r.weight", {h, h});
  }
  // Ours have candidates' graphs of a size of their own; the published ones share G_mean.
  const auto own = weights.find("A_mean.weight");
  LATENTPATH_CHECK(own == weights.end() || own->second.dim() == 2, kInput, file,
                   ": the weight A_mean.weight is no matrix");
  const int64_t a = own == weights.end() ? h : own->second.size(1);
  for (const bool whole : {true, false}) {  // graphs of molecules, and of a decoder's candidates
    const std::string prefix = whole ? "mpn." : "jtmpn.";
    const int64_t atom = atom_width(whole), bond = bond_width(whole), width = whole ? h : a;
    shaped(prefix + "W_i.weight", {width, atom + bond});
    shaped(prefix + "W_h.weight", {width, width});
    shaped(prefix + "W_o.weight", {width, atom + width});
    shaped(prefix + "W_o.bias", {width});
  }
  if (own != weights.end()) shaped("jtmpn.W_t.weight", {a, h});
  encoder_gru = TreeGru(weights, "jtnn.", embedding);
  decoder_gru = TreeGru(weights, "decoder.", embedding);
  graph = GraphNetwork(weights, "mpn.", depth, true);
  candidate = GraphNetwork(weights, "jtmpn.", depth, false);
  const Tensor& root = shaped("jtnn.W.weight", {h, 2 * h});
  root_cluster = columns(root, 0, h);
  root_message = columns(root, h, h);
  root_bias = shaped("jtnn.W.bias", {h});
  tree_weight = shaped("T_mean.weight", {half, h});
  tree_bias = shaped("T_mean.bias", {half});
  graph_weight = shaped("G_mean.weight", {half, h});
  graph_bias = shaped("G_mean.bias", {half});
  attachment_weight = own == weights.end() ? graph_weight : shaped("A_mean.weight", {half, a});
  attachment_bias = own == weights.end() ? graph_bias : at::zeros({half});
  const Tensor& next = shaped("decoder.W.weight", {h, h + half});
  next_message = columns(next, 0, h);
  next_latent = columns(next, h, half);
  next_bias = shaped("decoder.W.bias", {h});
  cluster_weight = shaped("decoder.W_o.weight", {clusters, h});
  cluster_bias = shaped("decoder.W_o.bias", {clusters});
  const Tensor& stop = shaped("decoder.U.weight", {h, 2 * h + half});
  stop_table = at::addmm(shaped("decoder.U.bias", {h}), embedding, columns(stop, 0, h).t());
  stop_message = columns(stop, h, h);
  stop_latent = columns(stop, 2 * h, half);
  stop_weight = shaped("decoder.U_s.weight", {1, h});
  stop_bias = shaped("decoder.U_s.bias", {1});
}

Tensor JtvaeNetwork::tree_mean(const std::vector<const JunctionTree*>& trees) const {
  const Propagation propagation(trees, encoder_gru, hidden, false);
  std::vector<int64_t> clusters, rows, owners;
  for (size_t t = 0; t < trees.size(); ++t) {
    clusters.push_back(trees[t]->nodes[0].cluster);
    for (const int64_t y : trees[t]->nodes[0].neighbours) {
      rows.push_back(propagation.rows(t).at({y, 0}));
      owners.push_back(static_cast<int64_t>(t));
    }
  }
  const auto count = static_cast<int64_t>(trees.size());
  const Tensor incoming = sum_by(propagation.values().index_select(0, indices(rows)), indices(owners), count);
  const Tensor state =
      at::relu(affine(embedding.index_select(0, indices(clusters)), root_cluster, root_bias) +
               affine(incoming, root_message));
  return affine(state, tree_weight, tree_bias);
}

TreeMessages JtvaeNetwork::tree_messages(const JunctionTree& tree) const {
  const std::vector<const JunctionTree*> one{&tree};
  const Propagation propagation(one, encoder_gru, hidden, true);
  return {propagation.values(), propagation.rows(0)};
}

Tensor JtvaeNetwork::graph_mean(const std::vector<const MoleculeFeatures*>& graphs) const {
  return affine(graph(graphs), graph_weight, graph_bias);
}

}  // namespace latentpath
