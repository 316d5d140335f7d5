#pragma once
// Adam and stochastic gradient descent: the papers' optimisers. Both take the objective as it is drawn in
// this iteration; neither looks back, so the caller keeps the best iterate. Internal.
//
// Adam: D. P. Kingma, J. Ba, arXiv 1412.6980 (2015), Algorithm 1. Momentum as in PyTorch's SGD.

#include <algorithm>
#include <cmath>
#include <vector>

#include "latentpath/core/error.h"
#include "solver/generic/line_search.h"

namespace latentpath::detail {

template <class Rows>
class FirstOrderSolver : public BasicSolver<Rows> {
 public:
  using A = Algebra<Rows>;
  using Objective = BasicObjective<Rows>;
  using State = BasicSolverState<Rows>;

  void initialize(Objective& objective, State& state) override {
    evaluate_all(objective, state);
    reset(state);
  }

  void step(Objective& objective, State& state) override {
    // The gradient at hand was taken on the sample of the last iteration; this iteration draws its own.
    const bool all = A::count(state.x) == static_cast<int64_t>(A::to_list(state.active).size());
    Rows x = all ? state.x : A::select(state.x, state.active);
    const auto at = objective.evaluate(x, state.active);
    const std::vector<double> value = A::to_scalars(at.value);
    state.evaluations += static_cast<int64_t>(value.size());
    const Rows next = A::combine(1, x, 1, update(at.gradient, state.active, all, state.iteration));
    if (all) {
      state.x = next;
      state.gradient = A::copy(at.gradient);
    } else {
      A::assign(state.x, state.active, next);
      A::assign(state.gradient, state.active, at.gradient);
    }
    const auto list = A::to_list(state.active);
    for (std::size_t i = 0; i < list.size(); ++i) A::set_value(state.value, list[i], value[i]);
  }

 protected:
  virtual void reset(const State& state) = 0;
  virtual Rows update(const Rows& gradient, const typename Objective::Indices& rows, bool all,
                      int64_t iteration) = 0;

  /// moment[rows] ← decay · moment[rows] + gain · value; returns moment[rows].
  static Rows decay_into(Rows& moment, double decay, double gain, const Rows& value,
                         const typename Objective::Indices& rows, bool all) {
    if (all) {
      moment = A::combine(decay, moment, gain, value);
      return moment;
    }
    Rows part = A::combine(decay, A::select(moment, rows), gain, value);
    A::assign(moment, rows, part);
    return part;
  }
};

template <class Rows>
class AdamSolver final : public FirstOrderSolver<Rows> {
 public:
  using typename FirstOrderSolver<Rows>::A;
  using typename FirstOrderSolver<Rows>::Objective;
  using typename FirstOrderSolver<Rows>::State;

  explicit AdamSolver(const AdamOptions& options) : options_(options) {
    LATENTPATH_CHECK(options.learning_rate > 0, kArgument, "the learning rate must be positive, not ",
                     options.learning_rate);
  }
  std::string describe() const override {
    return join_message("Adam, learning rate ", options_.learning_rate);
  }

 protected:
  void reset(const State& state) override {
    first_ = A::zeros_like(state.x);
    second_ = A::zeros_like(state.x);
  }
  Rows update(const Rows& gradient, const typename Objective::Indices& rows, bool all,
              int64_t iteration) override {
    const Rows m = this->decay_into(first_, options_.beta1, 1 - options_.beta1, gradient, rows, all);
    const Rows v =
        this->decay_into(second_, options_.beta2, 1 - options_.beta2, A::square(gradient), rows, all);
    const double t = static_cast<double>(iteration);
    const double m_scale = 1 / (1 - std::pow(options_.beta1, t));
    const double v_scale = 1 / std::sqrt(1 - std::pow(options_.beta2, t));
    return A::root_ratio(m, -options_.learning_rate * m_scale, v, v_scale, options_.epsilon);
  }

 private:
  AdamOptions options_;
  Rows first_, second_;
};

template <class Rows>
class SgdSolver final : public FirstOrderSolver<Rows> {
 public:
  using typename FirstOrderSolver<Rows>::A;
  using typename FirstOrderSolver<Rows>::Objective;
  using typename FirstOrderSolver<Rows>::State;

  explicit SgdSolver(const SgdOptions& options) : options_(options) {
    LATENTPATH_CHECK(options.learning_rate > 0, kArgument, "the learning rate must be positive, not ",
                     options.learning_rate);
    LATENTPATH_CHECK(options.momentum >= 0 && options.momentum < 1, kArgument,
                     "the momentum must satisfy 0 <= momentum < 1, not ", options.momentum);
  }
  std::string describe() const override {
    const auto& factor = options_.factor.values;
    if (factor.empty()) return join_message("SGD, learning rate ", options_.learning_rate);
    const auto [low, high] = std::minmax_element(factor.begin(), factor.end());
    const double least = options_.learning_rate * *low, most = options_.learning_rate * *high;
    return least == most ? join_message("SGD, learning rate ", least)
                         : join_message("SGD, learning rates ", least, " to ", most);
  }

 protected:
  void reset(const State& state) override { velocity_ = A::zeros_like(state.x); }
  Rows update(const Rows& gradient, const typename Objective::Indices& rows, bool all,
              int64_t /*iteration*/) override {
    Rows change = A::copy(this->decay_into(velocity_, options_.momentum, 1, gradient, rows, all));
    std::vector<double> rates;
    for (const int64_t row : A::to_list(rows))
      rates.push_back(
          -options_.learning_rate *
          (options_.factor.values.empty() ? 1 : options_.factor.values[static_cast<std::size_t>(row)]));
    A::scale(change, rates);
    return change;
  }

 private:
  SgdOptions options_;
  Rows velocity_;
};

}  // namespace latentpath::detail
