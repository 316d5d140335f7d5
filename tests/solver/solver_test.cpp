#include "latentpath/solver/solver.h"

#include <set>

#include "contract/solver_contract.h"
#include "latentpath/core/error.h"

namespace latentpath::testing {

INSTANTIATE_TEST_SUITE_P(
    Solvers, SolverContract,
    ::testing::Values(SolverCase{"Lbfgs", [] { return lbfgs_solver(); }, 40, 80, 1e-6},
                      // Adam's step stays near the learning rate until the curvature estimate decays.
                      SolverCase{"Adam",
                                 [] {
                                   AdamOptions options;
                                   options.learning_rate = 0.03;
                                   return adam_solver(options);
                                 },
                                 1500, 1500, 1e-3},
                      SolverCase{"Sgd",
                                 [] {
                                   SgdOptions options;
                                   options.learning_rate = 1e-3;
                                   options.momentum = 0.95;
                                   return sgd_solver(options);
                                 },
                                 2500, 2500, 1e-3}),
    solver_case_name);

TEST(Lbfgs, NeverGoesUphill) {
  Rosenbrocks objective;
  const auto solver = lbfgs_solver();
  Tensor before = objective.evaluate(Rosenbrocks::start(), at::arange(4, at::kLong)).value;
  solve(objective, Rosenbrocks::start(), *solver, iterations(80), [&](const SolverState& state) {
    EXPECT_LE((state.value - before).max().item<double>(), 0) << "iteration " << state.iteration;
    before = state.value.clone();
  });
}

TEST(Lbfgs, FindsRosenbrocksMinimum) {
  Rosenbrocks objective;
  const auto solver = lbfgs_solver();
  const SolveResult result = solve(objective, Rosenbrocks::start(), *solver, iterations(200));
  // Superlinear: the end is limited by rounding in x² of the valley, √1e-16.
  EXPECT_LT((result.state.x - Rosenbrocks::minimum()).abs().max().item<double>(), 1e-6);
}

TEST(Lbfgs, EndsWhereEverySmallStepIsInfinite) {
  FunctionObjective objective(1, 2, [](const Tensor& x, const Tensor&) {
    return x.square().sum(1) + at::where((x == 1).all(1), 0.0, std::numeric_limits<double>::infinity());
  });
  const auto solver = lbfgs_solver();
  const SolveResult result = solve(objective, at::ones({1, 2}, at::kDouble), *solver, iterations(50));
  EXPECT_EQ(result.state.termination[0], Termination::kStalled);
  EXPECT_EQ(result.state.value.item<double>(), 2);
}

TEST(Lbfgs, ExactPreconditionerSolvesAQuadraticInOneStep) {
  class Preconditioned final : public Quadratics {
   public:
    Tensor precondition(const Tensor& gradient, const Tensor& rows) override {
      return gradient / scales().index_select(0, rows);
    }
  } objective;
  const auto solver = lbfgs_solver();
  const SolveResult result = solve(objective, Quadratics::start(), *solver, iterations(1));
  // Newton's step, up to rounding.
  EXPECT_LT((result.state.x - Quadratics::centres()).abs().max().item<double>(), 1e-13);
}

TEST(Solve, RelativeDecreaseConverges) {
  Quadratics objective;
  StoppingOptions stopping = iterations(500);
  stopping.relative_decrease = 1e-10;
  const auto solver = lbfgs_solver();
  const SolveResult result = solve(objective, Quadratics::start(), *solver, stopping);
  for (const Termination why : result.state.termination) EXPECT_EQ(why, Termination::kConverged);
  EXPECT_LT(result.state.iteration, 100);
  EXPECT_EQ(result.history.size(), static_cast<size_t>(result.state.iteration));
  EXPECT_GE(result.state.evaluations, 4 + result.state.iteration);
}

TEST(Solve, GradientResidualConverges) {
  Quadratics objective;
  StoppingOptions stopping = iterations(500);
  stopping.gradient_residual = 1e-6;
  const auto solver = lbfgs_solver();
  const SolveResult result = solve(objective, Quadratics::start(), *solver, stopping);
  for (const Termination why : result.state.termination) EXPECT_EQ(why, Termination::kConverged);
  EXPECT_LT((result.state.x - Quadratics::centres()).abs().max().item<double>(), 1e-4);
}

TEST(Solve, EveryEndingHasANameOfItsOwn) {
  std::set<std::string> names;
  for (const Termination why :
       {Termination::kRunning, Termination::kConverged, Termination::kIterationLimit, Termination::kTimeLimit,
        Termination::kStalled, Termination::kInterrupted, Termination::kNumericalFailure}) {
    names.insert(termination_name(why));
    EXPECT_FALSE(termination_sentence(why).empty());
  }
  EXPECT_EQ(names.size(), 7u);
  EXPECT_EQ(termination_name(Termination::kNumericalFailure), "numerical-failure");
  EXPECT_EQ(termination_name(Termination::kIterationLimit), "iteration-limit");
}

TEST(FirstOrder, BadOptionsAreArgumentErrors) {
  AdamOptions adam;
  SgdOptions sgd;
  for (const double rate : {0.0, -1.0, std::nan("")}) {
    adam.learning_rate = sgd.learning_rate = rate;
    EXPECT_THROW(adam_solver(adam), Error) << rate;
    EXPECT_THROW(sgd_solver(sgd), Error) << rate;
  }
  sgd.learning_rate = 1e-3;
  sgd.momentum = 1;
  EXPECT_THROW(sgd_solver(sgd), Error);
}

TEST(Adam, FirstStepsByHand) {
  // With one constant gradient g every Adam step is −rate · g / (|g| + ε).
  FunctionObjective objective(1, 2, [](const Tensor& x, const Tensor&) {
    return (x * at::tensor({3.0, -0.5}, at::kDouble)).sum(1);
  });
  AdamOptions options;
  options.learning_rate = 0.1;
  const auto solver = adam_solver(options);
  const SolveResult result = solve(objective, at::zeros({1, 2}, at::kDouble), *solver, iterations(3));
  EXPECT_TRUE(at::allclose(result.state.x[0], at::tensor({-0.3, 0.3}, at::kDouble), 0, 1e-7));
}

TEST(Sgd, FirstStepsByHand) {
  FunctionObjective objective(1, 1, [](const Tensor& x, const Tensor&) { return 2 * x.sum(1); });
  SgdOptions options;
  options.learning_rate = 0.1;
  options.momentum = 0.5;
  const auto solver = sgd_solver(options);
  // Velocities 2, 3, 3.5.
  const SolveResult result = solve(objective, at::zeros({1, 1}, at::kDouble), *solver, iterations(3));
  EXPECT_NEAR(result.state.x.item<double>(), -0.85, 1e-14);
}

TEST(Termination, IsKnownByItsName) {
  for (int number = 0; number <= static_cast<int>(Termination::kNumericalFailure); ++number) {
    const auto termination = static_cast<Termination>(number);
    EXPECT_EQ(termination_named(termination_name(termination)), termination) << number;
  }
  EXPECT_EQ(termination_named("unknown"), std::nullopt);
}

}  // namespace latentpath::testing
