#pragma once
// Quality: how good a point of the latent space is, Q_t(z) ∈ [0, 1] (paper A, §2).
//
//   auto eights  = latentpath::class_probability(classifier, 8);
//   auto quality = latentpath::time_ramp(eights);                 // asks nothing at the ends of the path
//   auto both    = latentpath::product({quality, latentpath::normal_prior(8)});

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "latentpath/core/tensor.h"

namespace latentpath {

class AnalyticQuality;
class Embedding;

/// The points at which a quality is asked.
struct QualityPoints {
  Tensor latent;   ///< z [n, D]
  Tensor time;     ///< t [n], the curve time of each point
  Tensor decoded;  ///< Φ(z) [n, …]; undefined unless the quality needs it
};

class Quality {
 public:
  virtual ~Quality() = default;
  /// Q_t(z) [n] in [0, 1], differentiable with respect to latent and decoded; on the device of the latents,
  /// where `decoded` may be on another.
  virtual Tensor evaluate(const QualityPoints& points) const = 0;
  /// Q_t(z) of every point at every one of `times` [T], [n, T], without looking at points.time. Here: one
  /// evaluation where Q does not depend on time, else one for each time; qualities that are made of others
  /// and of t are cheaper.
  virtual Tensor at_times(const QualityPoints& points, const Tensor& times) const;
  /// True when Q depends on the curve time t.
  virtual bool depends_on_time() const { return false; }
  /// True when `decoded` must be given; such points are decoded once for quality and length together.
  virtual bool needs_decoded() const { return false; }
  /// True when several threads may evaluate it at once.
  virtual bool concurrent() const { return false; }
  /// The same quality with exact derivatives on plain numbers (analytic_quality.h), which Newton's method
  /// takes; null where there are tensors alone.
  virtual std::shared_ptr<const AnalyticQuality> analytic() const { return nullptr; }
  /// At least how many multiplications a point takes, as far as is known beforehand; 0: few.
  virtual int64_t operations_per_point() const { return 0; }
  /// The qualities that this one is made of, asked at the same points; none for one that stands by itself.
  virtual std::vector<std::shared_ptr<const Quality>> parts() const { return {}; }
  virtual std::string describe() const = 0;
};

using QualityPointer = std::shared_ptr<const Quality>;

/// Q = c, 0 < c < 1; paths are then plain geodesics (paper A, Remark 1).
QualityPointer constant_quality(double c);

/// Q = ½ exp(−K d_M(z)), d_M ≥ 0 and zero exactly on M: z [n, D] → [n] (paper A, Eq. 12).
QualityPointer level_set(std::function<Tensor(const Tensor&)> distance, double stiffness,
                         std::string name = "level set");

/// Q(z) = function(z) for any differentiable z [n, D] → [n] with values in [0, 1].
QualityPointer function_quality(std::function<Tensor(const Tensor&)> function, std::string name = "function");

/// Q(z) = P(‖w‖ ≥ ‖z‖), w ~ N(0, I_D): the regularised upper incomplete gamma function at (D/2, ‖z‖²/2)
/// (paper A, §5).
QualityPointer normal_prior(int64_t latent_dim);

/// Q(z) = ½ + ½ erf(√(D − ½) − ‖z‖), the asymptotic form of normal_prior (paper A, §5).
QualityPointer normal_prior_asymptotic(int64_t latent_dim);

/// 1 − Q.
QualityPointer complement(QualityPointer quality);

/// Q_t(z) = 1 − 4t(1 − t)(1 − Q(z)): nothing is asked at the ends, everything at t = ½ (paper A, §6).
QualityPointer time_ramp(QualityPointer quality);

/// Π Q_i.
QualityPointer product(std::vector<QualityPointer> factors);

/// Q^p, p > 0: the weight of one factor in a product.
QualityPointer power(QualityPointer quality, double exponent);

/// Q/(Q + s (1 − Q)), s > 0: a probability whose odds Q/(1 − Q) are divided by s, and whose logit is lowered
/// by log s; what Bayes' rule makes of it when the class is s times rarer than the classifier took it to be.
/// Near 1 its slope is s, so that surer places are worth a detour; near 0 it is Q/s, and not deaf as Q^s is.
QualityPointer shift_odds(QualityPointer quality, double odds);

/// The same quality of a latent point alone: what looks at decoded points decodes them itself. A quality that
/// does not is returned as it is.
QualityPointer at_decoded(QualityPointer quality, std::shared_ptr<const Embedding> decoder);

/// Q_ε = ε + (1 − 2ε)Q, 0 ≤ ε < ½ (paper A, Eq. 10). ε = ½ is allowed and gives the constant ½: the plain
/// geodesic.
Tensor regularise(const Tensor& quality, double epsilon);

/// By how much a quality may leave [0, 1]: sums of float32 probabilities pass 1 by rounding.
inline constexpr double kQualityRounding = 1e-5;

}  // namespace latentpath
