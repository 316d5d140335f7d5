#pragma once
// Density regularisation: how likely the decoded point is as data, as a term of a path's cost (Kim & Zhang).
//
// A latent of density p(z) is decoded to x = Φ(z) on the manifold of images, where its density with respect
// to the volume of that manifold is p(x) = p(z) / √det JᵀJ, J = dΦ(z) of full rank. So
//   V(z) = −log p(x) = −log p(z) + ½ log det(JᵀJ + δI)
// is large in the holes of the data, which a decoder stretches few of its latents over. K minimises
//   ½ ∫ ‖Jγ'‖² dt + μ ∫ V(γ) dt.
// δ > 0 stands in for directions in which images do not move at all (J of lower rank): each counts as √δ.
//
//   const auto density = latentpath::make_data_density(decoder, latentpath::normal_density(2), samples);
//   Tensor v = density->negative_log(z);                       // [n], differentiable once
//   const auto potential = latentpath::density_potential(density, samples);
//   PathEnergy energy(decoder, quality, {.potential = potential, .density_weight = 0.1});

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "latentpath/metric/density.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/metric/stochastic_log_determinant.h"

namespace latentpath {

/// ½ log det(JᵀJ + δI) at points z [n, D] → [n] float64, differentiable once with respect to z. J is exact, a
/// batch of n·D points pushed forward; so is the gradient, Σ_k ∂_z ⟨a_k, J e_k⟩ with (a_1 … a_D) = J(JᵀJ +
/// δI)⁻¹ held fixed, a second backward pass of as many points, made only where a gradient is asked for. In
/// `lost`, where given: δ tr(JᵀJ + δI)⁻¹ [n], the number of directions that δ stands in for. NaN where J is
/// not finite, or JᵀJ + δI not positive definite.
Tensor half_log_determinant(const Embedding& embedding, const Tensor& z, double regularisation,
                            Tensor* lost = nullptr);

/// δ tr(JᵀJ + δI)⁻¹ [n] of Jacobians [n, M, D]: the number of directions that δ stands in for. float64.
Tensor lost_directions(const Tensor& jacobian, double regularisation);

/// (JᵀJ + δI)⁻¹ Jᵀ v: the pull-back of v [n, M] to latents by the pseudo-inverse of J [n, M, D], [n, D].
/// float64.
Tensor pull_back(const Tensor& jacobian, const Tensor& v, double regularisation);

/// −log p(x) of decoded points.
class DataDensity {
 public:
  static constexpr int64_t kLargestExact =
      64;  ///< D up to which log det JᵀJ is exact, and an estimate beyond

  /// `regularisation` is δ ≥ 0, and above 0 for D above kLargestExact. Throws Error(kArgument) for another D
  /// than the density's.
  DataDensity(std::shared_ptr<const Embedding> embedding, DensityPointer latents, double regularisation,
              const StochasticLogDeterminantOptions& stochastic = {});

  /// V(z): [n, D] → [n] float64, differentiable once. In `standard_error`, where given: that of an estimated
  /// log determinant [n], else 0.
  Tensor negative_log(const Tensor& z, Tensor* standard_error = nullptr) const;
  /// ½ log det(JᵀJ + δI) alone, likewise.
  Tensor log_determinant(const Tensor& z, Tensor* standard_error = nullptr, Tensor* lost = nullptr) const;

  /// Whether the log determinant is an estimate (stochastic_log_determinant.h).
  bool estimated() const { return latents_->dim() > kLargestExact; }
  const StochasticLogDeterminantOptions& stochastic() const { return stochastic_; }

  double regularisation() const { return regularisation_; }
  const Density& latents() const { return *latents_; }
  const std::shared_ptr<const Embedding>& embedding() const { return embedding_; }

 private:
  std::shared_ptr<const Embedding> embedding_;
  DensityPointer latents_;
  double regularisation_;
  StochasticLogDeterminantOptions stochastic_;
};

/// δ of JᵀJ + δI, as a share of a typical eigenvalue: what is taken for a direction in which the image does
/// not move.
inline constexpr double kDegenerateShare = 1e-10;

using DataDensityPointer = std::shared_ptr<const DataDensity>;

/// With δ = kDegenerateShare times the mean eigenvalue of JᵀJ over `samples` [n, D], far below what a
/// decoder's rounding leaves of it; `seed` is that of the directions of an estimate. Throws Error(kArgument)
/// where lengths are not Euclidean (Embedding::metric()), Error(kInput) where x has fewer coordinates than z
/// (its density is then no function of J alone), and where no sample moves the image at all.
DataDensityPointer make_data_density(std::shared_ptr<const Embedding> embedding, DensityPointer latents,
                                     const Tensor& samples, uint64_t seed = 0);

/// U(z) = s log(1 + exp((V(z) − V₀)/s)) > 0: V above a reference V₀, as part of a cost that is compared by
/// ratios.
///
/// V itself has any sign, and a constant that depends on the unit of x. V₀ lies a standard deviation of V
/// over prior samples below the lowest of them, lowered by as much as p(z) has a higher maximum than at them;
/// s is a tenth of the standard deviation. So U = V − V₀ but for 5e-5 of s wherever samples lie, and a
/// decoder whose images come to a standstill, V → −∞, gains no more than V₀: nothing is unbounded below.
class DensityPotential {
 public:
  DensityPotential(DataDensityPointer density, double reference, double softness);

  /// U(z): [n, D] → [n] float64, differentiable once.
  Tensor evaluate(const Tensor& z) const;

  const DataDensity& density() const { return *density_; }
  double reference() const { return reference_; }  ///< V₀
  double softness() const { return softness_; }    ///< s
  /// What is to be known of it, for people: nothing, or that the log determinant has no gradient (a decoder
  /// that is linear between its kinks), or is the same everywhere.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  friend std::shared_ptr<const DensityPotential> density_potential(const DataDensityPointer&, const Tensor&);
  DataDensityPointer density_;
  double reference_, softness_;
  std::vector<std::string> notes_;
};

using DensityPotentialPointer = std::shared_ptr<const DensityPotential>;

/// With V₀ and s from `samples` [n, D], n ≥ 2. Throws Error(kNumerical) where V is finite at fewer than two
/// of them.
DensityPotentialPointer density_potential(const DataDensityPointer& density, const Tensor& samples);

/// −log p(x) along curves γ(times [F]) → [pairs, F, D], in float64.
struct DensityAlong {
  Tensor values;       ///< [pairs, F]
  Tensor mean, worst;  ///< [pairs]: mean over uniform time (trapezium rule), and the largest
  Tensor error;  ///< [pairs]: standard error of an estimated log determinant, mean over the frames; none
                 ///< where it is exact
};
DensityAlong density_along(const DataDensity& density,
                           const std::function<Tensor(const Tensor& times)>& curve, int64_t frames);

}  // namespace latentpath
