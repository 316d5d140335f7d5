#pragma once
// One loop, solve(), owns iteration, timing, stopping and cancellation; a solver supplies initialize and
// step. Written for any Rows (rows.h); solver.h has the names for tensors, dense_solver.h those without
// LibTorch.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/solver/basic_objective.h"
#include "latentpath/solver/stopping.h"
#include "latentpath/solver/termination.h"

namespace latentpath {

/// What varies while a batch of problems is solved. Rows that have ended keep their last values.
template <class Rows>
struct BasicSolverState {
  Rows x;                                   ///< [B, N]
  typename RowTypes<Rows>::Values value;    ///< [B] float64
  Rows gradient;                            ///< [B, N]
  typename RowTypes<Rows>::Indices active;  ///< rows still running, ascending
  std::vector<Termination> termination;     ///< [B]
  std::vector<std::string> reason;          ///< [B]: a sentence where a criterion or the solver gave one
  std::vector<int64_t> iterations;          ///< [B]: made until the row ended
  int64_t iteration = 0;
  int64_t evaluations = 0;  ///< objective evaluations, counted in problems
  double seconds = 0;

  /// Ends row `row`; takes effect after the step.
  void end(int64_t row, Termination why, std::string sentence = {}) {
    termination[static_cast<std::size_t>(row)] = why;
    reason[static_cast<std::size_t>(row)] = std::move(sentence);
  }
};

template <class Rows>
class BasicSolver {
 public:
  using Objective = BasicObjective<Rows>;
  using State = BasicSolverState<Rows>;

  virtual ~BasicSolver() = default;
  /// Sets value and gradient of every row. Refuses, with an Error that names the method, an objective that
  /// lacks what the solver needs.
  virtual void initialize(Objective& objective, State& state) = 0;
  /// One iteration of the rows state.active.
  virtual void step(Objective& objective, State& state) = 0;
  virtual std::string describe() const = 0;

  /// How far from stationary the active rows are: [active], scale-free. By default the objective's measure; a
  /// solver that knows a better model gives its own.
  virtual std::vector<double> gradient_residual(Objective& objective, const State& state);
  /// Asked before `row` is ended as converged: true where the solver knows the point for a saddle and will
  /// leave it in its next step.
  virtual bool leaves_saddle(int64_t /*row*/) { return false; }
};

template <class Rows>
struct BasicStoppingOptions {
  int64_t max_iterations = 1000;
  double relative_decrease =
      0;  ///< converged when `patience` iterations together lower the cost by less; 0: never
  int64_t patience = 3;
  double gradient_residual = 0;  ///< converged when the residual falls to this; 0: never
  double max_seconds = 0;        ///< 0: no limit
  /// Called after every iteration, and once before the first, when set: may end() rows that are not worth
  /// another step.
  std::function<void(BasicSolverState<Rows>&)> prune = {};
  StoppingCriterionPointer criterion = {};  ///< a further one, after those above
};

template <class Rows>
using BasicSolverObserver = std::function<void(const BasicSolverState<Rows>&)>;

template <class Rows>
struct BasicSolveResult {
  BasicSolverState<Rows> state;
  std::vector<double> history;  ///< mean cost after each iteration
};

/// Minimises every problem of `objective` from x0 [B, N]. What happens to a row does not depend on the
/// others.
template <class Rows>
BasicSolveResult<Rows> solve(BasicObjective<Rows>& objective, const std::type_identity_t<Rows>& x0,
                             BasicSolver<Rows>& solver,
                             const std::type_identity_t<BasicStoppingOptions<Rows>>& stopping,
                             const std::type_identity_t<BasicSolverObserver<Rows>>& observer = {},
                             const CancellationToken& cancellation = {});

}  // namespace latentpath
