#pragma once
// Cost: what is minimised on one segment of a discretised path (paper A, Eqs. 5–8).
//
// With w_i = −log Q_ε at the midpoint, c_i = ‖Φ(z_{i+1}) − Φ(z_i)‖² and Δ_i = t_{i+1} − t_i:
//   chord    w² c / Δ           discretises 2E, E the energy of the curve (Eq. 5; Eq. 6 with a kernel)
//   dynamic  w² (λΔ + c / Δ)    the curve (γ(t), t) in Z × [0, 1] (Eqs. 7–8, whose λ is 1)
//   length   w √(λΔ² + c)       what the papers' reference program minimises
//
//   auto cost = latentpath::dynamic_cost(1.0);
//   Tensor per_path = cost->segments(terms).sum(1);   // [pairs]

#include <memory>
#include <string>

#include "latentpath/core/tensor.h"

namespace latentpath {

/// The ingredients of a cost, one row a path.
struct SegmentTerms {
  Tensor squared_chord;  ///< c_i [pairs, n]
  Tensor weight;         ///< w_i = −log Q_ε [pairs, n]
  Tensor duration;       ///< Δ_i [n]
};

class Cost {
 public:
  virtual ~Cost() = default;
  /// The cost of each segment, [pairs, n], differentiable.
  virtual Tensor segments(const SegmentTerms& terms) const = 0;
  /// λ, the weight of the time term; 0 where there is none.
  virtual double time_weight() const { return 0; }
  /// True when the cost is minimised only at constant weighted speed, so that nodes may be re-spaced freely.
  virtual bool fixes_speed() const { return false; }
  virtual std::string describe() const = 0;
};

using CostPointer = std::shared_ptr<const Cost>;

CostPointer chord_cost();
/// Throws Error(kArgument) unless λ ≥ 0.
CostPointer dynamic_cost(double time_weight);
CostPointer length_cost(double time_weight);

/// By name: "chord", "dynamic", "length". Throws Error(kArgument) naming them.
CostPointer make_cost(const std::string& name, double time_weight);

}  // namespace latentpath
