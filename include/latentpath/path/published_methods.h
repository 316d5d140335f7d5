#pragma once
// Published methods: one curve, one solver, one grid, from the straight line unless `init` says otherwise.
// Algorithm 1 of paper A (`method = "adam"`, `"sgd"`: a neural curve, fresh random times each step), gradient
// descent on a polyline's nodes of paper B (`"paper2019"`), and other combinations of curve and solver asked
// for by name. They are what the search is compared with.
//
//   find_path(problem, {.method = "adam"});

#include <cstdint>

#include "latentpath/metric/path_energy.h"

namespace latentpath {

struct PublishedOptions {
  int64_t first_order_iterations = 1000;  ///< adam, sgd, paper2019, where max_iterations is 0 (paper A, §6)
  int64_t quasi_newton_iterations = 300;  ///< lbfgs on a neural curve, where max_iterations is 0
  double learning_rate = 1e-3;            ///< adam, sgd, where PathOptions::learning_rate is empty (paper A)
  /// paper2019, where PathOptions::learning_rate is empty: this share of 1/max_i k_i, a twentieth of the
  /// largest step at which gradient descent on Σ k_i ‖z_{i+1} − z_i‖² is stable (¼), since k_i grows on the
  /// way.
  double stable_share = 0.0125;
  /// With random times the loss is noisy: iterates are evaluated on one fixed grid every so many iterations,
  /// and the best is kept, not the last.
  int64_t evaluate_every = 50;
};

/// share/max_i k_i [pairs] along each straight line, k_i = w_i² s_i/Δ_i, s_i the squared stretch
/// ‖ΔΦ_i‖²/‖Δz_i‖².
Tensor stable_rates(const PathEnergy& energy, const Tensor& start, const Tensor& end, const Tensor& times,
                    double share);

}  // namespace latentpath
