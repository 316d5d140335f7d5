#pragma once
// Objective: a batch of independent functions R^N → R on tensors, minimised together (basic_objective.h).

#include "latentpath/core/tensor.h"
#include "latentpath/solver/basic_objective.h"

namespace latentpath {

template <>
struct RowTypes<Tensor> {
  using Values = Tensor;   ///< [B] float64
  using Indices = Tensor;  ///< [rows] int64, ascending, on the CPU
};

using ObjectiveValue = BasicObjectiveValue<Tensor>;
using Objective = BasicObjective<Tensor>;
extern template class BasicObjective<Tensor>;

}  // namespace latentpath
