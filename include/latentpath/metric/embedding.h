#pragma once
// Embedding: the map Φ from the space where paths live to the space where lengths are measured.
//
// Φ: Z = R^D → H; a decoder, an analytic chart, or the identity. Its differential J = dΦ gives the
// pull-back metric JᵀJ (paper A, Theorem 1). Everything is batched: n points at once.
//
//   auto half_sphere = [](const Tensor& z) { return at::cat({z, (1 - z.square().sum(1, true)).sqrt()}, 1); };
//   auto sphere = latentpath::function_embedding(half_sphere, 2, "half-sphere");
//   Tensor x = (*sphere)(z);               // z [n, D] → x [n, …]
//   Tensor pulled = sphere->vjp(z, x);     // Jᵀ x, [n, D]

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "latentpath/core/tensor.h"
#include "latentpath/metric/batch_limits.h"

namespace latentpath {

class AnalyticMap;
class MetricTensor;

class Embedding {
 public:
  virtual ~Embedding() = default;

  /// Φ(z): z [n, D] → [n, …], differentiable with respect to z, in the model's own dtype and on its own
  /// device (core/device.h), wherever z is.
  /// Throws Error(kInput) on a wrong latent size. Every point counts as one evaluation. Without derivative
  /// more points than memory allows are mapped in shares; with it the caller shares them (evaluate_points()).
  Tensor operator()(const Tensor& z) const;

  /// Jᵀv: z [n, D], v shaped as Φ(z) → [n, D], where z is.
  Tensor vjp(const Tensor& z, const Tensor& v) const;

  /// J u: z [n, D], u [n, D] → shaped as Φ(z). By reverse mode twice: u ↦ ∂_v ⟨Jᵀv, u⟩.
  Tensor jvp(const Tensor& z, const Tensor& u) const;

  /// J: z [n, D] → [n, M, D], where Φ(z) is, M the number of output coordinates of one point.
  Tensor jacobian(const Tensor& z) const;

  /// D, or −1 when any latent size is accepted.
  virtual int64_t latent_dim() const { return -1; }

  /// True where Φ(z) = z for every z, whatever the map is called.
  virtual bool is_identity() const { return false; }
  /// The same map with exact derivatives on plain numbers (analytic_map.h), which Newton's method takes; null
  /// where there are tensors alone.
  virtual std::shared_ptr<const AnalyticMap> analytic() const { return nullptr; }
  /// The Riemannian metric of H (metric_tensor.h); null: Euclidean.
  virtual std::shared_ptr<const MetricTensor> metric() const { return nullptr; }

  /// What it is, for people: "decoder mnist-vae-8.pt".
  virtual std::string describe() const = 0;

  /// True when several threads may map points at once.
  virtual bool concurrent() const { return false; }
  /// At least how many multiplications Φ takes a point, as far as is known beforehand: what tells whether
  /// sharing a batch among threads can pay. 0: few.
  virtual int64_t operations_per_point() const { return 0; }

  /// How many points it takes at once; none unless limit_batches() said so.
  virtual BatchLimits batch_limits() const { return limits_; }
  void limit_batches(const BatchLimits& limits) { limits_ = limits; }

  /// Points mapped since construction: the currency in which path solvers are compared.
  int64_t evaluations() const noexcept { return evaluations_.load(); }

 protected:
  /// z [n, D] → [n, …]; must be differentiable by autograd and act on each row separately.
  virtual Tensor map(const Tensor& z) const = 0;

 private:
  mutable std::atomic<int64_t> evaluations_{0};
  BatchLimits limits_;
};

/// Φ(z) = z.
std::shared_ptr<Embedding> identity_embedding(int64_t latent_dim = -1);

/// Φ given by any differentiable function of a batch of points [n, D] → [n, …].
std::shared_ptr<Embedding> function_embedding(std::function<Tensor(const Tensor&)> function,
                                              int64_t latent_dim = -1, std::string name = "function");

}  // namespace latentpath
