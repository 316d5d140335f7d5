#pragma once
// Limited-memory BFGS with the objective's preconditioner as H₀ and Armijo backtracking. Internal.
//
// J. Nocedal, S. J. Wright, Numerical Optimization, 2nd ed. (2006), Algorithm 7.4 (two-loop recursion). Every
// row has its own memory: a curvature pair that is not positive gets ρ = 0 in its row and drops out there.

#include <cmath>
#include <vector>

#include "solver/generic/line_search.h"

namespace latentpath::detail {

template <class Rows>
class LbfgsSolver final : public BasicSolver<Rows> {
 public:
  using A = Algebra<Rows>;
  using Objective = BasicObjective<Rows>;
  using State = BasicSolverState<Rows>;

  explicit LbfgsSolver(const LbfgsOptions& options) : options_(options) {}
  std::string describe() const override { return "L-BFGS"; }

  void initialize(Objective& objective, State& state) override {
    steps_.clear();
    evaluate_all(objective, state);
  }

  void step(Objective& objective, State& state) override {
    LineSearch<Rows> search(objective, state);
    Rows direction = two_loops(objective, search.g, state.active);
    A::scale(direction, std::vector<double>(search.f.size(), -1.0));
    std::vector<double> slope = A::dot(direction, search.g);
    replace_uphill(objective, search.g, state.active, direction, slope);
    search.backtrack(direction, slope, search.f, std::vector<double>(slope.size(), 1.0),
                     {options_.sufficient_decrease, options_.max_backtracks});
    remember(state, search);
    search.accept();
  }

 private:
  struct Pair {
    Rows s, y;                ///< [B, N]
    std::vector<double> rho;  ///< [B]; 0 where the pair is not used
  };

  /// A direction that does not descend (stale memory) is replaced by the preconditioned gradient.
  static void replace_uphill(Objective& objective, const Rows& g, const typename Objective::Indices& rows,
                             Rows& direction, std::vector<double>& slope) {
    std::vector<int64_t> uphill;
    for (std::size_t i = 0; i < slope.size(); ++i)
      if (slope[i] >= 0) uphill.push_back(static_cast<int64_t>(i));
    if (uphill.empty()) return;
    Rows plain = objective.precondition(g, rows);
    A::scale(plain, std::vector<double>(slope.size(), -1.0));
    const auto which = A::to_indices(uphill);
    A::assign(direction, which, A::select(plain, which));
    slope = A::dot(direction, g);
  }

  Rows two_loops(Objective& objective, const Rows& gradient, const typename Objective::Indices& rows) {
    const auto list = A::to_list(rows);
    Rows q = A::copy(gradient);
    std::vector<std::vector<double>> alphas(steps_.size()), rho(steps_.size());
    std::vector<Rows> s(steps_.size()), y(steps_.size());
    for (std::size_t k = 0; k < steps_.size(); ++k) {
      s[k] = A::select(steps_[k].s, rows);
      y[k] = A::select(steps_[k].y, rows);
      for (const int64_t row : list) rho[k].push_back(steps_[k].rho[static_cast<std::size_t>(row)]);
    }
    for (std::size_t k = steps_.size(); k-- > 0;) {
      alphas[k] = A::dot(s[k], q);
      std::vector<double> factor(list.size());
      for (std::size_t i = 0; i < list.size(); ++i) factor[i] = -(alphas[k][i] *= rho[k][i]);
      A::add_to(q, factor, y[k]);
    }
    Rows r = A::copy(objective.precondition(q, rows));
    if (!steps_.empty()) scale_to_newest(objective, rows, s.back(), y.back(), rho.back(), r);
    for (std::size_t k = 0; k < steps_.size(); ++k) {
      std::vector<double> factor = A::dot(y[k], r);
      for (std::size_t i = 0; i < list.size(); ++i) factor[i] = alphas[k][i] - rho[k][i] * factor[i];
      A::add_to(r, factor, s[k]);
    }
    return r;
  }

  /// Scales H₀ so that it agrees with the newest curvature: γ = sᵀy / yᵀH₀y.
  static void scale_to_newest(Objective& objective, const typename Objective::Indices& rows, const Rows& s,
                              const Rows& y, const std::vector<double>& rho, Rows& r) {
    std::vector<double> scale = A::dot(s, y);
    const std::vector<double> shaped = A::dot(y, objective.precondition(y, rows));
    for (std::size_t i = 0; i < scale.size(); ++i)
      scale[i] = rho[i] > 0 ? scale[i] / std::max(shaped[i], 1e-300) : 1;
    A::scale(r, scale);
  }

  void remember(const State& state, const LineSearch<Rows>& search) {
    Rows s = A::combine(1, search.new_x, -1, search.x), y = A::combine(1, search.new_g, -1, search.g);
    const std::vector<double> curvature = A::dot(s, y), ss = A::dot(s, s), yy = A::dot(y, y);
    Pair pair{A::zeros_like(state.x), A::zeros_like(state.x),
              std::vector<double>(static_cast<std::size_t>(A::count(state.x)), 0.0)};
    A::assign(pair.s, state.active, s);
    A::assign(pair.y, state.active, y);
    const auto list = A::to_list(state.active);
    for (std::size_t i = 0; i < list.size(); ++i)
      if (curvature[i] > 1e-10 * (std::sqrt(ss[i]) * std::sqrt(yy[i])))
        pair.rho[static_cast<std::size_t>(list[i])] = 1 / curvature[i];
    steps_.push_back(std::move(pair));
    if (static_cast<int64_t>(steps_.size()) > options_.memory) steps_.erase(steps_.begin());
  }

  LbfgsOptions options_;
  std::vector<Pair> steps_;
};

}  // namespace latentpath::detail
