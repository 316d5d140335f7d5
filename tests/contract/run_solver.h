#pragma once
// Objectives for the contract of solvers, behind plain numbers.

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contract/solver_on_objective_contract.h"
#include "latentpath/solver/dense_solver.h"
#include "latentpath/solver/solver.h"

namespace latentpath::testing {

inline std::vector<double> plain_numbers(const Tensor& values) {
  const Tensor host = values.detach().to(at::kCPU, at::kDouble).contiguous();
  return {host.data_ptr<double>(), host.data_ptr<double>() + host.numel()};
}
inline std::vector<double> plain_numbers(const DenseRows& values) {
  return {values.data(), values.data() + values.size()};
}
inline std::vector<double> plain_numbers(const std::vector<double>& values) { return values; }

template <class Rows>
PlainOutcome run_solver(BasicObjective<Rows>& objective, const Rows& x0, const std::string& method,
                        const SolverOptions& options, const PlainStopping& plain) {
  const auto solver = make_solver<Rows>(method, options);
  BasicStoppingOptions<Rows> stopping;
  stopping.max_iterations = plain.max_iterations;
  stopping.gradient_residual = plain.gradient_residual;
  const CancellationToken token;
  if (plain.cancelled) token.cancel();
  const auto solved = solve(objective, x0, *solver, stopping, {}, token);
  return {plain_numbers(solved.state.x), plain_numbers(solved.state.value), solved.state.termination,
          solved.state.reason, solved.state.iteration};
}

}  // namespace latentpath::testing
