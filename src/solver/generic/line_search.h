#pragma once
// Armijo backtracking for all active rows in lock-step, each with its own step length. Internal.
//
// J. Nocedal, S. J. Wright, Numerical Optimization, 2nd ed. (2006), section 3.1 and Eq. 3.58: the next trial
// is the minimiser of the parabola through the value and slope at the start and the trial's value, kept
// within [0.1, 0.5] of the step.

#include <algorithm>
#include <cmath>
#include <vector>

#include "latentpath/solver/basic_solver.h"
#include "latentpath/solver/methods.h"
#include "solver/generic/algebra.h"

namespace latentpath::detail {

/// Value and gradient of all active rows, into the state.
template <class Rows>
void evaluate_all(BasicObjective<Rows>& objective, BasicSolverState<Rows>& state) {
  using A = Algebra<Rows>;
  const auto at = objective.evaluate(state.x, state.active);
  state.value = A::from_scalars(A::to_scalars(at.value), state.x);
  state.gradient = A::copy(at.gradient);  // written into row by row: the objective's own stays as it is
  state.evaluations += A::count(state.x);
}

struct Backtracking {
  double sufficient_decrease;
  int64_t max_backtracks;
};

template <class Rows>
class LineSearch {
 public:
  using A = Algebra<Rows>;

  LineSearch(BasicObjective<Rows>& objective, BasicSolverState<Rows>& state)
      : x(A::select(state.x, state.active)),
        g(A::select(state.gradient, state.active)),
        f(A::to_scalars(A::select_values(state.value, state.active))),
        new_x(A::copy(x)),
        new_g(A::copy(g)),
        new_f(f),
        objective_(objective),
        state_(state),
        rows_(A::to_list(state.active)) {}

  /// Moves each row along `direction`, whose slope is `slope`, from the first step `length`, until its value
  /// is at most reference + sufficient_decrease · step · slope. A row for which no step does is ended:
  /// converged where even the model promises a decrease below rounding, else stalled.
  void backtrack(const Rows& direction, const std::vector<double>& slope,
                 const std::vector<double>& reference, std::vector<double> length, const Backtracking& rule) {
    std::vector<int64_t> waiting(rows_.size());
    for (std::size_t i = 0; i < waiting.size(); ++i) waiting[i] = static_cast<int64_t>(i);
    for (int64_t attempt = 0; attempt <= rule.max_backtracks && !waiting.empty(); ++attempt)
      waiting = try_steps(direction, slope, reference, length, rule.sufficient_decrease, waiting);
    for (const int64_t lane : waiting) {
      const auto i = static_cast<std::size_t>(lane);
      const bool rounding = -slope[i] < 1e-6 * std::abs(f[i]);
      state_.end(rows_[i], rounding ? Termination::kConverged : Termination::kStalled,
                 rounding ? "no step lowers the cost, and none promises more than rounding" : "");
    }
  }

  /// Writes the rows where they have come to into the state.
  void accept() {
    A::assign(state_.x, state_.active, new_x);
    A::assign(state_.gradient, state_.active, new_g);
    for (std::size_t i = 0; i < rows_.size(); ++i) A::set_value(state_.value, rows_[i], new_f[i]);
  }

  Rows x, g;              ///< of the active rows, before
  std::vector<double> f;  ///< before
  Rows new_x, new_g;      ///< after
  std::vector<double> new_f;

 private:
  std::vector<int64_t> try_steps(const Rows& direction, const std::vector<double>& slope,
                                 const std::vector<double>& reference, std::vector<double>& length,
                                 double sufficient, const std::vector<int64_t>& waiting) {
    const auto which = A::to_indices(waiting);
    std::vector<double> step;
    std::vector<int64_t> rows, yes, yes_lanes, no;
    for (const int64_t lane : waiting) {
      step.push_back(length[static_cast<std::size_t>(lane)]);
      rows.push_back(rows_[static_cast<std::size_t>(lane)]);
    }
    Rows trial_x = A::select(x, which);
    A::add_to(trial_x, step, A::select(direction, which));
    const auto trial = objective_.evaluate(trial_x, A::to_indices(rows));
    state_.evaluations += static_cast<int64_t>(waiting.size());
    const std::vector<double> value = A::to_scalars(trial.value);
    for (std::size_t k = 0; k < waiting.size(); ++k) {
      const auto i = static_cast<std::size_t>(waiting[k]);
      if (value[k] <= reference[i] + sufficient * step[k] * slope[i]) {  // false for NaN
        yes.push_back(static_cast<int64_t>(k));
        yes_lanes.push_back(waiting[k]);
        new_f[i] = value[k];
        continue;
      }
      no.push_back(waiting[k]);
      double factor = -0.5 * step[k] * slope[i] / (value[k] - f[i] - step[k] * slope[i]);
      if (std::isnan(factor)) factor = 0.1;
      length[i] = step[k] * std::clamp(factor, 0.1, 0.5);
    }
    if (!yes.empty()) {
      const auto from = A::to_indices(yes), to = A::to_indices(yes_lanes);
      A::assign(new_x, to, A::select(trial_x, from));
      A::assign(new_g, to, A::select(trial.gradient, from));
    }
    return no;
  }

  BasicObjective<Rows>& objective_;
  BasicSolverState<Rows>& state_;
  std::vector<int64_t> rows_;
};

}  // namespace latentpath::detail
