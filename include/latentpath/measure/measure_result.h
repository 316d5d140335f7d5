#pragma once
// MeasureResult: what interpolate_measures() found, with its figures.
//
//   std::cout << result.brief_report() << result.figures.cost_over_bound << "\n";

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/core/warning.h"
#include "latentpath/measure/measure_problem.h"
#include "latentpath/solver/solver.h"

namespace latentpath {

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
  double gradient_residual = 0;  ///< ‖gradient‖ s √N / cost of N variables, s the spread of the points
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
  /// Of an exact transport, which mass goes where: [moves, 3] float64, each the number of a point of X, that
  /// of one of Y, and the mass that goes from one to the other, in this order; undefined where there was
  /// none.
  Tensor coupling;
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

}  // namespace latentpath
