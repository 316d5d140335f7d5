#pragma once
// PathEnergy: the cost of discretised paths, from embedding, quality and cost; and figures for a curve,
// taken on a grid refined until they stop changing.
//
// A solver that sees n midpoints learns to hide between them: it parks midpoints in good regions and crosses
// the bad ones in one long chord. So what is optimised and what is reported are computed on different grids.
//
//   PathEnergy energy(decoder, quality, {.epsilon = 0.1});
//   Tensor cost = energy.cost(points);                                // [pairs], differentiable
//   CurveFigures<Tensor> figures = energy.measure(curve_at, pairs, times, feature);   // on a refined grid

#include <functional>
#include <memory>
#include <string>

#include "latentpath/curve/curve.h"
#include "latentpath/kernel/kernel.h"
#include "latentpath/metric/cost.h"
#include "latentpath/metric/curve_figures.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/metric/quality.h"

namespace latentpath {

class DensityPotential;

/// How ‖Φ(a) − Φ(b)‖² adds up over output coordinates: their sum, or their mean.
enum class OutputNorm { kSum, kMean };

struct EnergyOptions {
  CostPointer cost = chord_cost();
  double epsilon = 0.1;  ///< Q_ε = ε + (1 − 2ε)Q, 0 ≤ ε ≤ ½
  OutputNorm norm = OutputNorm::kSum;
  std::shared_ptr<const Kernel> kernel;  ///< measures between Φ(a) and Φ(b); none: the norm above
  int64_t points_per_batch = 2048;  ///< points decoded at once, no more than the embedding's batch_limits()
  /// Density regularisation (density_regularisation.h): Σ P(m_i) Δ_i is added to the cost, P = 2μ log²2 · U.
  /// Where nothing else is asked, Q = ½ and the weight is log 2, the chord cost then is 2 log²2 (½ ∫ ‖Jγ'‖²
  /// dt + μ ∫ U dt).
  std::shared_ptr<const DensityPotential> potential = {};
  double density_weight = 0;  ///< μ ≥ 0
  /// [rows] float64: μ of each path of a batch, in density_weight's place. Undefined: all have the same.
  Tensor density_weights = {};
  double density_scale = 1;  ///< h of density_factor()
  /// bool [D]: coordinates that are no variables of a path, which go straight from its start to its end
  /// (hold(), path/initial_path.h). Undefined: none.
  Tensor held = {};
};

class PathEnergy {
 public:
  PathEnergy(std::shared_ptr<const Embedding> embedding, QualityPointer quality, EnergyOptions options);

  /// The terms of every segment, [pairs, n] each, in float64, differentiable once. All points are decoded at
  /// once: the caller splits batches.
  SegmentTerms terms(const CurvePoints& points) const;
  /// Σ_i of the cost's segments, [pairs].
  Tensor cost(const SegmentTerms& terms) const;
  Tensor cost(const CurvePoints& points) const { return cost(terms(points)); }

  /// ‖Φ(a) − Φ(b)‖² in this energy's norm or kernel, or by the embedding's metric G of H, (a − b)ᵀ G((a +
  /// b)/2) (a − b); from decoded points [n, …] → [n].
  Tensor squared_distance(const Tensor& a, const Tensor& b) const;

  /// The energy of some rows of the batch that this one is of, [k] int64, in that order: it is another one
  /// only where rows have weights of their own (EnergyOptions::density_weights).
  PathEnergy of_rows(const Tensor& rows) const;
  /// Of `count` rows from the `first` on.
  PathEnergy of_rows(int64_t first, int64_t count) const;

  /// P along paths [rows, n, D]: [rows, n] float64, differentiable once; undefined without density
  /// regularisation.
  Tensor potential(const Tensor& points) const;
  /// √(1 + P/h), by which weights at points are multiplied where first paths are compared without times: a
  /// path that minimises ∫ (n²‖(Φγ)'‖² + P) dt is shortest in the metric (P + h) n² JᵀJ, h = n²‖(Φγ)'‖² − P
  /// the same all along it (Maupertuis); here h is that of a typical path. From U there, [rows, …] or the
  /// same for all rows [1, …]: [rows, …]; any shape where all rows have the same μ. 1 where U is undefined.
  Tensor density_factor(const Tensor& unweighted_potential) const;
  /// U of points [n, D], [n] float64, differentiable once; undefined without a potential, or with μ = 0.
  Tensor unweighted_potential(const Tensor& points) const;
  /// μ of each row [rows], or of all [1].
  Tensor density_weights() const;
  bool has_potential() const {
    return options_.potential != nullptr &&
           (options_.density_weight > 0 || options_.density_weights.defined());
  }

  /// ‖Φ(z_{i+1}) − Φ(z_i)‖² between neighbours, from decoded nodes [pairs, n + 1, …] → [pairs, n], float64.
  Tensor squared_chords(const Tensor& images) const;

  /// Figures of curves given as γ(times [T]) → [pairs, T, D], starting from the grid `times` [n + 1] and
  /// halving it at least twice, until the cost changes by less than `tolerance` or the grid is
  /// `max_subdivisions` times finer. Decoded points are reused from level to level. `feature` may be null.
  CurveFigures<Tensor> measure(const std::function<Tensor(const Tensor& times)>& curve, int64_t pairs,
                               const Tensor& times, const QualityPointer& feature, double tolerance = 0.01,
                               int64_t max_subdivisions = 32) const;

  /// L ≥ this for every path from start to end, [pairs, D] each → [pairs]: −log(1 − ε) ‖Φ(z1) − Φ(z0)‖, times
  /// the square root of the least eigenvalue of the embedding's metric, 0 where that is not known.
  Tensor lower_bound(const Tensor& start, const Tensor& end) const;

  /// Φ of points [n, D], and their Q_t at one time t [n], without gradient and on all threads.
  Tensor decode(const Tensor& points) const;
  Tensor evaluate_quality(const Tensor& points, const Tensor& decoded, double time) const;
  /// Their weights −log Q_ε at every one of `times` [T]: [n, T] float64, without gradient.
  Tensor weights_at_times(const Tensor& points, const Tensor& decoded, const Tensor& times) const;

  /// True when model and quality are evaluated by several threads at once, each taking a share of the points.
  bool concurrent() const { return embedding_->concurrent() && quality_->concurrent(); }

  const Embedding& embedding() const { return *embedding_; }
  const Quality& quality() const { return *quality_; }
  const EnergyOptions& options() const { return options_; }

 private:
  CurveFigures<Tensor> measure_chunk(const std::function<Tensor(const Tensor&)>& curve, const Tensor& times,
                                     const QualityPointer& feature, double tolerance,
                                     int64_t max_subdivisions) const;
  Tensor decode_paths(const Tensor& points) const;

  std::shared_ptr<const Embedding> embedding_;
  QualityPointer quality_;
  EnergyOptions options_;
  std::shared_ptr<const MetricTensor> metric_;  ///< of H; null: the norm, or the kernel
};

}  // namespace latentpath
