#pragma once
// What holds for every solver on every objective that has what the solver needs: it lowers the cost to the
// minimum that is known, never calls a limit convergence, ends at once when cancelled, repeats itself to the
// last bit, and leaves rows alone. Where an objective lacks what a solver needs, the refusal names both.
//
//   INSTANTIATE_TEST_SUITE_P(Functions, SolverOnObjective, combinations({quadratic_rows(), …}),
//                            combination_name);

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/solver/methods.h"

namespace latentpath::testing {

/// What a solver made of a batch, in plain numbers.
struct PlainOutcome {
  std::vector<double> x = {};      ///< [rows · N]
  std::vector<double> value = {};  ///< [rows]
  std::vector<Termination> termination = {};
  std::vector<std::string> reason = {};
  int64_t iteration = 0;
};

struct PlainStopping {
  int64_t max_iterations = 100;
  double gradient_residual = 0;
  bool cancelled = false;
  std::vector<int64_t> rows = {};  ///< of the problem's own; empty: all
};

/// An objective behind plain numbers, whatever its rows are.
struct ContractProblem {
  std::string name = {};
  std::set<SolverNeeds> offers = {};
  std::vector<double> start_value = {}, least_value = {};  ///< [rows]; the least is known otherwise,
  std::function<std::vector<double>()> find_least = {};    ///< or found so, once, by the first test that asks
  int64_t variables = 0;
  double learning_rate = 0;         ///< at which gradient descent is stable
  int64_t most_iterations = 20000;  ///< for methods that need many
  double alone = 0;                 ///< how far a row may end from where it ends alone; 0: not a bit
  std::function<PlainOutcome(const std::string& method, const SolverOptions&, const PlainStopping&)> run = {};
};
inline void PrintTo(const ContractProblem& problem, std::ostream* out) { *out << problem.name; }

/// How long a method may take, and to what share of the first excess over the least value it must come.
struct MethodBudget {
  int64_t iterations;
  double excess;
  /// For a method that lowers another sum: to within this share of the least value itself.
  double share_of_least = 0;
  bool arrives = false;  ///< doubles its digits near the end: it must converge
};
/// A method without an entry has what any descent should do.
inline MethodBudget budget_of(const std::string& method) {
  static const std::map<std::string, MethodBudget> budgets = {
      {"newton", {60, 1e-9, 0, true}},
      {"gauss-newton", {200, 1e-4}},
      {"newton-cg", {100, 1e-8, 0, true}},
      {"georce", {200, 0, 0.2}},  // measures at left ends: another sum, O(1/n) of the cost apart, n = 6
      {"lbfgs", {800, 1e-4}},
      {"adam", {3000, 0.02}},
      {"sgd", {20000, 0.05}},
      {"spectral-gradient", {1000, 5e-3}}};
  const auto found = budgets.find(method);
  return found == budgets.end() ? MethodBudget{3000, 1e-3} : found->second;
}

class SolverOnObjective : public ::testing::TestWithParam<std::tuple<std::string, ContractProblem>> {
 protected:
  const std::string& method() const { return std::get<0>(GetParam()); }
  const ContractProblem& problem() const { return std::get<1>(GetParam()); }
  bool has_what_it_needs() const {
    const SolverNeeds needs = solver_method(method()).needs;
    return needs == SolverNeeds::kGradient || problem().offers.count(needs) > 0;
  }
  SolverOptions options() const {
    SolverOptions options;
    options.adam.learning_rate = 0.01;
    options.sgd.learning_rate = problem().learning_rate;
    options.sgd.momentum = 0.9;
    return options;
  }
  PlainOutcome run(const PlainStopping& stopping) const {
    return problem().run(method(), options(), stopping);
  }
  const std::vector<double>& least_value() const {
    static std::map<std::string, std::vector<double>> found;
    if (!problem().find_least) return problem().least_value;
    auto& least = found[problem().name];
    if (least.empty()) least = problem().find_least();
    return least;
  }
};

TEST_P(SolverOnObjective, ReachesTheLeastValueOrIsRefusedByName) {
  const MethodBudget budget = budget_of(method());
  if (!has_what_it_needs()) {
    try {
      run({});
      FAIL() << "was not refused";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kArgument);
      EXPECT_NE(std::string(error.what()).find("method " + method() + " needs"), std::string::npos)
          << error.what();
    }
    return;
  }
  const PlainOutcome found = run(
      {.max_iterations = std::min(budget.iterations, problem().most_iterations), .gradient_residual = 1e-10});
  for (std::size_t row = 0; row < found.value.size(); ++row) {
    const double first = problem().start_value[row] - least_value()[row];
    const double rest = found.value[row] - least_value()[row];
    EXPECT_LE(rest, budget.excess * first + budget.share_of_least * least_value()[row])
        << "row " << row << " of least value " << least_value()[row] << ", " << found.reason[row];
    EXPECT_NE(found.termination[row], Termination::kRunning);
    if (budget.arrives) {
      EXPECT_EQ(found.termination[row], Termination::kConverged) << found.reason[row];
    }
    EXPECT_NE(found.termination[row], Termination::kNumericalFailure);
  }
}

