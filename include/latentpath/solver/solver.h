#pragma once
// One loop, solve(), owns iteration, timing, stopping and cancellation; a Solver supplies initialize and
// step.
//
//   auto solver = latentpath::lbfgs_solver({});
//   SolveResult result = latentpath::solve(objective, x0, *solver, {.max_iterations = 100});

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/solver/objective.h"

namespace latentpath {

/// Why a problem's iteration ended.
enum class Termination {
  kRunning,
  kConverged,       ///< cost or gradient stopped changing, to the tolerance asked
  kIterationLimit,  ///< the number of iterations asked was made
  kTimeLimit,
  kStalled,          ///< no step along the search direction lowers the cost any more
  kPruned,           ///< given up by the caller (StoppingOptions::prune): another start is far ahead
  kInterrupted,      ///< cancelled by the caller
  kNumericalFailure  ///< the cost is NaN or infinite
};

/// One word ("converged", "iteration-limit", …) and one sentence.
std::string termination_name(Termination termination);
std::string termination_sentence(Termination termination);

/// What varies while a batch of problems is solved. Rows that have ended keep their last values.
struct SolverState {
  Tensor x;                              ///< [B, N]
  Tensor value;                          ///< [B] float64
  Tensor gradient;                       ///< [B, N]
  Tensor active;                         ///< rows still running, int64 ascending
  std::vector<Termination> termination;  ///< [B]
  int64_t iteration = 0;
  int64_t evaluations = 0;  ///< objective evaluations, counted in problems
  double seconds = 0;

  /// Ends row `row`; takes effect after the step.
  void end(int64_t row, Termination why) { termination[static_cast<size_t>(row)] = why; }
};

class Solver {
 public:
  virtual ~Solver() = default;
  virtual void initialize(Objective& objective, SolverState& state) = 0;
  virtual void step(Objective& objective, SolverState& state) = 0;
  virtual std::string describe() const = 0;
};

struct StoppingOptions {
  int64_t max_iterations = 1000;
  double relative_decrease =
      0;  ///< converged when `patience` iterations together lower the cost by less; 0: never
  int64_t patience = 3;
  double gradient_residual = 0;  ///< converged when the residual falls below; 0: never
  double max_seconds = 0;        ///< 0: no limit
  /// Called after every iteration, and once before the first, when set: may end() rows that are not worth
  /// another step.
  std::function<void(SolverState&)> prune = {};
};

using SolverObserver = std::function<void(const SolverState&)>;

struct SolveResult {
  SolverState state;
  std::vector<double> history;  ///< mean cost after each iteration
};

/// Minimises every problem of `objective` from x0 [B, N].
SolveResult solve(Objective& objective, const Tensor& x0, Solver& solver, const StoppingOptions& stopping,
                  const SolverObserver& observer = {}, const CancellationToken& cancellation = {});

struct LbfgsOptions {
  int64_t memory = 8;
  double sufficient_decrease = 1e-4;
  int64_t max_backtracks = 8;
};
/// Limited-memory BFGS with the objective's preconditioner as H₀ and Armijo backtracking; all problems in
/// lock-step, each with its own step length.
std::unique_ptr<Solver> lbfgs_solver(const LbfgsOptions& options = {});

struct AdamOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
};
std::unique_ptr<Solver> adam_solver(const AdamOptions& options = {});

struct SgdOptions {
  double learning_rate = 1e-3;
  double momentum = 0;
  Tensor factor = {};  ///< [problems]: multiplies each problem's learning rate; none: 1
};
std::unique_ptr<Solver> sgd_solver(const SgdOptions& options = {});

}  // namespace latentpath
