#pragma once
// find_path: the best path between two points, for a batch of pairs.
//
// Maximises the quality measure Q(γ) = exp(−∫ −log Q_ε ‖(Φγ)'‖ dt) of a curve (paper A, Definition 1) by
// minimising its energy, from several first paths, coarse to fine, and reports figures of a refined grid.
//
//   PathProblem problem{.embedding = decoder,
//                       .quality   = time_ramp(class_probability(classifier, 8)),
//                       .start = z0, .end = z1};                    // [pairs, D]
//   PathResult result = find_path(problem, {.segments = 64});
//   std::cout << result.brief_report();

#include "latentpath/core/progress.h"
#include "latentpath/path/path_options.h"
#include "latentpath/path/path_result.h"

namespace latentpath {

/// Throws Error(kArgument) for options and shapes that cannot be, Error(kNumerical) where the cost at the
/// ends is not finite. Cancellation is a result: the best path reached.
PathResult find_path(const PathProblem& problem, const PathOptions& options = {},
                     const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});

/// Whether find_path starts through candidates for via points.
bool draws_candidates(const PathProblem& problem, const PathOptions& options);
/// The candidates that find_path would draw: pass them to several calls to decode them once.
PathResult find_path(const PathProblem& problem, const PathOptions& options, const CandidatePool& candidates,
                     const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});
/// Cancelled, those of the draws made so far.
CandidatePool make_candidates(const PathProblem& problem, const PathOptions& options,
                              const CancellationToken& cancellation = {});

}  // namespace latentpath
