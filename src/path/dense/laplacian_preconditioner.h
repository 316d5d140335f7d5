#pragma once
// M = T ⊗ G: the weighted 1-D Laplacian times a mean metric, an approximation of a chord cost's Laplacian
// that is solved in O(n D). Internal.
//
// T is tridiagonal with k_i = (2/Δ) W_i c_i / (Δz_iᵀ G Δz_i); G is the mean of JᵀJ over a few nodes, reduced
// to a multiple of the identity or to its diagonal where it nearly is that.

#include <Eigen/Cholesky>
#include <vector>

#include "latentpath/metric/weighted_metric.h"

namespace latentpath::detail {

class LaplacianPreconditioner {
 public:
  /// At knots [n + 1, D] with W_i c_i summed over the subdivisions of each segment, times their number: [n].
  void build(const WeightedMetric& metric, const std::vector<double>& knots,
             const std::vector<double>& weighted_chords_squared);
  /// T anew; G as it was.
  void update(const std::vector<double>& knots, const std::vector<double>& weighted_chords_squared);
  /// x ← M⁻¹ x, [(n − 1), D].
  void solve(double* x) const;
  /// y = M x.
  void multiply(const double* x, double* y) const;

 private:
  void set_mean_metric(const WeightedMetric& metric, const std::vector<double>& knots);
  enum class Kind { kScalar, kDiagonal, kFull };
  Kind kind_ = Kind::kScalar;
  std::size_t dim_ = 0;
  std::vector<double> diagonal_, off_, pivot_, scale_;
  Eigen::MatrixXd metric_;
  Eigen::LLT<Eigen::MatrixXd> factor_;
};

}  // namespace latentpath::detail
