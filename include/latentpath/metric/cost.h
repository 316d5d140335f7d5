#pragma once
// Cost: what is minimised on one segment of a discretised path (paper A, Eqs. 5–8).
//
// With w_i = −log Q_ε at the midpoint, c_i = ‖Φ(z_{i+1}) − Φ(z_i)‖² and Δ_i = t_{i+1} − t_i:
//   chord    w² c / Δ           discretises 2E, E the energy of the curve (Eq. 5; Eq. 6 with a kernel)
//   dynamic  w² (λΔ + c / Δ)    the curve (γ(t), t) in Z × [0, 1] (Eqs. 7–8, whose λ is 1)
//   length   w √(λΔ² + c)       what the papers' reference program minimises
//   endpoint-mean  w² c / Δ     with w_i = −log of the mean of Q_ε at the segment's two ends in place of its
//                               midpoint: n times paper B's Eq. 3, which has n equal segments and no Δ
//
//   auto cost = latentpath::dynamic_cost(1.0);
//   Tensor per_path = cost->segments(terms).sum(1);   // [pairs]

#include <memory>
#include <string>

#include "latentpath/core/tensor.h"

namespace latentpath {

/// The ingredients of a cost, one row a path.
struct SegmentTerms {
  Tensor squared_chord;   ///< c_i [pairs, n]
  Tensor weight;          ///< w_i = −log Q_ε [pairs, n]
  Tensor duration;        ///< Δ_i [n]
  Tensor potential = {};  ///< P(m_i) ≥ 0 [pairs, n], of which Σ P Δ is added to any cost; undefined: none
};

class Cost {
 public:
  virtual ~Cost() = default;
  /// The cost of each segment, [pairs, n], differentiable.
  virtual Tensor segments(const SegmentTerms& terms) const = 0;
  /// λ, the weight of the time term; 0 where there is none.
  virtual double time_weight() const { return 0; }
  /// True when w_i = −log ½(Q_ε(z_i) + Q_ε(z_{i+1})): the quality is asked at the nodes, not between them.
  virtual bool averages_end_qualities() const { return false; }
  /// True when a segment costs w² (λΔ + c / Δ): an energy.
  virtual bool is_energy() const { return false; }
  /// True when the cost is minimised only at constant weighted speed, so that nodes may be reparametrised
  /// freely.
  virtual bool fixes_speed() const { return false; }
  virtual std::string describe() const = 0;
};

using CostPointer = std::shared_ptr<const Cost>;

CostPointer chord_cost();
/// Throws Error(kArgument) unless λ ≥ 0.
CostPointer dynamic_cost(double time_weight);
CostPointer length_cost(double time_weight);

/// Discretises 2E, as chord_cost() does, from the nodes alone (paper B, Eq. 3). On every grid, refined ones
/// included, it approximates the same integral, so its figures stand beside the chord cost's. A minimiser
/// hides from nodes more easily than from midpoints: a segment between two good nodes costs nothing for
/// the bad places that it crosses.
CostPointer endpoint_mean_cost();

/// By name: "chord", "dynamic", "length", "endpoint-mean". Throws Error(kArgument) naming them.
CostPointer make_cost(const std::string& name, double time_weight);

}  // namespace latentpath
