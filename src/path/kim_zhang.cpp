// Algorithm 1 of Kim and Zhang, literally (published_methods.h).

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "latentpath/core/device.h"
#include "latentpath/core/error.h"
#include "latentpath/path/select.h"
#include "path/density_weight.h"
#include "path/path_methods.h"
#include "path/search.h"

namespace latentpath {
namespace {

/// Columns of Jacobians that are in memory at once: a limit of memory, which no figure depends on.
constexpr int64_t kPointsPerBatch = 1024;

class KimZhang {
 public:
  KimZhang(Search& search, const Tensor& times, Tensor nodes)
      : search_(search), times_(times), z_(std::move(nodes)), best_(z_.clone()), best_cost_(cost(z_)) {
    first_cost_ = best_cost_;
    set_rates();
    termination_.assign(static_cast<size_t>(search.size()), Termination::kRunning);
    iterations_.assign(termination_.size(), 0);
  }

  void run(int64_t most) {
    for (int64_t iteration = 1; iteration <= most && running(); ++iteration) {
      step(iteration);
      if (iteration % search_.options.published.evaluate_every == 0) keep_best();
      search_.report({"Kim and Zhang, Algorithm 1", iteration, most, best_cost_.mean().item<double>()});
      if (search_.cancellation.cancelled()) end(Termination::kInterrupted);
      if (search_.out_of_time()) end(Termination::kTimeLimit);
    }
    end(Termination::kIterationLimit);
    call_diverged(keep_best());
  }

  const Tensor& best() const { return best_; }
  double mean_cost() const { return best_cost_.mean().item<double>(); }
  const std::vector<Termination>& termination() const { return termination_; }
  const std::vector<int64_t>& iterations() const { return iterations_; }

 private:
  int64_t points() const { return z_.size(1); }
  bool running() const {
    return std::any_of(termination_.begin(), termination_.end(),
                       [](Termination why) { return why == Termination::kRunning; });
  }
  void end(Termination why) {
    for (Termination& each : termination_)
      if (each == Termination::kRunning) each = why;
  }

  /// x^k of paths [rows, K, D], flattened: [rows, K, M] float64.
  Tensor images(const Tensor& z) const {
    return search_.energy.decode(z.reshape({-1, z.size(2)}))
        .flatten(1)
        .to(at::kDouble)
        .view({z.size(0), z.size(1), -1});
  }

  /// η and δ, and for `auto` the step's own μ, from the first paths.
  void set_rates() {
    const at::NoGradGuard no_gradient;
    const auto scope = search_.count_for_all();
    const Tensor x = images(z_);
    const Tensor apart = on_host((x.slice(1, 1) - x.slice(1, 0, -1)).norm(2, {2}));  // [pairs, K − 1]
    rate_ = search_.options.learning_rate
                ? at::full({z_.size(0)}, *search_.options.learning_rate, at::kDouble)
                : search_.options.published.stable_step * 0.5 * apart.amin(1);
    std::vector<double> stretch;
    for (int64_t row = 0; row < z_.size(0); ++row) {
      const Tensor jacobian = search_.energy.embedding().jacobian(z_[row]).to(at::kDouble);
      stretch.push_back(mean_eigenvalue(jacobian));
    }
    const Tensor metric = at::tensor(stretch, at::kDouble).clamp_min(1e-300);  // mean eigenvalue of JᵀJ
    regularisation_ = kPseudoInverse * metric;
    weight_ = search_.energy.density_weights().expand({z_.size(0)});
    // Where JᵀJ = g I, the algorithm rests where K's energy does for this μ.
    if (!density_weight_of(search_.options))
      weight_ = weight_ / (metric * apart.sum(1) * static_cast<double>(points() - 1)).clamp_min(1e-300);
  }

  /// b − μ ∂_z V at the inner points of one path, z and x [K, …] → [K − 2, D].
  Tensor direction(int64_t row, const Tensor& z, const Tensor& x) const {
    const Tensor apart = x.slice(0, 1) - x.slice(0, 0, -1);
    const Tensor v = apart / apart.norm(2, {1}, true).clamp_min(1e-300);
    const Tensor a = v.slice(0, 1) - v.slice(0, 0, -1);
    const int64_t inner = points() - 2, dim = z.size(1), rows = std::max<int64_t>(1, kPointsPerBatch / dim);
    std::vector<Tensor> parts;
    for (int64_t first = 0; first < inner; first += rows) {
      const int64_t count = std::min(rows, inner - first);
      const Tensor part = z.narrow(0, 1 + first, count);
      const Tensor jacobian = search_.energy.embedding().jacobian(part).to(at::kDouble);
      Tensor b = pull_back(jacobian, a.narrow(0, first, count), regularisation_[row].item<double>());
      if (search_.energy.has_potential()) b = b - weight_[row] * slope(part);
      parts.push_back(b);
    }
    return at::cat(parts);
  }

