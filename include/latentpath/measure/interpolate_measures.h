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

#include <utility>

#include "latentpath/core/progress.h"
#include "latentpath/measure/measure_problem.h"
#include "latentpath/measure/measure_result.h"

namespace latentpath {

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

}  // namespace latentpath
