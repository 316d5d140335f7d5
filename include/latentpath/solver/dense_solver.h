#pragma once
// Solvers without LibTorch, on rows of float64: microseconds of overhead an iteration.
//
//   auto solver = latentpath::make_solver<DenseRows>("newton");
//   auto result = latentpath::solve(objective, x0, *solver, {.gradient_residual = 1e-9});

#include "latentpath/solver/methods.h"
#include "latentpath/solver/rows.h"

namespace latentpath {

using DenseObjective = BasicObjective<DenseRows>;
using DenseObjectiveValue = BasicObjectiveValue<DenseRows>;
using DenseSolver = BasicSolver<DenseRows>;
using DenseSolverState = BasicSolverState<DenseRows>;
using DenseStoppingOptions = BasicStoppingOptions<DenseRows>;
using DenseSolveResult = BasicSolveResult<DenseRows>;

extern template class BasicObjective<DenseRows>;
extern template class BasicSolver<DenseRows>;
extern template DenseSolveResult solve<DenseRows>(DenseObjective&, const DenseRows&, DenseSolver&,
                                                  const DenseStoppingOptions&,
                                                  const BasicSolverObserver<DenseRows>&,
                                                  const CancellationToken&);
extern template std::unique_ptr<DenseSolver> make_solver<DenseRows>(const std::string&, const SolverOptions&);

}  // namespace latentpath
