#pragma once
// Optimal transport between two weighted samples for the squared distance: which mass goes where, so that
// Σ π_ij ‖x_i − y_j‖² is least. Free of LibTorch.
//
//   const TransportPlan plan = exact_transport({x, 2}, {y, 2});
//   for (const auto& move : plan.moves)   // at most n + m − 1 of them
//     std::cout << move.from << " to " << move.to << ": " << move.mass << "\n";
//   std::cout << plan.cost << ", and no plan costs less than " << plan.lower_bound() << "\n";

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

  // The proof. Where u_i + v_j ≤ ‖x_i − y_j‖² for all pairs, no plan costs less than Σ w_i u_i + Σ w_j v_j.
  std::vector<double> first_potential, second_potential;  ///< u [n], v [m]
  /// By how much u_i + v_j exceeds ‖x_i − y_j‖² at the worst of all pairs: rounding. On a line of over 1e8
  /// pairs, where the order of the points is the proof, none is looked at.
  double violation = 0;
  double slackness = 0;    ///< the largest ‖x − y‖² − u − v of a move: rounding
  double duality_gap = 0;  ///< Σ mass |‖x − y‖² − u − v| + violation
  double lower_bound() const { return cost - duality_gap; }
};

/// Exact, by the network simplex of the library LEMON over all n·m pairs, on whole-number masses and costs:
/// samples without weights are matched without rounding, weights to 1e-15, costs to 2⁻⁴⁰ of the largest at
/// 10 000 points and finer for fewer. For samples of equal size without weights the moves are an assignment.
/// In one dimension by sorting, O(n log n). The proof is computed afterwards from the points. What is
/// cancelled is abandoned: it returns at once, and the memory is given back when the simplex ends. Throws
/// Error as squared_mmd does, Error(kArgument) for 2³¹ pairs or more, Error(kInterrupted) when cancelled.
TransportPlan exact_transport(const SampleView& first, const SampleView& second,
                              const CancellationToken& cancellation = {});

/// What exact_transport() takes in two and more dimensions.
struct TransportEffort {
  double bytes = 0;
  double seconds = 0;  ///< very roughly; measured on one core of 2023
};
TransportEffort exact_transport_effort(int64_t first_count, int64_t second_count, bool weighted);

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
  /// Between these the squared Wasserstein-2 distance lies: the dual value of potentials that are feasible
  /// for it, and the cost of a plan with the right marginals.
  double lower_bound = 0, upper_bound = 0;
  double blur = 0;            ///< used
  double marginal_error = 0;  ///< total mass that the plan sends to the wrong place, Σ_j |Σ_i π_ij − v_j|
  int64_t iterations = 0;
};

/// Sinkhorn's iteration in the log domain on the cost ½‖x − y‖², averaged symmetric updates with annealing,
/// and the divergence S_ε = OT_ε(X,Y) − ½OT_ε(X,X) − ½OT_ε(Y,Y), whose gradient gives the map T(x) = x + Σ_j
/// π(y_j|x) y_j − Σ_i π(x_i|x) x_i (Feydy et al. 2019; Pooladian et al. 2022). The bounds: potentials made
/// feasible by v_j = min_i(c_ij − u_i), and the plan rounded to its marginals (Altschuler et al. 2017).
EntropicTransport entropic_transport(const SampleView& first, const SampleView& second,
                                     const EntropicOptions& options = {},
                                     const CancellationToken& cancellation = {});

}  // namespace latentpath
