#pragma once
// A density from samples alone: the latents that an encoder gives for a data set, say (paper A, §5: any f).
//
// Two kinds of estimate are fitted to a part of the samples and judged by their mean log-likelihood on the
// rest: mixtures of 1, 2, 4, … Gaussians with full covariances (expectation maximisation from k-means), and a
// kernel estimate, N(0, h²S) around every sample, S the covariance of all. The simplest that is within one
// standard error of the best is fitted again to all samples. docs/algorithms/density.md.
//
//   SampleDensity fitted = latentpath::fit_density(codes, {.seed = 1});     // codes [n, D]
//   std::cout << fitted.sentence() << "\n";
//   auto quality = latentpath::density_rank(fitted.density, fitted.rank_options());

#include <cstdint>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/metric/density.h"
#include "latentpath/metric/density_rank.h"

namespace latentpath {

struct SampleDensityOptions {
  int64_t most_components = 32;   ///< of a mixture
  int64_t most_samples = 20'000;  ///< used of those given, drawn at random
  int64_t most_kernels = 5000;    ///< of the kernel estimate, drawn at random
  double held_out = 0.2;          ///< share of the samples that judges
  bool mixtures_only = false;     ///< no kernel estimate: the density is a GaussianMixture
  uint64_t seed = 0;
};

/// One estimate that was tried.
struct DensityCandidate {
  std::string name;           ///< "mixture of 4 Gaussians", "kernel estimate, bandwidth 0.31"
  double log_likelihood = 0;  ///< mean over the held-out samples, in nats; comparable within one fit only
};

struct SampleDensity {
  DensityPointer density;
  std::string chosen;                        ///< a candidate's name
  std::vector<DensityCandidate> candidates;  ///< in the order tried
  int64_t samples = 0;                       ///< used
  bool is_kernel_estimate = false;
  int64_t operations = 0;  ///< multiplications that one log f takes

  /// What was chosen, and by how much, for people.
  std::string sentence() const;
  /// Of an estimate that is costly to evaluate the rank is taken from fewer draws, 10 000 at least.
  RankOptions rank_options(uint64_t seed = 0) const;
};

/// samples [n, D] floating. Throws Error(kArgument) for another shape, fewer than 10 + 2 D samples, NaN or
/// infinite numbers, or samples that are all equal.
SampleDensity fit_density(const Tensor& samples, const SampleDensityOptions& options = {},
                          const ProgressObserver& progress = {});

/// f(z) = (1/n) Σ_i N(z; x_i, h²S) with S given by its Cholesky factor [D, D]; points [n, D]. Evaluated, and
/// differentiated, a tile of points at a time. Throws Error(kArgument) for shapes that do not fit or h ≤ 0.
DensityPointer kernel_density(const Tensor& points, const Tensor& factor, double bandwidth);

}  // namespace latentpath
