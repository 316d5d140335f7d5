// Adam and stochastic gradient descent: the papers' optimisers. Both take the objective as it is drawn in
// this iteration; neither looks back, so the caller keeps the best iterate.

#include <ATen/ATen.h>

#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/solver/solver.h"

namespace latentpath {
namespace {

class FirstOrderSolver : public Solver {
 public:
  void initialize(Objective& objective, SolverState& state) override {
    const ObjectiveValue at = objective.evaluate(state.x, state.active);
    state.value = at.value.to(at::kDouble).clone();
    state.gradient = at.gradient.clone();
    state.evaluations += state.active.size(0);
    reset(state);
  }

  void step(Objective& objective, SolverState& state) override {
    const Tensor rows = state.active;
    // The gradient at hand was taken on the sample of the last iteration; this iteration draws its own.
    const bool all = rows.size(0) == state.x.size(0);
    Tensor x = all ? state.x : state.x.index_select(0, rows);
    const ObjectiveValue at = objective.evaluate(x, rows);
    state.evaluations += rows.size(0);
    const Tensor next = x + update(at.gradient, rows, all, state.iteration);
    if (all) {
      state.x = next;
      state.value = at.value.to(at::kDouble);
      state.gradient = at.gradient;
    } else {
      state.x.index_copy_(0, rows, next);
      state.value.index_copy_(0, rows, at.value.to(at::kDouble));
      state.gradient.index_copy_(0, rows, at.gradient);
    }
  }

 protected:
  virtual void reset(const SolverState& state) = 0;
  virtual Tensor update(const Tensor& gradient, const Tensor& rows, bool all, int64_t iteration) = 0;

  /// moment[rows] ← decay · moment[rows] + (1 − decay or 1) · value; returns moment[rows].
  static Tensor decay_into(Tensor& moment, double decay, double gain, const Tensor& value, const Tensor& rows,
                           bool all) {
    if (all) {
      moment.mul_(decay).add_(value, gain);
      return moment;
    }
    const Tensor part = moment.index_select(0, rows) * decay + gain * value;
    moment.index_copy_(0, rows, part);
    return part;
  }
};

class AdamSolver final : public FirstOrderSolver {
 public:
  explicit AdamSolver(const AdamOptions& options) : options_(options) {
    LATENTPATH_CHECK(options.learning_rate > 0, kArgument, "the learning rate must be positive, not ",
                     options.learning_rate);
  }
  std::string describe() const override {
    return join_message("Adam, learning rate ", options_.learning_rate);
  }

 protected:
  void reset(const SolverState& state) override {
    first_ = at::zeros_like(state.x);
    second_ = at::zeros_like(state.x);
  }
  Tensor update(const Tensor& gradient, const Tensor& rows, bool all, int64_t iteration) override {
    const Tensor m = decay_into(first_, options_.beta1, 1 - options_.beta1, gradient, rows, all);
    const Tensor v = decay_into(second_, options_.beta2, 1 - options_.beta2, gradient.square(), rows, all);
    const double t = static_cast<double>(iteration);
    const double m_scale = 1 / (1 - std::pow(options_.beta1, t));
    const double v_scale = 1 / std::sqrt(1 - std::pow(options_.beta2, t));
    return m * (-options_.learning_rate * m_scale) / (v.sqrt() * v_scale + options_.epsilon);
  }

 private:
  AdamOptions options_;
  Tensor first_, second_;
};

class SgdSolver final : public FirstOrderSolver {
 public:
  explicit SgdSolver(const SgdOptions& options) : options_(options) {
    LATENTPATH_CHECK(options.learning_rate > 0, kArgument, "the learning rate must be positive, not ",
                     options.learning_rate);
    LATENTPATH_CHECK(options.momentum >= 0 && options.momentum < 1, kArgument,
                     "the momentum must satisfy 0 <= momentum < 1, not ", options.momentum);
  }
  std::string describe() const override {
    if (!options_.factor.defined()) return join_message("SGD, learning rate ", options_.learning_rate);
    const Tensor rates = options_.learning_rate * options_.factor;
    const double least = rates.min().item<double>(), most = rates.max().item<double>();
    return least == most ? join_message("SGD, learning rate ", least)
                         : join_message("SGD, learning rates ", least, " to ", most);
  }

 protected:
  void reset(const SolverState& state) override { velocity_ = at::zeros_like(state.x); }
  Tensor update(const Tensor& gradient, const Tensor& rows, bool all, int64_t /*iteration*/) override {
    const Tensor change =
        -options_.learning_rate * decay_into(velocity_, options_.momentum, 1, gradient, rows, all);
    if (!options_.factor.defined()) return change;
    return change * options_.factor.index_select(0, rows).to(change.options()).unsqueeze(1);
  }

 private:
  SgdOptions options_;
  Tensor velocity_;
};

}  // namespace

std::unique_ptr<Solver> adam_solver(const AdamOptions& options) {
  return std::make_unique<AdamSolver>(options);
}
std::unique_ptr<Solver> sgd_solver(const SgdOptions& options) { return std::make_unique<SgdSolver>(options); }

}  // namespace latentpath
