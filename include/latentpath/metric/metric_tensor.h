#pragma once
// MetricTensor: a Riemannian metric given directly, as a symmetric positive definite matrix G(x) at every
// point x: the Fisher-Rao metric of a family of distributions, a learned metric, the cost of a step in a
// field.
//
// The length of a curve is ∫ n √(γ'ᵀ G(γ) γ') dt, n = −log Q_ε the weight of the quality, and the chord cost
// (paper A, Eq. 5) becomes
//   Σ n²(m_i) (z_{i+1} − z_i)ᵀ G(m_i) (z_{i+1} − z_i)/Δ_i,   m_i = (z_i + z_{i+1})/2,
// which is second-order accurate: midpoints, since a matrix taken at one end of a step lets a path save by
// one giant step that starts at a cheap point. riemannian_space(G) makes R^D with this metric an Embedding:
// the identity, into a space where lengths are measured by G, so that everything that takes an embedding
// takes a metric. check_metric_tensor() refuses what is none; adaptors.h has the way to the analytic metric
// of the Newton solvers and back.
//
//   auto half_plane = latentpath::metric_tensor([](const Tensor& z) {          // Poincaré: G = I/y²
//     return at::eye(2, z.options()) / z.select(1, 1).square().view({-1, 1, 1});
//   }, 2, "Poincare half plane");
//   PathProblem problem{.embedding = riemannian_space(half_plane),
//                       .quality = constant_quality(std::exp(-1.0)),  // n = -log Q = 1
//                       .start = z0, .end = z1};

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "latentpath/core/tensor.h"
#include "latentpath/metric/analytic_metric.h"
#include "latentpath/metric/embedding.h"

namespace latentpath {

class MetricTensor {
 public:
  virtual ~MetricTensor() = default;

  /// G(x): x [n, M] → [n, M, M], differentiable. Throws Error(kInput) where the shape is another.
  Tensor operator()(const Tensor& x) const;
  /// dᵀG(x)d: x, d [n, M] → [n].
  Tensor squared_norm(const Tensor& x, const Tensor& d) const;

  /// M, or −1 when any is accepted.
  virtual int64_t dim() const { return -1; }
  virtual std::string describe() const = 0;
  /// No eigenvalue of G is smaller, anywhere; 0 where that is not known. Lower bounds of lengths rest on it.
  virtual double least_eigenvalue() const { return 0; }
  /// The same metric with exact derivatives on plain numbers; null where there are tensors alone.
  virtual AnalyticMetricPointer analytic() const { return nullptr; }
  /// The relative rounding error of its values: of float64, unless a model computes in float32.
  virtual double rounding() const { return 1e-15; }

 protected:
  /// x [n, M] → [n, M, M]; differentiable by autograd, acting on each row separately.
  virtual Tensor evaluate(const Tensor& x) const = 0;
};

using MetricTensorPointer = std::shared_ptr<const MetricTensor>;

/// G from any differentiable function of a batch of points, [n, M] → [n, M, M]. Throws Error(kArgument) for a
/// negative or infinite least eigenvalue.
MetricTensorPointer metric_tensor(std::function<Tensor(const Tensor&)> function, int64_t dim = -1,
                                  std::string name = "metric", double least_eigenvalue = 0);

/// R^D with the metric G: the identity as an embedding, whose lengths are G's. `latent_dim` −1: the metric's
/// own.
std::shared_ptr<Embedding> riemannian_space(MetricTensorPointer metric, int64_t latent_dim = -1);

/// Refuses what is no metric, by its values at points [n, M]: throws Error(kInput), with one sentence that
/// names the metric, the point and the value, where G has another shape, is not finite, not symmetric, not
/// positive definite, or where a point's matrix depends on the other points of its batch.
void check_metric_tensor(const MetricTensor& metric, const Tensor& points);
/// The same for the metric of the space that `embedding` maps to, at the images of points on the straight
/// lines between start and end, [pairs, D] each; nothing where it is Euclidean.
void check_metric(const Embedding& embedding, const Tensor& start, const Tensor& end);

}  // namespace latentpath
