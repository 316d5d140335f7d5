#pragma once
// Second-order methods for paths by tensors: a polyline that a search has found is moved to a stationary
// point of its energy by Newton's method (or Gauss–Newton, Newton–CG, GEORCE), and what kind of point that
// is, is certified by the inertia of the Hessian.
//
//   SecondOrderPaths found = finish_by_second_order(energy, start, end, nodes, times, {.method = "newton"});
//   found.certificates[0].negative_directions;          // 0 at a minimum

#include <cstdint>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/metric/path_energy.h"
#include "latentpath/path/evaluation_counter.h"
#include "latentpath/path/refine.h"
#include "latentpath/solver/second_order.h"
#include "latentpath/solver/termination.h"

namespace latentpath {

struct SecondOrderOptions {
  std::string method = "newton";
  int64_t max_iterations = 60;
  double tolerance = 1e-6;  ///< converged when the scale-free gradient residual falls to this
  double max_seconds = 0;   ///< 0: no limit
  int64_t finest = 4, compare_subdivisions = 8;  ///< as FinishOptions (path/path_options.h) say
  PreconditionerOptions preconditioner = {};
  /// Told for which of these pairs [pairs] int64 a point is decoded; null: nobody is told.
  EvaluationCounter* counter = nullptr;
  Tensor pairs = {};
};

/// What is known about how good a path is.
struct PathCertificate : MinimumCertificate {
  int64_t subdivisions = 1;  ///< the sum certified has so many midpoints a segment
};

struct SecondOrderPaths {
  Tensor nodes;                               ///< [pairs, n + 1, D]
  std::vector<Termination> termination;       ///< [pairs]
  std::vector<int64_t> iterations;            ///< [pairs]
  std::vector<PathCertificate> certificates;  ///< [pairs]
  std::string method;                         ///< as the solver describes itself
};

/// nodes [pairs, n + 1, D] at times [n + 1]. A pair whose path has hidden from its own midpoints, so that its
/// cost rises on a grid four times finer, is solved again with 2 and 4 midpoints a segment; no path is
/// returned that costs more there than the one given. Throws Error(kArgument) where the energy does not offer
/// what the method needs.
SecondOrderPaths finish_by_second_order(const PathEnergy& energy, const Tensor& start, const Tensor& end,
                                        const Tensor& nodes, const Tensor& times,
                                        const SecondOrderOptions& options = {},
                                        const ProgressObserver& progress = {},
                                        const CancellationToken& cancellation = {});

}  // namespace latentpath
