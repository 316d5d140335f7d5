#include <ATen/ATen.h>

#include <vector>

#include "latentpath/solver/solver.h"

namespace latentpath {
namespace {

Tensor row_dot(const Tensor& a, const Tensor& b) { return (a * b).sum(1); }

/// Nocedal & Wright, Algorithm 7.4 (two-loop recursion), one lane a problem. A lane's curvature pair that is
/// not positive gets ρ = 0 and so drops out of the recursion.
class LbfgsSolver final : public Solver {
 public:
  explicit LbfgsSolver(const LbfgsOptions& options) : options_(options) {}
  std::string describe() const override { return "L-BFGS"; }

  void initialize(Objective& objective, SolverState& state) override {
    steps_.clear();
    const ObjectiveValue at = objective.evaluate(state.x, state.active);
    state.value = at.value.to(at::kDouble).clone();
    state.gradient = at.gradient.clone();  // written into row by row: the objective's own stays as it is
    state.evaluations += state.active.size(0);
  }

  void step(Objective& objective, SolverState& state) override {
    const Tensor rows = state.active;
    const Tensor x = state.x.index_select(0, rows);
    const Tensor g = state.gradient.index_select(0, rows);
    const Tensor f = state.value.index_select(0, rows);

    Tensor direction = -two_loops(objective, g, rows);
    Tensor slope = row_dot(direction, g).to(at::kDouble);
    // A direction that does not descend (stale memory) is replaced by the preconditioned gradient.
    const Tensor uphill = slope >= 0;
    if (uphill.any().item<bool>()) {
      const Tensor plain = -objective.precondition(g, rows);
      direction = at::where(uphill.unsqueeze(1), plain, direction);
      slope = row_dot(direction, g).to(at::kDouble);
    }

    const int64_t count = rows.size(0);
    Tensor length = at::ones({count}, at::kDouble);
    Tensor new_x = x.clone(), new_f = f.clone(), new_g = g.clone();
    Tensor waiting = at::arange(count, at::kLong);
    for (int64_t attempt = 0; attempt <= options_.max_backtracks && waiting.numel() > 0; ++attempt) {
      const Tensor step_length = length.index_select(0, waiting);
      const Tensor trial_x = x.index_select(0, waiting) + step_length.to(x.scalar_type()).unsqueeze(1) *
                                                              direction.index_select(0, waiting);
      const ObjectiveValue trial = objective.evaluate(trial_x, rows.index_select(0, waiting));
      state.evaluations += waiting.size(0);
      const Tensor f0 = f.index_select(0, waiting), s0 = slope.index_select(0, waiting);
      const Tensor value = trial.value.to(at::kDouble);
      const Tensor accepted = value <= f0 + options_.sufficient_decrease * step_length * s0;  // false for NaN
      const Tensor yes = accepted.nonzero().squeeze(1);
      const Tensor accepted_rows = waiting.index_select(0, yes);
      new_x.index_copy_(0, accepted_rows, trial_x.index_select(0, yes));
      new_f.index_copy_(0, accepted_rows, value.index_select(0, yes));
      new_g.index_copy_(0, accepted_rows, trial.gradient.index_select(0, yes));
      // Minimiser of the parabola through f0, s0 and the trial value, kept within [0.1, 0.5] of the step.
      Tensor factor = -0.5 * step_length * s0 / (value - f0 - step_length * s0);
      factor = at::nan_to_num(factor, 0.1).clamp(0.1, 0.5);
      length.index_copy_(0, waiting, step_length * factor);
      waiting = waiting.index_select(0, accepted.logical_not().nonzero().squeeze(1));
    }
    const int64_t* row_data = rows.data_ptr<int64_t>();
    const Tensor failed = waiting.contiguous();
    for (int64_t i = 0; i < failed.numel(); ++i) {
      const int64_t lane = failed.data_ptr<int64_t>()[i];
      // Where even the model promises a decrease below rounding, there is nothing left to gain.
      const double promise = -slope[lane].item<double>(), value = f[lane].item<double>();
      state.end(row_data[lane],
                promise < 1e-6 * std::abs(value) ? Termination::kConverged : Termination::kStalled);
    }

    remember(state, rows, new_x - x, new_g - g);
    state.x.index_copy_(0, rows, new_x);
    state.value.index_copy_(0, rows, new_f);
    state.gradient.index_copy_(0, rows, new_g);
  }

 private:
  struct Pair {
    Tensor s, y;  ///< [B, N]
    Tensor rho;   ///< [B]; 0 where the pair is not used
  };

  Tensor two_loops(Objective& objective, const Tensor& gradient, const Tensor& rows) {
    Tensor q = gradient;
    std::vector<Tensor> alphas(steps_.size()), s(steps_.size()), y(steps_.size()), rho(steps_.size());
    for (size_t k = 0; k < steps_.size(); ++k) {
      s[k] = steps_[k].s.index_select(0, rows);
      y[k] = steps_[k].y.index_select(0, rows);
      rho[k] = steps_[k].rho.index_select(0, rows);
    }
    for (size_t k = steps_.size(); k-- > 0;) {
      alphas[k] = rho[k] * row_dot(s[k], q);
      q = q - alphas[k].unsqueeze(1) * y[k];
    }
    Tensor r = objective.precondition(q, rows);
    if (!steps_.empty()) {
      // Scale H₀ so that it agrees with the newest curvature: γ = sᵀy / yᵀH₀y.
      const size_t last = steps_.size() - 1;
      const Tensor shaped = objective.precondition(y[last], rows);
      const Tensor scale = row_dot(s[last], y[last]) / row_dot(y[last], shaped).clamp_min(1e-300);
      r = r * at::where(rho[last] > 0, scale, at::ones_like(scale)).unsqueeze(1);
    }
    for (size_t k = 0; k < steps_.size(); ++k) {
      const Tensor beta = rho[k] * row_dot(y[k], r);
      r = r + (alphas[k] - beta).unsqueeze(1) * s[k];
    }
    return r;
  }

  void remember(const SolverState& state, const Tensor& rows, const Tensor& s, const Tensor& y) {
    Pair pair{at::zeros_like(state.x), at::zeros_like(state.x),
              at::zeros({state.x.size(0)}, state.x.options())};
    const Tensor curvature = row_dot(s, y);
    const Tensor good = curvature > 1e-10 * (s.norm(2, {1}) * y.norm(2, {1}));
    pair.s.index_copy_(0, rows, s);
    pair.y.index_copy_(0, rows, y);
    pair.rho.index_copy_(0, rows, at::where(good, 1 / curvature, at::zeros_like(curvature)));
    steps_.push_back(std::move(pair));
    if (static_cast<int64_t>(steps_.size()) > options_.memory) steps_.erase(steps_.begin());
  }

  LbfgsOptions options_;
  std::vector<Pair> steps_;
};

}  // namespace

std::unique_ptr<Solver> lbfgs_solver(const LbfgsOptions& options) {
  return std::make_unique<LbfgsSolver>(options);
}

}  // namespace latentpath
