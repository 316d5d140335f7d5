#pragma once
// Message passing on many graphs of atoms with its gradient (Jin et al. 2018, Eq. 1–3). One operation of
// LibTorch's autograd: graphs go through all rounds a few at a time, so that what they need stays in the
// processor's cache.

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "latentpath/core/tensor.h"
#include "molecule/dense/graph_messages.h"
#include "molecule/molecule_features.h"

namespace latentpath {

/// Graphs side by side: molecules, or candidates of attachments.
class GraphCollection {
 public:
  /// @param stereo  whether atoms and bonds have features of stereo marks, which are those of none here
  explicit GraphCollection(bool stereo) : stereo_(stereo) {}

  /// @param row_of  (mark, mark) → row of the messages that enter at a bond between such atoms
  void add(const MoleculeFeatures& graph, const std::map<std::pair<int, int>, int64_t>& row_of = {});

  const GraphEdges& edges() const { return edges_; }
  /// Features of the kinds of atoms and of edges, one row each.
  Tensor atom_features() const;
  Tensor edge_features() const;

 private:
  bool stereo_;
  GraphEdges edges_{.source = {},
                    .target = {},
                    .edge_kind = {},
                    .atom_kind = {},
                    .message_row = {},
                    .message_atom = {},
                    .first_edge = {0},
                    .first_atom = {0},
                    .first_message = {0}};
  std::map<int64_t, int32_t> atom_kinds_, edge_kinds_;
  std::vector<std::vector<int64_t>> atom_columns_, edge_columns_;  // where features are 1
};

/// Weights as GraphNetwork has them.
struct GraphWeights {
  Tensor input, message, output, output_bias;
};

/// Means over each graph's atoms: [graphs, width].
/// @param outside  [rows, width], messages that enter; none where no graph has any
Tensor pass_graphs(const std::shared_ptr<const GraphCollection>& graphs, const GraphWeights& weights,
                   const Tensor& outside, int64_t depth);

}  // namespace latentpath
