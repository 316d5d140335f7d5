#pragma once
// What every Solver promises inside solve(): it minimises, problems of one batch do not disturb each other,
// and the reason given for ending is the true one.

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "contract/test_models.h"
#include "latentpath/solver/solver.h"

namespace latentpath::testing {

/// A batch of functions given by one differentiable function of x [rows, N] and the rows' numbers.
class FunctionObjective : public Objective {
 public:
  using Function = std::function<Tensor(const Tensor& x, const Tensor& rows)>;
  FunctionObjective(int64_t problems, int64_t variables, Function function)
      : problems_(problems), variables_(variables), function_(std::move(function)) {}
  int64_t problems() const override { return problems_; }
  int64_t variables() const override { return variables_; }
  ObjectiveValue evaluate(const Tensor& x, const Tensor& rows) override {
    const Tensor leaf = x.detach().clone().requires_grad_(true);
    const Tensor value = function_(leaf, rows);
    return {value.detach(), torch::autograd::grad({value.sum()}, {leaf})[0]};
  }

 private:
  int64_t problems_, variables_;
  Function function_;
};

/// ½ Σ a_bk (x_k − c_bk)² + 1: four problems of differing shape and place.
class Quadratics : public FunctionObjective {
 public:
  explicit Quadratics(int64_t first = 0, int64_t count = 4)
      : FunctionObjective(count, 5, [first](const Tensor& x, const Tensor& rows) {
          const Tensor a = scales().index_select(0, rows + first),
                       c = centres().index_select(0, rows + first);
          return 0.5 * (a * (x - c).square()).sum(1) + 1;
        }) {}
  static Tensor scales() { return random_normal({4, 5}, 31).abs() + 0.2; }
  static Tensor centres() { return random_normal({4, 5}, 32); }
  static Tensor start() { return random_normal({4, 5}, 33); }
};

/// Rosenbrock's valley, turned and shifted for each problem.
class Rosenbrocks : public FunctionObjective {
 public:
  explicit Rosenbrocks(int64_t first = 0, int64_t count = 4)
      : FunctionObjective(count, 2, [first](const Tensor& x, const Tensor& rows) {
          const Tensor shift = shifts().index_select(0, rows + first);
          const Tensor steep = 5.0 + 30 * (rows + first).to(at::kDouble);
          const Tensor u = x.select(1, 0) - shift.select(1, 0), v = x.select(1, 1) - shift.select(1, 1);
          return (1 - u).square() + steep * (v - u * u).square();
        }) {}
  static Tensor shifts() { return random_normal({4, 2}, 41, 0.5); }
  static Tensor start() { return shifts() + at::tensor({-1.2, 1.0}, at::kDouble); }
  static Tensor minimum() { return shifts() + 1; }
};

struct SolverCase {
  std::string name;
  std::function<std::unique_ptr<Solver>()> make;
  int64_t quadratic_iterations;   ///< enough for the quadratics
  int64_t rosenbrock_iterations;  ///< enough for 1/100 of the first Rosenbrock value
  double accuracy;                ///< reached on the quadratics by then, in x
};
inline void PrintTo(const SolverCase& value, std::ostream* out) { *out << value.name; }

inline StoppingOptions iterations(int64_t count) {
  StoppingOptions stopping;
  stopping.max_iterations = count;
  return stopping;
}

class SolverContract : public ::testing::TestWithParam<SolverCase> {
 protected:
  static SolveResult run(Objective& objective, const Tensor& x0, const StoppingOptions& stopping,
                         const SolverObserver& observer = {}, const CancellationToken& cancellation = {}) {
    const auto solver = GetParam().make();
    return solve(objective, x0, *solver, stopping, observer, cancellation);
  }
};

TEST_P(SolverContract, MinimisesQuadratics) {
  Quadratics objective;
  const SolveResult result = run(objective, Quadratics::start(), iterations(GetParam().quadratic_iterations));
  EXPECT_LT((result.state.x - Quadratics::centres()).abs().max().item<double>(), GetParam().accuracy);
}

TEST_P(SolverContract, DescendsRosenbrocksValley) {
  Rosenbrocks objective;
  const Tensor rows = at::arange(4, at::kLong);
  const Tensor before = objective.evaluate(Rosenbrocks::start(), rows).value;
  const SolveResult result =
      run(objective, Rosenbrocks::start(), iterations(GetParam().rosenbrock_iterations));
  const Tensor after = objective.evaluate(result.state.x, rows).value;
  EXPECT_LT((after / before).max().item<double>(), 1e-2);
}

TEST_P(SolverContract, ProblemsOfABatchDoNotDisturbEachOther) {
  // They end at different iterations, so that rows drop out while others go on.
  StoppingOptions stopping = iterations(60);
  stopping.relative_decrease = 1e-3;
  Rosenbrocks batch;
  const SolveResult together = run(batch, Rosenbrocks::start(), stopping);
  for (int64_t row = 0; row < 4; ++row) {
    Rosenbrocks one(row, 1);
    const SolveResult alone = run(one, Rosenbrocks::start().narrow(0, row, 1), stopping);
    // The same arithmetic; sums of two numbers have one order.
    EXPECT_LT((alone.state.x[0] - together.state.x[row]).abs().max().item<double>(), 1e-9) << row;
    EXPECT_EQ(alone.state.termination[0], together.state.termination[static_cast<size_t>(row)]) << row;
  }
}

TEST_P(SolverContract, IterationLimitIsNeverCalledConverged) {
  StoppingOptions stopping = iterations(2);
  stopping.relative_decrease = 1e-12;
  Rosenbrocks objective;
  const SolveResult result = run(objective, Rosenbrocks::start(), stopping);
  EXPECT_EQ(result.state.iteration, 2);
  EXPECT_EQ(result.history.size(), 2u);
  for (const Termination why : result.state.termination) EXPECT_EQ(why, Termination::kIterationLimit);
}

TEST_P(SolverContract, TimeLimitIsCalledSo) {
  StoppingOptions stopping = iterations(1000000);
  stopping.max_seconds = 0.02;
  Rosenbrocks objective;
  const SolveResult result = run(objective, Rosenbrocks::start(), stopping);
  EXPECT_LT(result.state.seconds, 5);  // far more than one iteration takes on a busy machine
  int64_t limited = 0;
  for (const Termination why : result.state.termination) {
    limited += why == Termination::kTimeLimit;
    EXPECT_NE(why, Termination::kIterationLimit);
    EXPECT_NE(why, Termination::kRunning);
  }
  if (result.state.iteration < 20) {
    EXPECT_EQ(limited, 4);
  }
}

TEST_P(SolverContract, CancellationEndsAtOnceAndKeepsWhatWasReached) {
  const CancellationToken token;
  Tensor seen;
  Rosenbrocks objective;
  const SolveResult result = run(
      objective, Rosenbrocks::start(), iterations(100),
      [&](const SolverState& state) {
        if (state.iteration == 3) {
          seen = state.x.clone();
          token.cancel();
        }
      },
      token);
  EXPECT_EQ(result.state.iteration, 3);
  for (const Termination why : result.state.termination) EXPECT_EQ(why, Termination::kInterrupted);
  EXPECT_TRUE(at::equal(result.state.x, seen));

  const SolveResult none = run(objective, Rosenbrocks::start(), iterations(100), {}, token);
  EXPECT_EQ(none.state.iteration, 0);
  EXPECT_TRUE(at::equal(none.state.x, Rosenbrocks::start()));
}

TEST_P(SolverContract, NaNIsANumericalFailureOfItsOwnRowOnly) {
  const auto broken = [](const Tensor& x, const Tensor& rows) {
    const Tensor a = Quadratics::scales().index_select(0, rows);
    const Tensor value = 0.5 * (a * x.square()).sum(1) + 1;
    return value * at::where(rows == 2, std::nan(""), 1.0);
  };
  FunctionObjective objective(4, 5, broken);
  const SolveResult result = run(objective, Quadratics::start(), iterations(20));
  Quadratics healthy;
  for (size_t row = 0; row < 4; ++row)
    EXPECT_EQ(result.state.termination[row] == Termination::kNumericalFailure, row == 2) << row;
  EXPECT_TRUE(at::isfinite(result.state.value[0]).item<bool>());
}

TEST_P(SolverContract, NaNGradientIsNeverSilent) {
  FunctionObjective objective(1, 2, [](const Tensor& x, const Tensor&) {
    // Value 2, gradient NaN: √0 · 0 differentiated.
    return x.square().sum(1) * 0 + (x * 0).sum(1).sqrt() + 2;
  });
  const SolveResult result = run(objective, at::ones({1, 2}, at::kDouble), iterations(10));
  EXPECT_NE(result.state.termination[0], Termination::kConverged);
  EXPECT_NE(result.state.termination[0], Termination::kIterationLimit);
}

TEST_P(SolverContract, SameStartSameBytes) {
  Rosenbrocks objective;
  const Tensor first = run(objective, Rosenbrocks::start(), iterations(30)).state.x;
  const Tensor second = run(objective, Rosenbrocks::start(), iterations(30)).state.x;
  EXPECT_TRUE(at::equal(first, second));
}

TEST_P(SolverContract, DoesNotTouchTheCallersStart) {
  const Tensor start = Rosenbrocks::start();
  Rosenbrocks objective;
  run(objective, start, iterations(5));
  EXPECT_TRUE(at::equal(start, Rosenbrocks::start()));
}

TEST_P(SolverContract, StartingAtTheMinimumConverges) {
  // Also where the least value is zero, as that of a loop that stays put is.
  for (const double offset : {1.0, 0.0}) {
    FunctionObjective objective(
        2, 3, [offset](const Tensor& x, const Tensor&) { return x.square().sum(1) + offset; });
    StoppingOptions stopping = iterations(100);
    stopping.relative_decrease = 1e-3;
    const SolveResult result = run(objective, at::zeros({2, 3}, at::kDouble), stopping);
    for (const Termination why : result.state.termination)
      EXPECT_EQ(termination_name(why), "converged") << "least value " << offset;
    EXPECT_EQ(result.state.x.abs().max().item<double>(), 0);
  }
}

TEST_P(SolverContract, AnObjectivesTensorsStayItsOwn) {
  // One gradient tensor, expanded over the rows and given out again and again: the solver may not write
  // into it.
  class Slope final : public Objective {
   public:
    int64_t problems() const override { return 2; }
    int64_t variables() const override { return 3; }
    ObjectiveValue evaluate(const Tensor& x, const Tensor&) override {
      return {x.sum(1) + 100, gradient_.expand({x.size(0), 3})};
    }
    Tensor gradient_ = at::ones({1, 3}, at::kDouble);
  } objective;
  EXPECT_NO_THROW(run(objective, at::zeros({2, 3}, at::kDouble), iterations(3)));
  EXPECT_TRUE(at::equal(objective.gradient_, at::ones({1, 3}, at::kDouble)));
}

TEST_P(SolverContract, NothingToChooseIsConverged) {
  class Nothing final : public Objective {
   public:
    int64_t problems() const override { return 2; }
    int64_t variables() const override { return 0; }
    ObjectiveValue evaluate(const Tensor& x, const Tensor&) override {
      return {at::ones({2}, at::kDouble), at::zeros_like(x)};
    }
  } objective;
  const SolveResult result = run(objective, at::zeros({2, 0}, at::kDouble), iterations(10));
  for (const Termination why : result.state.termination) EXPECT_EQ(why, Termination::kConverged);
}

inline std::string solver_case_name(const ::testing::TestParamInfo<SolverCase>& info) {
  return info.param.name;
}

}  // namespace latentpath::testing