TEST_P(SolverOnObjective, ALimitIsNeverCalledConvergence) {
  if (!has_what_it_needs()) GTEST_SKIP();
  const PlainOutcome found = run({.max_iterations = 1, .gradient_residual = 1e-300});
  EXPECT_LE(found.iteration, 1);
  for (std::size_t row = 0; row < found.value.size(); ++row) {
    if (found.termination[row] == Termination::kIterationLimit) {
      EXPECT_NE(found.reason[row].find("1 iteration"), std::string::npos) << found.reason[row];
      continue;
    }
    // One step is enough for a quadratic: then it is at the minimum.
    EXPECT_LE(found.value[row] - least_value()[row], 1e-12 * std::abs(problem().start_value[row]))
        << "row " << row;
  }
}

TEST_P(SolverOnObjective, CancelledBeforeTheFirstStepItStaysWhereItWas) {
  if (!has_what_it_needs()) GTEST_SKIP();
  const PlainOutcome found = run({.cancelled = true});
  EXPECT_EQ(found.iteration, 0);
  for (const Termination why : found.termination) EXPECT_EQ(why, Termination::kInterrupted);
}

TEST_P(SolverOnObjective, RowsDoNotDependOnEachOther) {
  if (!has_what_it_needs()) GTEST_SKIP();
  const PlainStopping stopping{.max_iterations = 40, .gradient_residual = 1e-4};
  const PlainOutcome together = run(stopping), again = run(stopping);
  EXPECT_EQ(together.x, again.x);
  const auto n = static_cast<std::size_t>(problem().variables);
  for (std::size_t row = 0; row < together.value.size(); ++row) {
    PlainStopping one = stopping;
    one.rows = {static_cast<int64_t>(row)};
    const PlainOutcome alone = run(one);
    ASSERT_EQ(alone.x.size(), n);
    for (std::size_t k = 0; k < n; ++k)
      EXPECT_NEAR(alone.x[k], together.x[row * n + k], problem().alone)
          << "row " << row << ", variable " << k;
    EXPECT_EQ(alone.termination[0], together.termination[row]) << row;
  }
}

inline std::vector<std::string> all_methods() {
  std::vector<std::string> names;
  for (const SolverMethod& method : solver_methods()) names.push_back(method.name);
  return names;
}

inline auto combinations(const std::vector<ContractProblem>& problems) {
  return ::testing::Combine(::testing::ValuesIn(all_methods()), ::testing::ValuesIn(problems));
}

inline std::string combination_name(
    const ::testing::TestParamInfo<std::tuple<std::string, ContractProblem>>& info) {
  std::string name = std::get<0>(info.param) + "_on_" + std::get<1>(info.param).name;
  std::replace(name.begin(), name.end(), '-', '_');
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

}  // namespace latentpath::testing
