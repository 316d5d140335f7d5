#pragma once
// Paths between measures, each given by a (weighted) sample of points of R^d (paper A, §4 and Fig. 9).
//
// The cost of a path X = X⁰, X¹, …, X^K = Y is Σ_j MMD²(X^{j+1}, X^j) (Eq. 13). Three ways to go, each
// labelled for what it is:
//
//   mmd           Eq. 13 minimised over the points of X¹ … X^{K−1}: from the straight line, from the samples
//                 matched by optimal transport, and from clouds whose points jump one by one; and,
//                 labelled "smooth", over smooth motions of the matched points alone, as in Fig. 9
//   mixture       (1 − t)X + tY: the exact geodesic of the kernel's metric; points stay, their weights change
//   displacement  each point travels straight to where optimal transport sends it: the geodesic of the
//                 Wasserstein metric
//
// No path costs less than MMD²(X, Y)/K, and the mixture attains it, so every path is reported with
// K·cost/MMD² ≥ 1.
//
//   MeasureProblem problem{.start = x, .end = y, .kernel = RadialKernel::gaussian({0.125})};
//   MeasureResult result = interpolate_measures(problem, {.steps = 10});   // x [n, 2], y [m, 2]
//   std::cout << result.brief_report();

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/core/progress.h"
#include "latentpath/core/tensor.h"
#include "latentpath/core/warning.h"
#include "latentpath/curve/curve.h"
#include "latentpath/kernel/radial_kernel.h"
#include "latentpath/measure/transport.h"
#include "latentpath/metric/quality.h"
#include "latentpath/solver/solver.h"

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

/// A path of samples: X^j has the points points[j] with weights weights[j].
struct MeasurePath {
  Tensor points;         ///< [K + 1, N, d] float64
  Tensor weights;        ///< [K + 1, N], each row of sum 1
  bool uniform = false;  ///< all weights are 1/N
};

struct MeasureFigures {
  double cost = 0;             ///< Σ_j MMD²(X^{j+1}, X^j)
  double cost_over_bound = 0;  ///< K · cost / MMD²(X, Y); 1 for a geodesic; NaN when the ends are equal
  std::vector<double> steps;   ///< MMD(X^{j+1}, X^j): equal along a geodesic
  double step_spread = 0;      ///< (longest − shortest)/mean of the steps
  double length = 0;           ///< Σ steps
  double rounding = 0;  ///< estimated rounding error of `cost`; with random features their standard error
  double clamped = 0;   ///< what was cut off steps that rounding had made negative
  std::optional<double> weighted_cost = {}, mean_quality = {}, min_quality = {};  ///< with a quality
};

/// One start of the kind mmd and what it led to.
struct MeasureCandidate {
  std::string name;   ///< "straight", "matched", "random", "smooth"
  std::string title;  ///< for people: "mmd, best smooth motion", "mmd, random start"
  MeasurePath path;
  MeasureFigures figures;
  Termination termination = Termination::kRunning;
  int64_t iterations = 0, evaluations = 0;
  double gradient_residual = 0;  ///< ‖gradient‖ ‖x‖ / cost, free of scales
  double seconds = 0;
};

struct MeasureResult {
  MeasurePath path;  ///< of the kind asked for; for mmd the best candidate's
  Tensor times;      ///< j/K, [K + 1]
  MeasureFigures figures;
  MeasureKind kind = MeasureKind::kMmd;
  std::string method;             ///< the solver of mmd, "" where there is nothing to solve
  std::string kernel, transport;  ///< as used; transport: "exact", "entropic", "" when there was none
  double squared_mmd = 0;         ///< MMD²(X, Y)
  double squared_mmd_error = 0;   ///< rounding, or the standard error of random features
  double lower_bound = 0;         ///< MMD²(X, Y)/K
  std::vector<MeasureCandidate> candidates;          ///< mmd: every start; best first
  std::optional<MeasurePath> mixture, displacement;  ///< baselines
  std::optional<MeasureFigures> mixture_figures, displacement_figures;
  double transport_cost = 0;  ///< squared Wasserstein-2 distance, when there was a transport
  /// Between these it lies: of an exact transport the dual value and the cost, equal but for rounding.
  double transport_lower_bound = 0, transport_upper_bound = 0;
  double entropic_blur = 0, entropic_end_gap = 0;  ///< entropic alone: blur; MMD between T(X) and Y
  double seconds = 0;
  uint64_t seed = 0;
  std::vector<Warning> warnings;

  Termination termination() const {
    return candidates.empty() ? Termination::kConverged : candidates[0].termination;
  }
  /// A paragraph for people.
  std::string brief_report() const;
};

/// Throws Error(kArgument) for options and shapes that cannot be, Error(kNumerical) for points that are not
/// finite. Cancellation is a result: the best path reached, unless there is none yet.
MeasureResult interpolate_measures(const MeasureProblem& problem, const MeasureOptions& options = {},
                                   const ProgressObserver& progress = {},
                                   const CancellationToken& cancellation = {});

/// Cost and steps of any path of samples.
MeasureFigures measure_figures(const MeasurePath& path, const RadialKernel& kernel);

/// What mmd minimises, Eq. 13 (with a quality: Σ ½(n(X^j)² + n(X^{j+1})²) MMD²), and its gradient
/// with respect to all points, [K + 1, N, d].
std::pair<double, Tensor> measure_cost(const MeasurePath& path, const RadialKernel& kernel,
                                       const QualityPointer& quality = {}, double epsilon = 0.1);

/// The papers' three examples (Fig. 9): samples of n points from
///   1: N(0, I) → ½N((0,−5), I) + ½N((0,5), I)
///   2: ½N((−5,0), I) + ½N((5,0), I) → ½N((0,−5), I) + ½N((0,5), I)
///   3: N(0, I) → ½N((−5,−5), I) + ½N((5,5), I)   (printed with weights ¼, whose sum is not 1)
/// with equal shares of each component, so that all of the randomness is in the points.
MeasureProblem measure_example(int example, int64_t points, uint64_t seed);

/// What there is to say about MeasureOptions: names, ranges, choices and words.
/// `method` once named the kind of path: what asks so is given that kind, and the solver `auto`. Other
/// options stay as they are.
MeasureOptions with_kind_for_method(MeasureOptions options);
const OptionTable<MeasureOptions>& measure_option_table();

}  // namespace latentpath
