#pragma once
// The rank of a density as a quality: Q(z) = P(f(X) ≤ f(z)), X ~ f (paper A, §5; paper B, Definition 1).
//
// The share of the prior that lies in places no more likely than z: 1 at the highest mode, 0 far out, uniform
// on [0, 1] over the prior's own samples, and the same in every unit of length.
// docs/algorithms/density_rank.md tells how it is estimated and why so.
//
//   auto quality = latentpath::density_rank(latentpath::semicircle(8));
//   Tensor q = quality->evaluate({z, {}, {}});            // z [n, 8] → [n]

#include <cstdint>
#include <memory>

#include "latentpath/metric/density.h"
#include "latentpath/metric/quality.h"

namespace latentpath {

struct RankOptions {
  int64_t samples = 200'000;  ///< draws of X; the distribution function errs by about 1/√samples
  int64_t knots = 48;         ///< of the spline between the 2nd and 98th percentile
  uint64_t seed = 0;
};

/// G(l) = P(log f(X) ≤ l), compressed into a smooth function: log G is a monotone cubic spline of l,
/// continued by a straight line below (an exponential tail of G), and 0 exactly at the supremum of log f.
class LogDensityDistribution {
 public:
  /// Throws Error(kArgument) for too few samples, Error(kNumerical) where log f of a sample is not finite or
  /// all are equal (a uniform density: see metric/convex_set.h).
  explicit LogDensityDistribution(const Density& density, const RankOptions& options = {});

  /// l [n] float64 → G(l) [n] in [0, 1], differentiable, increasing.
  Tensor operator()(const Tensor& log_density) const;
  /// log G(l): a straight line below all knots, so that its gradient does not vanish where G underflows.
  Tensor log_value(const Tensor& log_density) const;

  const Tensor& knots() const { return knot_; }  ///< [K] increasing; the last is the supremum

 private:
  Tensor knot_, value_, slope_;  // of log G
};

/// Q(z) = G(log f(z)). Agrees with normal_prior for f = N(0, I), and with 10⁶ plain samples for any f, to
/// within 0.01, mode and tails included. A UniformDensity has no ranks to tell apart: its quality is
/// uniform_box, 1 inside.
QualityPointer density_rank(DensityPointer density, const RankOptions& options = {});
/// The same by a distribution that has been computed already, of this density.
QualityPointer density_rank(DensityPointer density,
                            std::shared_ptr<const LogDensityDistribution> distribution);

struct PaperRankOptions {
  int64_t samples = 5000;
  uint64_t seed = 0;
};

/// The papers' estimator as published: Q(z) = (1/n) Σ_i Φ_N((log f(z) − l_i)/h), l_i = log f(w_i), w_i ~ f,
/// h = (4/(3n))^{1/5} σ̂(l) (Silverman). It smooths across the highest density, where the distribution of
/// log f ends abruptly: at the mode it gives about 0.93 for D = 2, and is less biased in more dimensions.
/// Points are compared with samples tile by tile, in the gradient too.
QualityPointer density_rank_paper(DensityPointer density, const PaperRankOptions& options = {});

/// α·Q, 0 < α ≤ 1: paper B's ri_α, which it uses in place of ε. Below 1 length costs something where Q = 1,
/// too.
QualityPointer scaled(QualityPointer quality, double alpha);

}  // namespace latentpath
