#pragma once
// The spectral-gradient method: preconditioned gradient descent with the step length of Barzilai and Borwein
// and a non-monotone Armijo rule. Two vectors of memory, no matrix; often nearly as fast as L-BFGS. Internal.
//
//   d = −α H₀ g,    α = sᵀy / yᵀH₀y,    s and y the last changes of x and g
//   accepted where f(x + t d) ≤ max(last M values) + 10⁻⁴ t gᵀd
//
// J. Barzilai, J. M. Borwein, IMA J. Numer. Anal. 8 (1988), Eq. 6 (here in the metric of H₀); the
// globalisation is that of M. Raydan, SIAM J. Optim. 7 (1997), after L. Grippo, F. Lampariello, S. Lucidi,
// SIAM J. Numer. Anal. 23 (1986). It looks back over values, so its cost may rise for a few iterations.

#include <algorithm>
#include <cmath>
#include <vector>

#include "solver/generic/line_search.h"

namespace latentpath::detail {

template <class Rows>
class SpectralGradientSolver final : public BasicSolver<Rows> {
 public:
  using A = Algebra<Rows>;
  using Objective = BasicObjective<Rows>;
  using State = BasicSolverState<Rows>;

  explicit SpectralGradientSolver(const SpectralGradientOptions& options) : options_(options) {}
  std::string describe() const override { return "spectral gradient"; }

  void initialize(Objective& objective, State& state) override {
    evaluate_all(objective, state);
    const auto count = static_cast<std::size_t>(A::count(state.x));
    step_length_.assign(count, 1);
    past_.assign(count, {});
  }

  void step(Objective& objective, State& state) override {
    const std::vector<int64_t> rows = A::to_list(state.active);
    LineSearch<Rows> search(objective, state);
    Rows direction = A::copy(objective.precondition(search.g, state.active));
    std::vector<double> factor, reference;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto row = static_cast<std::size_t>(rows[i]);
      factor.push_back(-step_length_[row]);
      past_[row].push_back(search.f[i]);
      if (static_cast<int64_t>(past_[row].size()) > options_.memory) past_[row].erase(past_[row].begin());
      reference.push_back(*std::max_element(past_[row].begin(), past_[row].end()));
    }
    A::scale(direction, factor);
    search.backtrack(direction, A::dot(direction, search.g), reference, std::vector<double>(rows.size(), 1.0),
                     {options_.sufficient_decrease, options_.max_backtracks});
    const Rows s = A::combine(1, search.new_x, -1, search.x), y = A::combine(1, search.new_g, -1, search.g);
    const std::vector<double> sy = A::dot(s, y), yhy = A::dot(y, objective.precondition(y, state.active));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      double& length = step_length_[static_cast<std::size_t>(rows[i])];
      // Without positive curvature the last step was, if anything, too short.
      const double next = sy[i] > 0 && yhy[i] > 0 ? sy[i] / yhy[i] : 2 * length;
      length = std::clamp(next, options_.least_length, options_.most_length);
    }
    search.accept();
  }

 private:
  SpectralGradientOptions options_;
  std::vector<double> step_length_;        ///< [B]
  std::vector<std::vector<double>> past_;  ///< [B]: the last M values
};

}  // namespace latentpath::detail
