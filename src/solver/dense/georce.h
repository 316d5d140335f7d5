#pragma once
// GEORCE as published (Rygaard & Hauberg, arXiv 2505.05961, 2025): a baseline, and an option. Internal.
//
// Minimises E = Σ u_iᵀ G(z_i) u_i, z_{i+1} = z_i + u_i. The value it reports is T·E, which compares with the
// chord cost; its residual is √(−slope/2E) of the next step.

#include <Eigen/Core>
#include <vector>

#include "solver/dense/row_method.h"

namespace latentpath::detail {

class GeorceMethod final : public RowMethod {
 public:
  void start(const RowCapabilities& row, const std::vector<double>& x) override;
  void step() override;

 private:
  /// Targets û and the slope of E along the way to them, at the present curve.
  void approximate();
  void set_energy(double energy);

  CurveMetric* metric_ = nullptr;
  Eigen::MatrixXd z_, u_, target_, trial_z_, trial_u_;  ///< [D, T + 1], [D, T]
  std::vector<double> metrics_, turning_;               ///< G_i [T, D, D]; ν_i [T, D]
  double energy_ = 0, slope_ = 0;
};

}  // namespace latentpath::detail
