#pragma once
// Free ends: the shortest path from a point to wherever a condition holds, and where it ends.
//
// "Which eight is nearest to this three?" One end of the path is then no point but the set E of all places
// whose quality C is at least c, and what is sought is
//
//   min over z1 ∈ E of min over γ, γ(0) = z0, γ(1) = z1 of J(γ),
//
// J the cost of the path's energy. Where the minimum is reached γ meets the rim of E at a right angle of the
// metric, and C(z1) = c. (Counterfactual explanations ask this of a classifier;
// docs/algorithms/nearest_end.md.)
//
//   const NearestEnds found = nearest_ends(energy, *eights, normal_sampler(8), start, {.certainty = 0.99});
//   problem.end = found.ends;                       // [pairs, D]
//   options.first_paths = found.paths;              // a further start for find_path()

#include <cstdint>

#include "latentpath/core/error.h"
#include "latentpath/core/option_table.h"
#include "latentpath/core/progress.h"
#include "latentpath/core/tensor.h"
#include "latentpath/metric/path_energy.h"
#include "latentpath/path/via_points.h"

namespace latentpath {

/// Not ablated; what each costs is said beside it.
struct NearestEndOptions {
  double certainty = 0.99;    ///< c: the quality that an end has at least, from 1e-7 to 1 − 1e-7
  int64_t inside = 64;        ///< samples of the prior in E that are wanted
  int64_t max_draws = 32768;  ///< samples that are looked at for them, at most
  int64_t starts = 8;         ///< of those the nearest by their images: so many polylines descend a pair
  int64_t segments = 16;      ///< of the paths by which ends are compared
  int64_t subdivisions = 2;   ///< midpoints a segment of the sum that is minimised
  int64_t iterations = 40;    ///< of L-BFGS in a round
  double decrease = 1e-4;     ///< a round ends where 3 iterations together gain less than this share
  int64_t rounds = 4;         ///< of multipliers: each asks anew for what the one before left of C(z1) ≥ c
  /// ρ m(z0)² of the augmented Lagrangian, in first costs: what it costs to stay at the start. A flat rim is
  /// then missed by a 26th of the way in the first round, and by a 26th of that in the next.
  double staying = 50;
  uint64_t seed = 0;
};

/// All of them but certainty and seed.
const OptionTable<NearestEndOptions>& nearest_end_option_table();

struct NearestEnds {
  Tensor ends;                    ///< z1 [pairs, D], of the starts' type
  Tensor paths;                   ///< [pairs, segments + 1, D] float64, evenly timed
  Tensor cost;                    ///< J of those paths, [pairs] float64
  int64_t inside = 0, drawn = 0;  ///< samples that were in E, of so many

  /// Puts ends, paths and costs of some of `count` pairs into their place.
  void place(const NearestEnds& some, const Tensor& pairs, int64_t count);
};

/// None of the samples of the prior that were looked at is in E.
struct NoSampleInside final : Error {
  using Error::Error;
};

/// `condition` is C: a quality that does not depend on time. A start that is in E is its own end. `progress`
/// hears of samples drawn ("samples of the end") and rounds done ("nearest ends"). Throws
/// NoSampleInside(kNumerical), Error(kArgument) for options that make no sense.
NearestEnds nearest_ends(const PathEnergy& energy, const Quality& condition, const LatentSampler& prior,
                         const Tensor& start, const NearestEndOptions& options = {},
                         const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});

}  // namespace latentpath
