#pragma once
// The one loop. Internal; include/latentpath/solver/basic_solver.h says what it does.

#include <chrono>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/solver/basic_solver.h"
#include "solver/generic/algebra.h"

namespace latentpath {
namespace detail {

template <class Rows>
class SolveLoop {
 public:
  using A = Algebra<Rows>;

  SolveLoop(BasicObjective<Rows>& objective, const Rows& x0, BasicSolver<Rows>& solver,
            const BasicStoppingOptions<Rows>& stopping)
      : objective_(objective), solver_(solver), stopping_(stopping), problems_(A::count(x0)) {
    state().x = A::copy(x0);
    const auto count = static_cast<std::size_t>(problems_);
    state().termination.assign(count, Termination::kRunning);
    state().reason.assign(count, {});
    state().iterations.assign(count, 0);
    values_.resize(count);
    drop_ended();
    if (stopping.relative_decrease > 0)
      add(after_, relative_decrease_below(stopping.relative_decrease, stopping.patience));
    if (stopping.gradient_residual > 0) add(after_, gradient_residual_below(stopping.gradient_residual));
    if (stopping.criterion) add(after_, stopping.criterion);
    add(limits_, iteration_limit(stopping.max_iterations));
    if (stopping.max_seconds > 0) add(limits_, time_limit(stopping.max_seconds));
  }

  BasicSolveResult<Rows> run(const BasicSolverObserver<Rows>& observer,
                             const CancellationToken& cancellation) {
    if (objective_.variables() == 0) {
      nothing_to_choose();
    } else {
      objective_.begin_iteration(0);
      solver_.initialize(objective_, state());
      look();
      while (!active_.empty()) {
        end_at_limits(cancellation);
        if (active_.empty()) break;
        ++state().iteration;
        for (const int64_t row : active_) ++state().iterations[static_cast<std::size_t>(row)];
        objective_.begin_iteration(state().iteration);
        solver_.step(objective_, state());
        look();
        state().seconds = elapsed();
        result_.history.push_back(A::mean(state().value));
        if (observer) observer(state());
      }
    }
    state().seconds = elapsed();
    return std::move(result_);
  }

 private:
  static void add(StoppingCriterionPointer& all, StoppingCriterionPointer one) {
    all = all ? std::move(all) | std::move(one) : std::move(one);
  }
  BasicSolverState<Rows>& state() { return result_.state; }
  double elapsed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }
  bool running(int64_t row) {
    return state().termination[static_cast<std::size_t>(row)] == Termination::kRunning;
  }

  void drop_ended() {
    active_.clear();
    for (int64_t row = 0; row < problems_; ++row)
      if (running(row)) active_.push_back(row);
    state().active = A::to_indices(active_);
  }

  /// A path of one segment, say.
  void nothing_to_choose() {
    auto at = objective_.evaluate(state().x, state().active);
    state().value = A::from_scalars(A::to_scalars(at.value), state().x);
    state().gradient = at.gradient;
    state().evaluations = problems_;
    for (int64_t row = 0; row < problems_; ++row)
      state().end(row, Termination::kConverged, "nothing is variable");
    drop_ended();
  }

  /// Before a step: cancellation and limits.
  void end_at_limits(const CancellationToken& cancellation) {
    const bool cancelled = cancellation.cancelled();
    const double seconds = stopping_.max_seconds > 0 ? elapsed() : 0;
    bool ended = false;
    for (const int64_t row : active_) {
      if (cancelled) {
        state().end(row, Termination::kInterrupted);
        ended = true;
      } else if (auto ending = limits_->check({state().iteration, seconds, {}, 0})) {
        state().end(row, ending->termination, std::move(ending->reason));
        ended = true;
      }
    }
    if (ended) drop_ended();
  }

  /// After a step: failures, the criteria row by row, then the caller.
  void look() {
    const auto& value = A::to_scalars(state().value);
    bool ended = false;
    for (const int64_t row : active_) {
      const auto index = static_cast<std::size_t>(row);
      values_[index].push_back(value[index]);
      if (!std::isfinite(value[index])) state().end(row, Termination::kNumericalFailure);
      ended = ended || !running(row);
    }
    if (ended) drop_ended();
    if (active_.empty()) return;
    check_criteria();
    if (stopping_.prune && !active_.empty()) {
      stopping_.prune(state());
      drop_ended();
    }
  }

  void check_criteria() {
    if (!after_) return;
    std::vector<double> residual;
    if (after_->needs_gradient_residual()) residual = solver_.gradient_residual(objective_, state());
    const double seconds = stopping_.criterion ? elapsed() : 0;
    bool ended = false;
    for (std::size_t i = 0; i < active_.size(); ++i) {
      const int64_t row = active_[i];
      auto ending =
          after_->check({state().iterations[static_cast<std::size_t>(row)], seconds,
                         values_[static_cast<std::size_t>(row)], residual.empty() ? 0 : residual[i]});
      if (!ending) continue;
      if (ending->termination == Termination::kConverged && solver_.leaves_saddle(row)) continue;
      state().end(row, ending->termination, std::move(ending->reason));
      ended = true;
    }
    if (ended) drop_ended();
  }

  BasicObjective<Rows>& objective_;
  BasicSolver<Rows>& solver_;
  const BasicStoppingOptions<Rows>& stopping_;
  const int64_t problems_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  BasicSolveResult<Rows> result_;
  std::vector<int64_t> active_;
  std::vector<std::vector<double>> values_;  ///< [B]: the cost at the start and after every iteration
  StoppingCriterionPointer after_, limits_;  ///< looked at after a step (or none), before the next
};

}  // namespace detail

template <class Rows>
typename BasicObjective<Rows>::Values BasicObjective<Rows>::gradient_residual(const Rows& x, const Value& at,
                                                                              const Indices& /*rows*/) {
  using A = detail::Algebra<Rows>;
  const std::vector<double> xx = A::dot(x, x), gg = A::dot(at.gradient, at.gradient),
                            value = A::to_scalars(at.value);
  std::vector<double> residual(xx.size());
  for (std::size_t i = 0; i < xx.size(); ++i)
    residual[i] = std::sqrt(gg[i]) * std::max(std::sqrt(xx[i]), 1e-12) / std::max(std::abs(value[i]), 1e-300);
  return A::from_scalars(std::move(residual), x);
}

template <class Rows>
std::vector<double> BasicSolver<Rows>::gradient_residual(Objective& objective, const State& state) {
  using A = detail::Algebra<Rows>;
  return A::to_scalars(objective.gradient_residual(
      A::select(state.x, state.active),
      {A::select_values(state.value, state.active), A::select(state.gradient, state.active)}, state.active));
}

template <class Rows>
BasicSolveResult<Rows> solve(BasicObjective<Rows>& objective, const std::type_identity_t<Rows>& x0,
                             BasicSolver<Rows>& solver,
                             const std::type_identity_t<BasicStoppingOptions<Rows>>& stopping,
                             const std::type_identity_t<BasicSolverObserver<Rows>>& observer,
                             const CancellationToken& cancellation) {
  using A = detail::Algebra<Rows>;
  LATENTPATH_ASSERT(A::count(x0) == objective.problems() && A::width(x0) == objective.variables());
  return detail::SolveLoop<Rows>(objective, x0, solver, stopping).run(observer, cancellation);
}

}  // namespace latentpath
