// The solvers for tensors.

#include "solver/tensor_rows.h"

#include "latentpath/solver/solver.h"
#include "solver/generic/method_table.h"
#include "solver/generic/solve.h"

namespace latentpath {

RowFactors::RowFactors(const Tensor& given)
    : values(given.defined() ? detail::Algebra<Tensor>::to_scalars(given) : std::vector<double>()) {}

template class BasicObjective<Tensor>;
template class BasicSolver<Tensor>;
template SolveResult solve<Tensor>(Objective&, const Tensor&, Solver&, const StoppingOptions&,
                                   const SolverObserver&, const CancellationToken&);
template std::unique_ptr<Solver> make_solver<Tensor>(const std::string&, const SolverOptions&);

}  // namespace latentpath
