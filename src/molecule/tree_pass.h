#pragma once
// Messages on many trees at once, by the gated recurrent unit of JtvaeNetwork's TreeGru, with their gradient:
// one operation of LibTorch's autograd for all levels.

#include <memory>
#include <string>

#include "latentpath/core/tensor.h"
#include "molecule/dense/tree_messages.h"
#include "molecule/jtvae_network.h"

namespace latentpath {

/// Weights of the unit with what depends on the cluster alone as tables [clusters, hidden].
struct TreeWeights {
  Tensor update_table, reset_table, state_table;
  Tensor update, reset, state;  ///< [hidden, hidden], of messages
  /// @param prefix     of the weights' names: "jtnn.", "decoder."
  /// @param embedding  of the clusters that occur
  TreeWeights(const NamedTensors& weights, const std::string& prefix, const Tensor& embedding);
};

/// The messages that are made: [made, hidden].
/// @param outside  [order->outside, hidden]
Tensor pass_trees(const std::shared_ptr<const MessageOrder>& order, const TreeWeights& weights,
                  const Tensor& outside);

}  // namespace latentpath
