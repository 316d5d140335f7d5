// The solvers for dense rows, and the list of methods.

#include "latentpath/core/listed.h"
#include "latentpath/solver/dense_solver.h"

#include "solver/dense/dense_rows.h"
#include "solver/generic/method_table.h"
#include "solver/generic/solve.h"

namespace latentpath {

const std::vector<SolverMethod>& solver_methods() {
  static const std::vector<SolverMethod> methods = [] {
    std::vector<SolverMethod> list;
    for (const auto& entry : detail::method_table<DenseRows>()) list.push_back(entry.method);
    return list;
  }();
  return methods;
}

std::vector<std::string> solver_method_names(std::vector<std::string> first) {
  for (const SolverMethod& method : solver_methods()) first.push_back(method.name);
  return first;
}

std::string second_order_method_names() {
  std::vector<std::string> names;
  for (const SolverMethod& method : solver_methods())
    if (method.needs != SolverNeeds::kGradient) names.push_back(method.name);
  return listed(names);
}

std::vector<OptionChoice> solver_method_choices(std::vector<OptionChoice> first) {
  for (const SolverMethod& method : solver_methods()) first.push_back({method.name, method.description});
  return first;
}

const SolverMethod& solver_method(const std::string& name) {
  std::string names;
  for (const SolverMethod& method : solver_methods()) {
    if (method.name == name) return method;
    names += (names.empty() ? "" : ", ") + method.name;
  }
  throw Error(ErrorKind::kArgument, join_message("method '", name, "' is not one of ", names));
}

template class BasicObjective<DenseRows>;
template class BasicSolver<DenseRows>;
template DenseSolveResult solve<DenseRows>(DenseObjective&, const DenseRows&, DenseSolver&,
                                           const DenseStoppingOptions&, const BasicSolverObserver<DenseRows>&,
                                           const CancellationToken&);
template std::unique_ptr<DenseSolver> make_solver<DenseRows>(const std::string&, const SolverOptions&);

}  // namespace latentpath
