#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/solver/solver.h"

namespace latentpath {

std::string termination_name(Termination termination) {
  switch (termination) {
    case Termination::kRunning:
      return "running";
    case Termination::kConverged:
      return "converged";
    case Termination::kIterationLimit:
      return "iteration-limit";
    case Termination::kTimeLimit:
      return "time-limit";
    case Termination::kStalled:
      return "stalled";
    case Termination::kPruned:
      return "pruned";
    case Termination::kInterrupted:
      return "interrupted";
    case Termination::kNumericalFailure:
      return "numerical-failure";
  }
  return "unknown";
}

std::string termination_sentence(Termination termination) {
  switch (termination) {
    case Termination::kRunning:
      return "The solver has not ended.";
    case Termination::kConverged:
      return "The cost stopped changing to the tolerance asked.";
    case Termination::kIterationLimit:
      return "The number of iterations asked was made before the cost stopped changing.";
    case Termination::kTimeLimit:
      return "The time asked was used up before the cost stopped changing.";
    case Termination::kStalled:
      return "No step along the search direction lowers the cost any more.";
    case Termination::kPruned:
      return "Another start of the same problem was far ahead.";
    case Termination::kInterrupted:
      return "The run was interrupted; the path is the best one reached until then.";
    case Termination::kNumericalFailure:
      return "The cost became NaN or infinite.";
  }
  return "";
}

Tensor Objective::gradient_residual(const Tensor& x, const ObjectiveValue& at, const Tensor& /*rows*/) {
  const Tensor scale = x.norm(2, {1}).clamp_min(1e-12) / at.value.abs().clamp_min(1e-300);
  return at.gradient.norm(2, {1}).to(at::kDouble) * scale.to(at::kDouble);
}

SolveResult solve(Objective& objective, const Tensor& x0, Solver& solver, const StoppingOptions& stopping,
                  const SolverObserver& observer, const CancellationToken& cancellation) {
  LATENTPATH_ASSERT(x0.dim() == 2 && x0.size(0) == objective.problems() &&
                    x0.size(1) == objective.variables());
  const auto begin = std::chrono::steady_clock::now();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  const int64_t problems = x0.size(0);
  SolveResult result;
  SolverState& state = result.state;
  state.x = x0.clone();
  state.active = at::arange(problems, at::kLong);
  state.termination.assign(static_cast<size_t>(problems), Termination::kRunning);

  const auto drop_ended = [&] {
    std::vector<int64_t> running;
    for (int64_t row = 0; row < problems; ++row)
      if (state.termination[static_cast<size_t>(row)] == Termination::kRunning) running.push_back(row);
    state.active = at::tensor(running, at::kLong);
  };
  const auto end_all = [&](Termination why) {
    for (auto& termination : state.termination)
      if (termination == Termination::kRunning) termination = why;
    drop_ended();
  };

  if (objective.variables() == 0) {  // nothing to choose: a path of one segment
    const ObjectiveValue at = objective.evaluate(state.x, state.active);
    state.value = at.value;
    state.gradient = at.gradient;
    state.evaluations = problems;
    end_all(Termination::kConverged);
    state.seconds = elapsed();
    return result;
  }

  objective.begin_iteration(0);
  solver.initialize(objective, state);
  std::vector<std::vector<double>> values(static_cast<size_t>(problems));
  const auto look = [&] {
    const Tensor value = state.value.to(at::kCPU).contiguous();
    const double* data = value.data_ptr<double>();
    for (int64_t row = 0; row < problems; ++row) {
      auto& termination = state.termination[static_cast<size_t>(row)];
      if (termination != Termination::kRunning) continue;
      auto& past = values[static_cast<size_t>(row)];
      past.push_back(data[row]);
      const auto patience = static_cast<size_t>(stopping.patience);
      if (!std::isfinite(data[row])) {
        termination = Termination::kNumericalFailure;
      } else if (stopping.relative_decrease > 0 && past.size() > patience) {
        const double before = past[past.size() - 1 - patience];
        if (before - data[row] <= stopping.relative_decrease * std::abs(before))
          termination = Termination::kConverged;
      }
    }
    drop_ended();
    if (stopping.gradient_residual > 0 && state.active.numel() > 0) {
      const ObjectiveValue at{state.value.index_select(0, state.active),
                              state.gradient.index_select(0, state.active)};
      const Tensor residual =
          objective.gradient_residual(state.x.index_select(0, state.active), at, state.active).contiguous();
      const int64_t* rows = state.active.data_ptr<int64_t>();
      for (int64_t i = 0; i < residual.size(0); ++i)
        if (residual.data_ptr<double>()[i] < stopping.gradient_residual)
          state.end(rows[i], Termination::kConverged);
      drop_ended();
    }
    if (stopping.prune && state.active.numel() > 0) {
      stopping.prune(state);
      drop_ended();
    }
  };
  look();
  while (state.active.numel() > 0) {
    if (cancellation.cancelled())
      end_all(Termination::kInterrupted);
    else if (state.iteration >= stopping.max_iterations)
      end_all(Termination::kIterationLimit);
    else if (stopping.max_seconds > 0 && elapsed() > stopping.max_seconds)
      end_all(Termination::kTimeLimit);
    if (state.active.numel() == 0) break;
    ++state.iteration;
    objective.begin_iteration(state.iteration);
    solver.step(objective, state);
    look();
    state.seconds = elapsed();
    result.history.push_back(state.value.mean().item<double>());
    if (observer) observer(state);
  }
  state.seconds = elapsed();
  return result;
}

}  // namespace latentpath