  /// ∂_z V [n, D].
  Tensor slope(const Tensor& z) const {
    const at::AutoGradMode enabled(true);
    const Tensor leaf = z.detach().clone().requires_grad_(true);
    const Tensor v = search_.energy.options().potential->density().negative_log(leaf);
    return torch::autograd::grad({v.sum()}, {leaf})[0];
  }

  void step(int64_t iteration) {
    const at::NoGradGuard no_gradient;
    for (int64_t row = 0; row < z_.size(0); ++row) {
      Termination& why = termination_[static_cast<size_t>(row)];
      if (why != Termination::kRunning) continue;
      const auto scope = search_.counter.count_for(search_.pairs.narrow(0, row, 1));
      const Tensor z = z_[row];
      const Tensor move = rate_[row] * direction(row, z, images(z.unsqueeze(0))[0]);
      iterations_[static_cast<size_t>(row)] = iteration;
      if (!at::isfinite(move).all().item<bool>()) {
        why = Termination::kNumericalFailure;
        continue;
      }
      z.narrow(0, 1, points() - 2).add_(move);
      const double spacing = (z.slice(0, 1) - z.slice(0, 0, -1)).norm(2, {1}).mean().item<double>();
      if (move.norm(2, {1}).max().item<double>() <=
          search_.options.published.settled * search_.options.relative_decrease() * spacing)
        why = Termination::kConverged;
    }
  }

  /// Points that have flown to where nothing moves any more have not converged.
  void call_diverged(const Tensor& now) {
    for (int64_t row = 0; row < z_.size(0); ++row) {
      Termination& why = termination_[static_cast<size_t>(row)];
      const bool worse = !(now[row].item<double>() <= first_cost_[row].item<double>());  // NaN too
      if (why == Termination::kConverged && worse) why = Termination::kStalled;
    }
  }

  Tensor cost(const Tensor& z) {
    const auto scope = search_.counter.count_verification();
    return polyline_cost(search_.energy, z, times_, times_);
  }
  /// The cost of where the points are now.
  Tensor keep_best() {
    const at::NoGradGuard no_gradient;
    Tensor now = cost(z_), better = now < best_cost_;
    best_cost_ = at::where(better, now, best_cost_);
    best_ = at::where(better.view({-1, 1, 1}), z_, best_);
    return now;
  }

  Search& search_;
  const Tensor times_;
  Tensor z_;  // [pairs, K, D]
  Tensor best_, best_cost_, first_cost_;
  Tensor rate_, regularisation_, weight_;  // [pairs]
  std::vector<Termination> termination_;
  std::vector<int64_t> iterations_;
};

}  // namespace

FoundPaths run_kim_zhang(Search& search) {
  const PathOptions& options = search.options;
  const Tensor times = uniform_times(options.published.points - 1);
  const PathSet paths = published_first_paths(search, times);
  const auto begin = std::chrono::steady_clock::now();
  KimZhang algorithm(search, times, paths.nodes.to(at::kDouble).contiguous().clone());
  algorithm.run(options.max_iterations > 0 ? options.max_iterations
                                           : options.published.first_order_iterations);
  FoundPaths found = no_paths(search, times);
  found.nodes = algorithm.best();
  found.start = paths.start;
  found.termination = algorithm.termination();
  found.iterations = algorithm.iterations();
  found.curve = join_message("polyline of ", times.size(0) - 1, " segments");
  found.method = "Algorithm 1 of Kim and Zhang";
  const std::chrono::duration<double> used = std::chrono::steady_clock::now() - begin;
  search.history.push_back({times.size(0) - 1, 1,
                            *std::max_element(found.iterations.begin(), found.iterations.end()),
                            search.size(), algorithm.mean_cost(), used.count()});
  return found;
}

}  // namespace latentpath
