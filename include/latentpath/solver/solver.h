#pragma once
// Solvers on tensors. One loop, solve(), owns iteration, timing, stopping and cancellation; a Solver supplies
// initialize and step.
//
//   auto solver = latentpath::lbfgs_solver({});
//   SolveResult result = latentpath::solve(objective, x0, *solver, {.max_iterations = 100});

#include <memory>

#include "latentpath/solver/methods.h"
#include "latentpath/solver/objective.h"

namespace latentpath {

using SolverState = BasicSolverState<Tensor>;
using Solver = BasicSolver<Tensor>;
using StoppingOptions = BasicStoppingOptions<Tensor>;
using SolverObserver = BasicSolverObserver<Tensor>;
using SolveResult = BasicSolveResult<Tensor>;

extern template class BasicSolver<Tensor>;
extern template SolveResult solve<Tensor>(Objective&, const Tensor&, Solver&, const StoppingOptions&,
                                          const SolverObserver&, const CancellationToken&);
extern template std::unique_ptr<Solver> make_solver<Tensor>(const std::string&, const SolverOptions&);

/// Limited-memory BFGS with the objective's preconditioner as H₀ and Armijo backtracking; all problems in
/// lock-step, each with its own step length.
inline std::unique_ptr<Solver> lbfgs_solver(const LbfgsOptions& options = {}) {
  return make_solver<Tensor>("lbfgs", {.lbfgs = options});
}
inline std::unique_ptr<Solver> adam_solver(const AdamOptions& options = {}) {
  return make_solver<Tensor>("adam", {.adam = options});
}
inline std::unique_ptr<Solver> sgd_solver(const SgdOptions& options = {}) {
  return make_solver<Tensor>("sgd", {.sgd = options});
}

}  // namespace latentpath
