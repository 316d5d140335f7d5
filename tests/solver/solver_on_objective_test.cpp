// Every solver on functions whose minimum is known, by dense rows and by tensors.

#include "contract/function_rows.h"

namespace latentpath::testing {

INSTANTIATE_TEST_SUITE_P(DenseRows, SolverOnObjective, combinations(function_problems<DenseRows>("dense")),
                         combination_name);
INSTANTIATE_TEST_SUITE_P(Tensors, SolverOnObjective, combinations(function_problems<Tensor>("tensors")),
                         combination_name);

TEST(SolverMethods, AnUnknownNameIsRefusedWithTheNamesThereAre) {
  try {
    make_solver<DenseRows>("nelder-mead");
    FAIL();
  } catch (const Error& error) {
    for (const SolverMethod& method : solver_methods())
      EXPECT_NE(std::string(error.what()).find(method.name), std::string::npos);
  }
}

TEST(StoppingCriteria, ComposeAndSayWhy) {
  const std::vector<double> values = {10, 5, 4.9999, 4.9998};
  const RowProgress progress{.iteration = 3, .seconds = 2, .values = values, .gradient_residual = 0.5};
  EXPECT_FALSE((iteration_limit(4) | gradient_residual_below(0.1))->check(progress));
  const auto first = (iteration_limit(3) | time_limit(1))->check(progress);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->termination, Termination::kIterationLimit);
  EXPECT_EQ(first->reason, "the limit of 3 iterations was reached");
  const auto both = (relative_decrease_below(1e-3, 1) & gradient_residual_below(0.6))->check(progress);
  ASSERT_TRUE(both);
  EXPECT_EQ(both->termination, Termination::kConverged);
  EXPECT_NE(both->reason.find(", and the gradient residual is 0.5"), std::string::npos) << both->reason;
  EXPECT_FALSE((relative_decrease_below(1e-3, 1) & gradient_residual_below(0.4))->check(progress));
  EXPECT_FALSE(all_of({})->check(progress));
  EXPECT_TRUE((iteration_limit(3) | gradient_residual_below(1))->needs_gradient_residual());
}

TEST(StoppingCriteria, AFurtherOneEndsARowWithItsReason) {
  SquaresRows<DenseRows> objective({rosenbrock_squares(100, 0, 0)});
  const auto solver = make_solver<DenseRows>("lbfgs");
  DenseRows x0(1, 2);
  x0 << -1.2, 1;
  const auto result = solve(objective, x0, *solver, {.criterion = iteration_limit(7)});
  EXPECT_EQ(result.state.iterations[0], 7);
  EXPECT_EQ(result.state.termination[0], Termination::kIterationLimit);
  EXPECT_EQ(result.state.reason[0], "the limit of 7 iterations was reached");
}

TEST(Newton, LeavesASaddleAndCertifiesTheMinimum) {
  // (u² − 1)² + v² + 1: a saddle at 0, minima at u = ±1.
  const SquaresFunction wells{2, 2, 1, [](const double* x, double* r, double* j, double* h) {
                                r[0] = x[0] * x[0] - 1;
                                r[1] = x[1];
                                j[0] = 2 * x[0], j[1] = 0, j[2] = 0, j[3] = 1;
                                h[0] = 2 * r[0], h[1] = h[2] = h[3] = 0;
                              }};
  SquaresModel model(wells);
  const double zero[2] = {0, 0};
  const StationaryCertificate saddle = certify_by_blocks(model, model.linearise(zero));
  EXPECT_EQ(saddle.negative_directions, 1);
  EXPECT_LT(saddle.least_curvature, 0);
  for (const char* method : {"newton", "newton-cg"}) {
    for (const bool escape : {true, false}) {
      SquaresRows<DenseRows> objective({wells});
      const auto solver = make_solver<DenseRows>(method, {.newton = {.escape_saddles = escape}});
      const auto result = solve(objective, DenseRows::Zero(1, 2), *solver, {.gradient_residual = 1e-9});
      EXPECT_EQ(result.state.termination[0], Termination::kConverged);
      EXPECT_NEAR(result.state.value[0], escape ? 1 : 2, 1e-12) << method;
    }
  }
}

}  // namespace latentpath::testing
