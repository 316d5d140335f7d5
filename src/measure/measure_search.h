#pragma once
// What the stages of interpolate_measures() share, and the stages themselves, one a file. Internal.

#include <optional>
#include <string>

#include "latentpath/core/progress.h"
#include "measure/measure_starts.h"
#include "measure/neighbour_distances.h"

namespace latentpath {

struct MeasureSearch {
  const MeasureOptions& options;
  const ProgressObserver& progress;
  const CancellationToken& cancellation;
  Tensor start = {}, end = {};                  ///< [n, d], [m, d] float64
  Tensor start_weights = {}, end_weights = {};  ///< of sum 1, or undefined
  QualityPointer quality = {};
  std::optional<NeighbourDistances> distances = {};
  std::string not_exact = {};  ///< why transport is entropic; empty: it is exact
  std::optional<Particles> matched = {};
  std::optional<MeasurePath> displaced = {};
  MeasureResult result = {};

  bool exact_transport_fits() const { return not_exact.empty(); }
  bool equal_sizes() const {
    return start.size(0) == end.size(0) && !start_weights.defined() && !end_weights.defined();
  }
  MeasureFigures figures(const MeasurePath& path) const;
  void tell(const Progress& now) const {
    if (progress) progress(now);
  }
};

/// Weights [n], all alike where none are given.
Tensor weights_or_uniform(const Tensor& weights, const Tensor& points);

/// Checks options and samples, and makes ready what every stage needs (prepare_measures.cpp).
MeasureSearch prepare_measures(const MeasureProblem& problem, const MeasureOptions& options,
                               const ProgressObserver& progress, const CancellationToken& cancellation);

/// (1 − t)X + tY (mixture.cpp), and what it says of the ends: MMD² and the bound that it attains.
MeasurePath mixture_path(const MeasureSearch& search, int64_t steps);
void measure_ends(MeasureSearch& search);

/// Optimal transport (displacement.cpp): exact or entropic, and where entropic, why, before anything long
/// begins; the samples matched by it; its path as a result.
void choose_transport(MeasureSearch& search);
const Particles& matched_particles(MeasureSearch& search);
/// Matched particles on their way: straight, or with a quality each on its best path.
const MeasurePath& displaced_particles(MeasureSearch& search);
void displace(MeasureSearch& search);

/// Eq. 13 minimised from every start that applies (minimise_mmd.cpp): the candidates, best first.
void minimise_mmd(MeasureSearch& search);

}  // namespace latentpath
