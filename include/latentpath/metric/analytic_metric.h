#pragma once
// AnalyticMetric: a Riemannian metric G(x), a symmetric positive definite M x M matrix at every point x of
// R^M, with its exact first and second derivatives, for the fast geodesic solvers. The length of a curve x(t)
// is ∫ √(x'ᵀ G(x) x') dt.
//
//   auto half_plane = latentpath::analytic_metric([](const auto* z, auto* g) {   // Poincaré: G = I/y²
//     g[0] = g[2] = 1.0 / (z[1] * z[1]);
//     g[1] = 0.0;
//   }, 2, "Poincare half plane");
//   WeightedMetric metric(latentpath::plane_chart(2), {}, 0, half_plane);

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "latentpath/metric/analytic_map.h"

namespace latentpath {

class AnalyticMetric {
 public:
  /// `packed`: x [M] → the upper triangle of G, row after row, [M(M + 1)/2]: g11, g12, …, g22, … .
  /// `least_eigenvalue`: no eigenvalue of G is smaller, anywhere; 0 where that is not known.
  /// Throws Error(kArgument) for another number of outputs or a negative bound.
  explicit AnalyticMetric(std::shared_ptr<const AnalyticMap> packed, double least_eigenvalue = 0);

  int dim() const noexcept { return packed_->latent_dim(); }
  const AnalyticMap& packed() const noexcept { return *packed_; }
  double least_eigenvalue() const noexcept { return least_eigenvalue_; }
  const std::string& describe() const noexcept { return packed_->describe(); }

  /// vᵀG(x)v of `count` points x [count, M] and vectors v [count, M] → [count].
  void squared_norms(std::size_t count, const double* x, const double* v, double* squares) const;

 private:
  std::shared_ptr<const AnalyticMap> packed_;
  double least_eigenvalue_;
};

using AnalyticMetricPointer = std::shared_ptr<const AnalyticMetric>;

/// G from a generic callable `f(const T* x, T* g)`, g the upper triangle of G, row after row.
template <class Function>
AnalyticMetricPointer analytic_metric(Function f, int dim, std::string name = "metric",
                                      double least_eigenvalue = 0) {
  return std::make_shared<AnalyticMetric>(chart(std::move(f), dim, dim * (dim + 1) / 2, std::move(name)),
                                          least_eigenvalue);
}

}  // namespace latentpath
