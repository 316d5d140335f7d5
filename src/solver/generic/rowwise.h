#pragma once
// RowwiseSolver: a Solver of methods that move one row at a time (row_method.h). Internal.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/solver/basic_solver.h"
#include "latentpath/solver/methods.h"
#include "solver/dense/row_method.h"
#include "solver/generic/algebra.h"

namespace latentpath::detail {

template <class Rows>
class RowwiseSolver final : public BasicSolver<Rows> {
 public:
  using A = Algebra<Rows>;
  using Objective = BasicObjective<Rows>;
  using State = BasicSolverState<Rows>;
  using MakeRow = std::function<std::unique_ptr<RowMethod>()>;

  RowwiseSolver(const SolverMethod& method, std::string name, MakeRow make)
      : method_(method), name_(std::move(name)), make_(std::move(make)) {}
  std::string describe() const override { return name_; }

  void initialize(Objective& objective, State& state) override {
    const int64_t count = A::count(state.x);
    while (static_cast<int64_t>(rows_.size()) < count) rows_.push_back(make_());
    state.gradient = A::zeros_like(state.x);
    state.value = A::from_scalars(std::vector<double>(static_cast<std::size_t>(count), 0.0), state.x);
    for (int64_t row = 0; row < count; ++row) {
      A::read_row(state.x, row, x_);
      rows_[static_cast<std::size_t>(row)]->start(capabilities(objective, row), x_);
      write(row, state);
    }
  }

  void step(Objective& /*objective*/, State& state) override {
    for (const int64_t row : A::to_list(state.active)) {
      rows_[static_cast<std::size_t>(row)]->step();
      A::write_row(state.x, row, rows_[static_cast<std::size_t>(row)]->x());
      write(row, state);
    }
  }

  std::vector<double> gradient_residual(Objective& /*objective*/, const State& state) override {
    std::vector<double> residual;
    for (const int64_t row : A::to_list(state.active))
      residual.push_back(rows_[static_cast<std::size_t>(row)]->residual());
    return residual;
  }
  bool leaves_saddle(int64_t row) override { return rows_[static_cast<std::size_t>(row)]->leaves_saddle(); }

 private:
  /// What the row offers; refused where the method needs more.
  RowCapabilities capabilities(Objective& objective, int64_t row) const {
    const auto refuse = [&](const char* missing, const std::string& why) {
      throw Error(ErrorKind::kArgument, join_message("method ", method_.name, " needs ", missing,
                                                     ", which this objective does not offer: ", why));
    };
    RowCapabilities capabilities;
    if (method_.needs == SolverNeeds::kCurveMetric) {
      capabilities.curve_metric = objective.curve_metric(row);
      if (!capabilities.curve_metric) refuse("the metric of a curve", objective.why_first_order());
      return capabilities;
    }
    capabilities.second_order = objective.second_order(row);
    if (!capabilities.second_order) refuse("a block-tridiagonal Hessian", objective.why_first_order());
    if (method_.needs != SolverNeeds::kBlocks && !capabilities.second_order->has_curvatures())
      refuse("second derivatives", "it has first derivatives alone; gauss-newton does with them");
    return capabilities;
  }

  void write(int64_t row, State& state) {
    RowMethod& method = *rows_[static_cast<std::size_t>(row)];
    A::set_value(state.value, row, method.value());
    A::write_row(state.gradient, row, method.gradient());
    state.evaluations += method.take_evaluations();
    // A cost that is no number is for the loop to report.
    if (method.termination() != Termination::kRunning && std::isfinite(method.value()))
      state.end(row, method.termination(), method.reason());
  }

  const SolverMethod& method_;
  std::string name_;
  MakeRow make_;
  std::vector<std::unique_ptr<RowMethod>> rows_;
  std::vector<double> x_;
};

}  // namespace latentpath::detail
