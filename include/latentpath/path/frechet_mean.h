#pragma once
// Fréchet mean: the point whose mean squared distance to given points, their variance, is least.
//
//   F(x) = Σ_i w_i d(x, p_i)²,  Σ w_i = 1;   −½ ∇F(x) = Σ_i w_i log_x(p_i)
//
// by Riemannian gradient descent, x ← exp_x(τ Σ w_i log_x p_i), with Barzilai and Borwein's step τ, halved
// where F would rise. Where points lie within the convexity radius of it there is one mean; beyond it may be
// one of several, several starts are compared then, and it is said. Free of LibTorch.
//
//   const FrechetMean mean = frechet_mean(*chart_maps(metric), points);   // points [n, D]
//   mean.point, mean.variance, mean.gradient_norm;
//
// Sources: H. Karcher, Riemannian center of mass and mollifier smoothing, Comm. Pure Appl. Math. 30 (1977);
// J. Barzilai, J. Borwein, IMA J. Numer. Anal. 8 (1988); B. Afsari, Proc. AMS 139 (2011).

#include <span>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/path/manifold_maps.h"

namespace latentpath {

struct FrechetMeanOptions {
  double tolerance = 1e-10;  ///< converged when ‖Σ w log‖ falls below this share of the root of the variance
  int max_iterations = 200;  ///< of each start
  int starts = 5;            ///< where points lie beyond the convexity radius
};

struct FrechetMean {
  std::vector<double> point;      ///< [size]
  double variance = 0;            ///< Σ w_i d²
  double gradient_norm = 0;       ///< ‖Σ w_i log(p_i)‖ there: half the gradient of the variance
  std::vector<double> distances;  ///< [n]
  double farthest = 0;            ///< the greatest of them with a weight
  double convexity_radius = 0;    ///< at the mean
  int iterations = 0;             ///< of the start that won
  int starts = 1;
  bool converged = false;
  bool unique = true;                            ///< false: another mean, with the same variance, was found
  std::vector<std::vector<double>> others = {};  ///< [k][size]: those
  std::vector<std::string> doubts = {};          ///< why it may not be the one mean, in sentences
};

/// Of points [n, size], n ≥ 1; weights [n], not negative, or none: all alike. Throws Error(kArgument) for
/// points that are none of the manifold and for weights that cannot be.
FrechetMean frechet_mean(const ManifoldMaps& maps, std::span<const double> points,
                         std::span<const double> weights = {}, const FrechetMeanOptions& options = {},
                         const CancellationToken& cancellation = {});

}  // namespace latentpath
