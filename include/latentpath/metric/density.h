#pragma once
// Density: where a model's latents lie, f(z) on R^D, known by its logarithm and by samples (paper A, §5).
//
// Only log f is ever used: f itself underflows in some tens of dimensions.
//
//   auto prior = latentpath::semicircle(8);               // the papers' mixture of three Gaussians
//   auto generator = latentpath::make_generator(1);
//   Tensor z = prior->sample(100, generator);             // [100, 8] float64
//   Tensor l = prior->log_density(z);                     // [100], differentiable in z
//   auto quality = latentpath::density_rank(prior);       // metric/density_rank.h

#include <ATen/core/Generator.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "latentpath/core/tensor.h"
#include "latentpath/metric/quality.h"

namespace latentpath {

class Density {
 public:
  virtual ~Density() = default;
  /// log f(z): z [n, D] floating → [n] float64, differentiable by autograd. Finite for finite z, also far
  /// out.
  virtual Tensor log_density(const Tensor& z) const = 0;
  /// `count` independent draws, [count, D] float64; the same generator state gives the same bytes.
  virtual Tensor sample(int64_t count, at::Generator& generator) const = 0;
  /// D.
  virtual int64_t dim() const = 0;
  /// sup log f, where it is known.
  virtual std::optional<double> log_maximum() const { return std::nullopt; }
  virtual std::string describe() const = 0;
  /// N(0, I), whose ranks have closed forms.
  virtual bool is_standard_normal() const { return false; }
  /// The set where its samples lie, 1 inside and softened at the edge, where the density is the same all over
  /// it: no place there is likelier than another, and ranks tell nothing. Null for others.
  virtual QualityPointer level_support() const { return nullptr; }
};

using DensityPointer = std::shared_ptr<const Density>;

/// N(0, I_D). Its draws are those of at::randn({count, D}, generator, at::kDouble).
DensityPointer normal_density(int64_t latent_dim);

/// f(z) = Σ_j π_j N(z; μ_j, Σ_j), by a log-sum-exp over Cholesky factors Σ_j = L_j L_jᵀ:
///   log f(z) = log Σ_j exp(log π_j − ½ D log 2π − log det L_j − ½ ‖L_j⁻¹(z − μ_j)‖²).
class GaussianMixture final : public Density {
 public:
  /// weights [k] > 0, scaled to sum 1; means [k, D]; covariances [k, D, D], symmetric and positive definite.
  /// Throws Error(kArgument) naming the component that is not.
  GaussianMixture(const Tensor& weights, const Tensor& means, const Tensor& covariances,
                  std::string name = "Gaussian mixture");

  Tensor log_density(const Tensor& z) const override;
  Tensor sample(int64_t count, at::Generator& generator) const override;
  int64_t dim() const override { return means_.size(1); }
  /// The highest mode, by the fixed-point iteration z ← (Σ_j p_j(z) Σ_j⁻¹)⁻¹ Σ_j p_j(z) Σ_j⁻¹ μ_j from every
  /// mean, p_j(z) the posterior weights (Carreira-Perpiñán, IEEE PAMI 22(11), 2000). It never lowers f.
  /// Sought anew at every call.
  std::optional<double> log_maximum() const override;
  std::string describe() const override;

  const Tensor& weights() const { return weights_; }          ///< [k], sum 1
  const Tensor& means() const { return means_; }              ///< [k, D]
  const Tensor& covariances() const { return covariances_; }  ///< [k, D, D]
  int64_t components() const { return means_.size(0); }
  /// log(π_j N(z; μ_j, Σ_j)) for every component: z [n, D] → [n, k] float64.
  Tensor component_log_densities(const Tensor& z) const;

 private:
  std::string name_;
  Tensor weights_, means_, covariances_;
  Tensor factors_;    // L_j [k, D, D]
  Tensor whitening_;  // (L_0⁻¹; L_1⁻¹; …)ᵀ [D, k·D]: one matrix product whitens for every component
  Tensor shift_;      // −L_j⁻¹ μ_j, [k·D]
  Tensor log_constants_;  // [k]
};

/// The papers' semicircle, D ≥ 2: equal weights, means (2, 6, 0…), (0, 0, 0…), (2, −6, 0…), covariances with
/// the first blocks [[5, 2], [2, 2]], [[1, 0], [0, 3]], [[5, −2], [−2, 2]] and 0.5·I elsewhere (paper A, §5,
/// with D = 8; paper B, §6, with D = 20).
std::shared_ptr<const GaussianMixture> semicircle(int64_t latent_dim);

/// Uniform on the box low ≤ z ≤ high, its edges softened as metric/convex_set.h softens them:
///   log f(z) = −Σ_j log(high_j − low_j) − log(1 + (d(z)/s)²),
/// d the distance to the box, s > 0 the softness. Draws lie inside; what the softened edge adds outside is
/// not counted in the volume. Its rank is its level_support().
class UniformDensity final : public Density {
 public:
  /// low, high [D], low < high. Throws Error(kArgument).
  UniformDensity(const Tensor& low, const Tensor& high, double softness);

  Tensor log_density(const Tensor& z) const override;
  Tensor sample(int64_t count, at::Generator& generator) const override;
  int64_t dim() const override { return low_.size(0); }
  std::optional<double> log_maximum() const override;
  std::string describe() const override;

  QualityPointer level_support() const override { return box_; }  ///< uniform_box(low, high, s)

 private:
  Tensor low_, high_;
  QualityPointer box_;
};

/// Uniform on [low, high]^D, with a softness of a twentieth of the width.
std::shared_ptr<const UniformDensity> uniform_density(int64_t latent_dim, double low = -1, double high = 1);

/// By the name a decoder's file states as its attribute `prior`: "normal", "semicircle", "uniform" (on
/// [−1, 1]^D). Null for others.
DensityPointer density_by_name(const std::string& name, int64_t latent_dim);

}  // namespace latentpath
