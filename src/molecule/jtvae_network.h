#pragma once
// The networks of the junction tree VAE (Jin et al. 2018, §2.2–2.5), as functions of numbers: which clusters,
// which messages. What a weight multiplies that depends on the cluster alone stands in tables, one row a
// cluster.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/molecule/junction_tree.h"
#include "molecule/molecule_features.h"

namespace latentpath {

using NamedTensors = std::map<std::string, Tensor>;

/// x Wᵀ + b, by a product of a matrix with a vector where x has one row.
Tensor affine(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

/// Messages between nodes of a tree: rows of `values`.
struct TreeMessages {
  Tensor values;                                          ///< [messages, hidden]
  std::map<std::pair<int64_t, int64_t>, int64_t> row_of;  ///< (from, to) → row
};

/// The gated recurrent unit that makes a message of a cluster and the messages that come in (Eq. 5–8).
class TreeGru {
 public:
  TreeGru() = default;
  /// @param prefix  of the weights' names: "jtnn.", "decoder."
  TreeGru(const NamedTensors& weights, const std::string& prefix, const Tensor& embedding);
  /// @param clusters  [n] int64
  /// @param incoming  [m, hidden], messages
  /// @param owner     [m] int64: which of the n each goes to
  /// @return [n, hidden]
  Tensor operator()(const Tensor& clusters, const Tensor& incoming, const Tensor& owner) const;

 private:
  Tensor update_table_, reset_table_, state_table_;     // [clusters, hidden]
  Tensor update_weight_, reset_weight_, state_weight_;  // [hidden, hidden], of messages
  Tensor reset_bias_;
};

/// Message passing on a graph of atoms (Eq. 1–3), and its mean over atoms.
class GraphNetwork {
 public:
  GraphNetwork() = default;
  /// @param stereo  whether atoms and bonds have features of stereo marks, which are those of none here
  GraphNetwork(const NamedTensors& weights, const std::string& prefix, int64_t depth, bool stereo);
  /// @param graphs  several molecules
  /// @param tree    messages that enter at bonds between atoms of different marks; none: no messages
  /// @param row_of  (mark, mark) → row of the tree's messages
  /// @return [molecules, hidden]
  Tensor operator()(const std::vector<const MoleculeFeatures*>& graphs, const Tensor& tree = {},
                    const std::map<std::pair<int, int>, int64_t>& row_of = {}) const;

 private:
  Tensor input_weight_, message_weight_, output_weight_, output_bias_;
  Tensor tree_weight_;  // of the tree's messages, where these have another size
  int64_t depth_ = 0;
  bool stereo_ = false;
};

struct JtvaeNetwork {
  /// Throws Error(kInput) naming a weight that is missing or of another shape.
  JtvaeNetwork(const NamedTensors& weights, int64_t clusters, int64_t depth, const std::string& file);

  int64_t hidden = 0, half = 0;  ///< half: of the latents, those of the tree
  TreeGru encoder_gru, decoder_gru;
  GraphNetwork graph, candidate;
  Tensor embedding;                              // [clusters, hidden]
  Tensor root_cluster, root_message, root_bias;  // jtnn.W, split
  Tensor tree_weight, tree_bias, graph_weight, graph_bias;
  Tensor attachment_weight, attachment_bias;     // those of the graph, where the file has no own
  Tensor next_message, next_latent, next_bias;   // decoder.W, split
  Tensor cluster_weight, cluster_bias;           // decoder.W_o
  Tensor stop_table, stop_message, stop_latent;  // decoder.U, split; its bias is in the table
  Tensor stop_weight, stop_bias;                 // decoder.U_s

  /// Means of the tree's latents [n, half], and its messages where they are wanted (rows of one tensor for
  /// all trees).
  Tensor tree_mean(const std::vector<const JunctionTree*>& trees) const;
  /// All messages of the tree encoder, up to the root and down again.
  TreeMessages tree_messages(const JunctionTree& tree) const;
  /// [n, half]
  Tensor graph_mean(const std::vector<const MoleculeFeatures*>& graphs) const;
};

}  // namespace latentpath
