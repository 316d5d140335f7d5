#pragma once
// First paths through good points: z0 → w → w' → z1, w and w' prior samples of high quality.
//
// With a feature quality Q ≈ 0 along the straight line, and there is no gradient to leave it by. Good points
// are drawn from the prior and decoded once for a model and a quality, and serve every pair: since the
// distance from any of them to any other is known, all ordered pairs (w, w') are ranked for each z0, z1 by
// the estimated weighted length
//
//   ½(n(z0) + n(w)) ‖Φw − Φz0‖ + ½(n(w) + n(w')) ‖Φw' − Φw‖ + ½(n(w') + n(z1)) ‖Φz1 − Φw'‖,
//
// and only the best are decoded as paths.
//
//   CandidatePool pool = draw_candidates(energy, normal_sampler(8), {}, generator);
//   Tensor paths = via_paths(pool, energy, start, end, times, 3);   // [pairs, 3, n + 1, D]

#include <ATen/core/Generator.h>

#include <cstdint>
#include <functional>

#include "latentpath/core/progress.h"
#include "latentpath/core/tensor.h"
#include "latentpath/metric/path_energy.h"

namespace latentpath {

/// Draws `count` points of the prior: [count, D].
using LatentSampler = std::function<Tensor(int64_t count, at::Generator& generator)>;

/// N(0, I_D).
LatentSampler normal_sampler(int64_t latent_dim);

struct CandidateOptions {
  int64_t keep = 32;         ///< good points wanted
  int64_t max_draws = 8192;  ///< prior samples decoded at most
  double min_quality = 0.8;  ///< a good point has at least this quality at t = ½
  int64_t first_draw = 256;  ///< points decoded at first: enough for the typical distance
  int64_t next_draw = 64;    ///< and then at once, until enough are good
};

/// How ways through candidates become first paths. Not ablated.
struct ViaOptions {
  int64_t screened = 8;      ///< ways a pair that are decoded; the best of them become starts
  int64_t leg_points = 12;   ///< points a leg at which they are: images change fast in few places
  int64_t least_times = 24;  ///< of the time parametrisation by which they are ranked, at least
  /// Share of the time of the first and of the last leg under a quality that depends on time: it asks little
  /// near the ends, so the feature is reached early.
  double early = 0.12;
  /// The same, else, as a multiple of the middle leg's time a length: outer legs leave bad places.
  double outer_leg = 2;
  double least_share = 0.02;  ///< no step of a leg takes less than this share of the mean step's time
};

struct CandidatePool {
  Tensor latent;                        ///< w [m, D]
  Tensor images;                        ///< Φ(w) flattened [m, M]
  Tensor weight;                        ///< −log Q_ε(w) at t = ½, [m]
  Tensor distance;                      ///< ‖Φ(w_i) − Φ(w_j)‖ [m, m]
  double typical_squared_distance = 0;  ///< mean ‖Φ(a) − Φ(b)‖² over prior samples
  int64_t drawn = 0;                    ///< points decoded to make the pool
};

/// ‖a_i − b_j‖ of images a [n, M] and b [m, M] in the energy's norm, or by the metric of its embedding: [n,
/// m] float64.
Tensor image_distances(const PathEnergy& energy, const Tensor& a, const Tensor& b);

/// Draws until `keep` points pass `min_quality` or `max_draws` are drawn; where none passes, the best ones
/// are kept. Cancelled, it keeps to the draws made so far (the first 256 at least).
CandidatePool draw_candidates(const PathEnergy& energy, const LatentSampler& prior,
                              const CandidateOptions& options, at::Generator& generator,
                              const CancellationToken& cancellation = {});

/// The `count` best paths for each pair, evaluated at `times` [n + 1]: [pairs, count, n + 1, D], best first.
/// `options.screened` paths a pair are decoded (without gradient) to choose them.
Tensor via_paths(const CandidatePool& pool, const PathEnergy& energy, const Tensor& start, const Tensor& end,
                 const Tensor& times, int64_t count, const ViaOptions& options = {});

}  // namespace latentpath
