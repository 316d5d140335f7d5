#pragma once
// CurveFigures: what is measured of a curve γ, whichever engine measures it. One list of figures, kept as
// tensors [pairs] float64 where curves come in batches (PathEnergy), as numbers where there is one
// (WeightedMetric). A figure that is not measured is absent: an undefined tensor, NaN.
//
//   CurveFigures<Tensor> of_batch = energy.measure(curve_at, pairs, times, feature);
//   CurveFigures<double> of_one = metric.measure(nodes);
//
// Sums are over the segments i of a grid (docs/conventions.md): w_i the weight at a segment's middle, c_i its
// squared chord, Δ_i its duration. Lengths, √c_i and √(cost) have the unit of ‖Φ‖, the distance of two
// outputs of the map (times the weight, a pure number); qualities and probabilities lie in [0, 1].

#include <limits>
#include <type_traits>

namespace latentpath {

/// A figure that is not there.
template <class Value>
Value no_figure() {
  if constexpr (std::is_floating_point_v<Value>)
    return std::numeric_limits<Value>::quiet_NaN();
  else
    return Value();
}

template <class Value>
struct CurveFigures {
  using Count = std::conditional_t<std::is_floating_point_v<Value>, int, Value>;

  Value cost = no_figure<Value>();  ///< the cost (metric/cost.h) on the grid as given; of ‖Φ‖, squared
  Value cost_refined = no_figure<Value>();      ///< the same `subdivisions` times finer
  Value length = no_figure<Value>();            ///< L = Σ w_i √c_i: in the metric n² JᵀJ; of ‖Φ‖
  Value quality_of_curve = no_figure<Value>();  ///< exp(−L) (paper A, Eq. 2)
  Value mean_quality = no_figure<Value>();      ///< mean of Q_t over uniform time
  Value min_quality = no_figure<Value>();       ///< smallest Q_t met
  Value min_weight = no_figure<Value>();        ///< smallest w met
  Value embedding_length = no_figure<Value>();  ///< Σ √c_i: in H, without weights; of ‖Φ‖
  Value mean_feature = no_figure<Value>();      ///< mean of the feature over uniform time
  Count subdivisions = Count();  ///< into which segments were cut for the refined cost (of tensors: int64)
};

/// What a figure says something of: of a quality that was asked for, of a feature, or of any curve.
enum class FigureOf { kCurve, kQuality, kFeature };

/// A figure by its name in run.json.
template <class Value>
struct CurveFigure {
  const char* name;
  Value CurveFigures<Value>::*value;
  FigureOf of = FigureOf::kCurve;
  bool recorded = true;  ///< in run.json; else it is for callers alone
};

/// All but `subdivisions`, whose name there is "refinement".
template <class Value>
inline constexpr CurveFigure<Value> kCurveFigures[] = {
    {"cost", &CurveFigures<Value>::cost},
    {"cost_refined", &CurveFigures<Value>::cost_refined},
    {"length", &CurveFigures<Value>::length},
    {"quality_of_curve", &CurveFigures<Value>::quality_of_curve, FigureOf::kQuality},
    {"mean_quality", &CurveFigures<Value>::mean_quality, FigureOf::kQuality},
    {"min_quality", &CurveFigures<Value>::min_quality, FigureOf::kQuality},
    {"min_weight", &CurveFigures<Value>::min_weight, FigureOf::kCurve, false},
    {"embedding_length", &CurveFigures<Value>::embedding_length},
    {"mean_class_probability", &CurveFigures<Value>::mean_feature, FigureOf::kFeature},
};

/// Calls `use` with a pointer to each figure, `subdivisions` last.
template <class Value, class Use>
void for_each_figure(Use use) {
  for (const CurveFigure<Value>& figure : kCurveFigures<Value>) use(figure.value);
  use(&CurveFigures<Value>::subdivisions);
}

}  // namespace latentpath
