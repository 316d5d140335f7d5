#pragma once
// Optimal transport between two weighted samples for the squared distance: which mass goes where, so that
// Σ π_ij ‖x_i − y_j‖² is least. Free of LibTorch.
//
//   const TransportPlan plan = exact_transport({x, 2}, {y, 2});
//   for (const auto& move : plan.moves)   // at most n + m − 1 of them
//     std::cout << move.from << " to " << move.to << ": " << move.mass << "\n";

#include <cstdint>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/kernel/mmd.h"

namespace latentpath {

struct TransportPlan {
  struct Move {
    int64_t from = 0, to = 0;
    double mass = 0;
  };
  std::vector<Move> moves;  ///< in the order of `from`, then `to`; masses sum to 1
  double cost = 0;          ///< Σ mass ‖x − y‖²: the squared Wasserstein-2 distance
};

/// Exact, by successive shortest augmenting paths with dual prices (Jonker and Volgenant 1987 for
/// assignments, Ford and Fulkerson in general), on whole-number masses: samples without weights are matched
/// without rounding, weights to 1e-12. For samples of equal size without weights the moves are an assignment.
/// Time up to O(n²m) and memory O(nm); in one dimension O(n log n) by sorting. Throws Error as squared_mmd
/// does, Error(kInterrupted) when cancelled.
TransportPlan exact_transport(const SampleView& first, const SampleView& second,
                              const CancellationToken& cancellation = {});

struct EntropicOptions {
  double blur = 0;         ///< √ε of the regularisation ε KL, a length; 0: 0.03 times the median distance
  double annealing = 0.9;  ///< by how much the blur shrinks from one iteration to the next
  double marginal_error = 0.01;   ///< iterates at the final blur until the error below is no larger,
  int64_t last_iterations = 300;  ///< or as often as this
  int threads = 0;
};

/// Debiased entropic transport: where each point of either sample is sent, found in O(n + m) memory.
struct EntropicTransport {
  std::vector<double> forward;   ///< [n · d]: T(x_i)
  std::vector<double> backward;  ///< [m · d]: T⁻¹(y_j)
  double cost = 0;  ///< 2 S_ε: the debiased estimate of the squared Wasserstein-2 distance, never negative
  double blur = 0;  ///< used
  double marginal_error = 0;  ///< total mass that the plan sends to the wrong place, Σ_j |Σ_i π_ij − v_j|
  int64_t iterations = 0;
};

/// Sinkhorn's iteration in the log domain on the cost ½‖x − y‖², averaged symmetric updates with annealing,
/// and the divergence S_ε = OT_ε(X,Y) − ½OT_ε(X,X) − ½OT_ε(Y,Y), whose gradient gives the map T(x) = x + Σ_j
/// π(y_j|x) y_j − Σ_i π(x_i|x) x_i (Feydy et al. 2019; Pooladian et al. 2022).
EntropicTransport entropic_transport(const SampleView& first, const SampleView& second,
                                     const EntropicOptions& options = {},
                                     const CancellationToken& cancellation = {});

}  // namespace latentpath
