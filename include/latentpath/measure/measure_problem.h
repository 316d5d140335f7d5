#pragma once
// MeasureProblem and MeasureOptions: what interpolate_measures() is asked, and how it is to be sought.
//
//   MeasureProblem problem{.start = x, .end = y, .kernel = RadialKernel::gaussian({0.125})};   // [n, d]
//   MeasureOptions options{.kind = MeasureKind::kDisplacement, .steps = 20};

#include <optional>
#include <string>

#include "latentpath/core/option_table.h"
#include "latentpath/core/tensor.h"
#include "latentpath/curve/curve.h"
#include "latentpath/kernel/radial_kernel.h"
#include "latentpath/measure/transport.h"
#include "latentpath/metric/quality.h"

namespace latentpath {

struct MeasureProblem {
  Tensor start, end;                            ///< X [n, d], Y [m, d], float64
  Tensor start_weights = {}, end_weights = {};  ///< [n], [m], not negative; undefined: all alike
  std::optional<RadialKernel> kernel = {};      ///< none: gaussian, of width median_distance()
  /// Q(x) ∈ [0, 1] of a point of R^d, independent of time: moving points should respect it. The step between
  /// two samples then costs ½(n(X^j)² + n(X^{j+1})²) MMD², n(X) = −Σ w_i log Q_ε(x_i) being the weight −log
  /// of the sample's (geometric) mean quality; and displaced points take the best path under Q instead of the
  /// straight one.
  QualityPointer quality = {};
};

/// Three notions of a straight line between samples.
enum class MeasureKind { kMmd, kMixture, kDisplacement };
/// "mmd", "mixture", "displacement".
std::string measure_kind_name(MeasureKind kind);

struct MeasureOptions {
  MeasureKind kind = MeasureKind::kMmd;
  /// mmd: of solver_methods(), those that need a gradient alone; auto: lbfgs on the points, adam on a neural
  /// curve.
  std::string method = "auto";
  int64_t steps = 10;  ///< K
  /// mmd: "straight", "matched", "random", "smooth"; auto: all that apply, and the best is kept.
  std::string start = "auto";
  int64_t harmonics = 3;  ///< smooth: each point goes (1 − t)x + ty + Σ_{m ≤ harmonics} a_m sin(mπt)
  std::string curve = "polyline";  ///< mmd: "polyline" moves the points, "neural" paper A's curve
  double epsilon = 0.1;            ///< of Q_ε (Eq. 10), with a quality
  int64_t max_iterations = 0;      ///< a level; 0: 400, or 1000 of methods that take a learning rate
  double tolerance = 1e-4;  ///< converged when 5 iterations together lower the cost by less than this share
  double learning_rate = 1e-3;  ///< of adam and sgd
  double max_seconds = 0;       ///< for each start; 0: no limit
  NeuralCurveOptions neural = {};
  std::string transport = "auto";  ///< "exact", "entropic"; auto: exact where the next two allow it
  int64_t exact_transport_pairs = 100000000;  ///< up to n · m auto takes the exact one; above: entropic
  double memory = 0;  ///< GB that an exact transport may take; 0: a half of what is available
  EntropicOptions entropic = {};
  int64_t exact_mmd_points = 100000;  ///< up to n + m: all pairs; above: random features
  int64_t features = 4096;            ///< of random_feature_mmd
  bool baselines = true;              ///< measure mixture and displacement beside what is asked
  uint64_t seed = 0;
};

/// `method` once named the kind of path: what asks so is given that kind, and the solver `auto`. Other
/// options stay as they are.
MeasureOptions with_kind_for_method(MeasureOptions options);

/// What there is to say about MeasureOptions: names, ranges, choices and words.
const OptionTable<MeasureOptions>& measure_option_table();

}  // namespace latentpath
