#pragma once
// The solvers by name, each with what it needs of an objective. The names mean the same in every subcommand.
//
//   auto solver = latentpath::make_solver<DenseRows>("newton");
//   auto result = latentpath::solve(objective, x0, *solver, {.max_iterations = 100});
//
// A new solver is a file in src/solver/generic/ (or src/solver/dense/, where it moves one row at a time) and
// a line in src/solver/generic/method_table.h.

#include <memory>
#include <string>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/solver/basic_solver.h"

namespace at {
class Tensor;
}

namespace latentpath {

struct LbfgsOptions {
  int64_t memory = 8;
  double sufficient_decrease = 1e-4;
  int64_t max_backtracks = 8;
};

struct AdamOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
};

/// One factor a problem, from numbers or from a tensor [problems]; none: 1.
struct RowFactors {
  std::vector<double> values;
  RowFactors() = default;
  RowFactors(std::vector<double> given) : values(std::move(given)) {}
  RowFactors(const at::Tensor& given);
};

struct SgdOptions {
  double learning_rate = 1e-3;
  double momentum = 0;
  RowFactors factor = {};  ///< [problems]: multiplies each problem's learning rate
};

struct NewtonOptions {
  bool escape_saddles = true;  ///< leave stationary points along negative curvature
};

struct SpectralGradientOptions {
  int64_t memory = 10;  ///< values looked back over: a step may cost as much as the dearest of them
  double sufficient_decrease = 1e-4;
  int64_t max_backtracks = 20;
  double least_length = 1e-10, most_length = 1e10;  ///< of the step, in units of H₀ g
};

/// The options of every solver; each reads its own.
struct SolverOptions {
  LbfgsOptions lbfgs = {};
  AdamOptions adam = {};
  SgdOptions sgd = {};
  NewtonOptions newton = {};
  SpectralGradientOptions spectral_gradient = {};
};

/// What a method asks of an objective, beyond its gradient.
enum class SolverNeeds {
  kGradient,
  kBlocks,       ///< second_order()
  kCurvatures,   ///< second_order(), with second derivatives
  kProducts,     ///< the same, as products H u alone
  kCurveMetric,  ///< curve_metric(), which is that of a curve's nodes
};

struct SolverMethod {
  std::string name;         ///< "newton"
  std::string description;  ///< one line
  SolverNeeds needs;
  bool takes_rate = false;  ///< its steps are as long as a learning rate says: many small ones
};
/// All of them, for help texts and checks.
const std::vector<SolverMethod>& solver_methods();
/// Their names, after those in `first`.
std::vector<std::string> solver_method_names(std::vector<std::string> first = {});
/// Names of those that need more than a gradient, for sentences: "newton, newton-cg and georce".
std::string second_order_method_names();
/// All of them with their descriptions, as the choices of an option, after those in `first`.
std::vector<OptionChoice> solver_method_choices(std::vector<OptionChoice> first = {});
/// Throws Error(kArgument), listing the names, where there is no such method.
const SolverMethod& solver_method(const std::string& name);

template <class Rows>
std::unique_ptr<BasicSolver<Rows>> make_solver(const std::string& method, const SolverOptions& options = {});

}  // namespace latentpath
