#include "latentpath/path/path_objective.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <optional>

#include "latentpath/core/error.h"
#include "latentpath/core/parallel.h"
#include "latentpath/path/tridiagonal.h"

namespace latentpath {
namespace {

/// Squared steps of a latent space at or below this are none: nodes coincide, but for rounding.
constexpr double kNoStep = 1e-14;
/// Stretches and stiffnesses of one path are taken to differ from their mean by so much at most: a
/// preconditioner of more contrast would trust what the first steps change.
constexpr double kMostContrast = 1e3;
/// Where a decoder is constant, the preconditioner must still be positive definite; and no division by 0.
constexpr double kLeastStretch = 1e-12, kLeastStiffness = 1e-20, kTiny = 1e-30;

}  // namespace

PathObjective::PathObjective(const PathEnergy& energy, std::shared_ptr<const Curve> curve, Tensor start,
                             Tensor end, Tensor times, bool preconditioned, int64_t subdivisions,
                             const PreconditionerOptions& preconditioner)
    : energy_(energy),
      curve_(std::move(curve)),
      start_(std::move(start)),
      end_(std::move(end)),
      times_(std::move(times)),
      preconditioned_(preconditioned),
      subdivisions_(subdivisions),
      preconditioner_(preconditioner) {
  const EnergyOptions& options = energy_.options();
  if (options.held.defined()) {
    LATENTPATH_CHECK(variables() == interior() * start_.size(1), kArgument,
                     "coordinates can be held on a polyline alone, not on a ", curve_->describe());
    held_ = options.held.repeat({interior()});
  }
  if (!preconditioned_ || !options.cost->is_energy() || options.kernel ||
      start_.size(1) > preconditioner_.largest_latent ||
      (times_.size(0) - 1) / subdivisions_ < preconditioner_.fewest_segments)
    return;
  // A model takes the outputs at all nodes, and beside them in each direction.
  const int64_t outputs = (times_.size(0) / subdivisions_ + 1) * (start_.size(1) + 1);
  if (outputs > energy_.embedding().batch_limits().images) return;
  models_.resize(static_cast<size_t>(start_.size(0)));
  evaluated_.resize(models_.size(), 0);
}

void PathObjective::count(EvaluationCounter& counter, Tensor pairs) {
  counter_ = &counter;
  pairs_ = std::move(pairs);
}

EvaluationCounter::Scope PathObjective::counting(const Tensor& rows) const {
  if (counter_ == nullptr) return {};
  return counter_->count_for(pairs_.index_select(0, rows));
}

ObjectiveValue PathObjective::evaluate(const Tensor& x, const Tensor& rows) {
  const at::AutoGradMode enabled(true);
  // Threads share the points of a batch, not the operations on them.
  std::optional<SerialOperations> serial;
  if (energy_.concurrent()) serial.emplace();
  const int64_t n = times_.size(0) - 1;
  const int64_t per_batch = std::max<int64_t>(1, energy_.options().points_per_batch / (2 * n + 1));
  if (preconditioned_ && !stiffness_.defined())
    stiffness_ = at::ones({problems(), n / subdivisions_}, at::kDouble);
  std::vector<Tensor> values, gradients;
  for (int64_t first = 0; first < x.size(0); first += per_batch) {
    const int64_t count = std::min(per_batch, x.size(0) - first);
    const Tensor which = rows.narrow(0, first, count);
    const auto scope = counting(which);
    const Tensor leaf = x.narrow(0, first, count).detach().requires_grad_(true);
    const CurvePoints points =
        curve_->points(leaf, start_.index_select(0, which), end_.index_select(0, which), times_);
    const SegmentTerms terms = energy_.of_rows(which).terms(points);
    const Tensor cost = energy_.cost(terms);
    // A cost that depends on no parameter (a constant embedding, say) has gradient zero.
    Tensor gradient;
    if (cost.requires_grad())
      gradient = torch::autograd::grad({cost.sum()}, {leaf}, {}, false, false, true)[0];
    gradients.push_back(without_held(gradient.defined() ? gradient : at::zeros_like(leaf).detach()));
    values.push_back(cost.detach());
    if (preconditioned_) {
      const at::NoGradGuard no_gradient;
      const Tensor step =
          (points.nodes.narrow(1, 1, n) - points.nodes.narrow(1, 0, n)).square().sum(2).to(at::kDouble);
      // Where nodes coincide the stretch is unknown: the path's mean stretch stands in.
      const Tensor chord = terms.squared_chord;
      // Where they all do (a loop that has not left its point), there is no scale at all, and 1 is as good as
      // any.
      const Tensor moved = step.sum(1, true);
      const Tensor mean =
          at::where(moved > kNoStep, chord.sum(1, true) / moved.clamp_min(kTiny), at::ones_like(moved))
              .clamp_min(kLeastStretch);
      const Tensor stretch = at::where(step > kNoStep, chord / step.clamp_min(kTiny), mean)
                                 .clamp_min(mean / kMostContrast)
                                 .clamp_max(mean * kMostContrast);
      Tensor k = terms.weight.square() * stretch / terms.duration;
      if (subdivisions_ > 1)
        k = k.view({count, -1, subdivisions_}).mean(2) / static_cast<double>(subdivisions_);
      k = k.clamp_min(k.mean(1, true) / kMostContrast).clamp_min(kLeastStiffness);
      stiffness_.index_copy_(0, which, at::nan_to_num(k.detach(), 1, 1, 1));
      if (!models_.empty()) update_models(which, points, terms);
    }
  }
  return {at::cat(values), at::cat(gradients)};
}

void PathObjective::update_models(const Tensor& rows, const CurvePoints& points, const SegmentTerms& terms) {
  const int64_t segments = (times_.size(0) - 1) / subdivisions_;
  const Tensor times = times_.slice(0, 0, {}, subdivisions_);
  const auto sums = [&](const Tensor& values) {
    return values.detach().view({-1, segments, subdivisions_}).sum(2);
  };
  const Tensor pull =
      sums(terms.weight.square() / terms.duration) / static_cast<double>(subdivisions_ * subdivisions_);
  const Tensor action =
      sums(energy_.options().cost->time_weight() * terms.duration + terms.squared_chord / terms.duration);
  const Tensor nodes = points.nodes.detach().slice(1, 0, {}, subdivisions_);
  for (int64_t i = 0; i < rows.size(0); ++i) {
    const int64_t row = rows[i].item<int64_t>();
    const auto index = static_cast<size_t>(row);
    GaussNewtonModel& model = models_[index];
    const int64_t since = evaluated_[index]++ - preconditioner_.first_model;
    if (since >= 0 && since % preconditioner_.model_lasts == 0) {
      const auto scope = counting(rows.narrow(0, i, 1));
      model.linearise(energy_, nodes[i], times);
    }
    if (model.linearised()) model.update(pull[i], stiffness_[row], action[i], nodes[i]);
  }
}

void PathObjective::model_at_once() {
  std::fill(evaluated_.begin(), evaluated_.end(), preconditioner_.first_model);
}

void PathObjective::expect_iterations(int64_t iterations) {
  if (iterations <= preconditioner_.first_model) models_.clear();
}

Tensor PathObjective::without_held(const Tensor& rows) const {
  return held_.defined() ? rows.masked_fill(held_, 0) : rows;
}

Tensor PathObjective::precondition(const Tensor& gradient, const Tensor& rows) {
  if (!preconditioned_ || gradient.size(1) == 0) return gradient;
  const Tensor k = stiffness_.index_select(0, rows);
  const int64_t interior = k.size(1) - 1;
  const Tensor diagonal = 2 * (k.narrow(1, 0, interior) + k.narrow(1, 1, interior));
  const Tensor off = -2 * k.narrow(1, 1, interior - 1);
  const Tensor right = gradient.to(at::kDouble).reshape({gradient.size(0), interior, -1});
  const Tensor direction = solve_tridiagonal(diagonal, off, right).contiguous();
  if (!models_.empty()) {
    Tensor modelled = right.contiguous().clone();
    for (int64_t i = 0; i < rows.size(0); ++i)
      if (models_[static_cast<size_t>(rows[i].item<int64_t>())].solve(modelled[i].data_ptr<double>()))
        direction[i].copy_(modelled[i]);
  }
  return without_held(direction.flatten(1).to(gradient.scalar_type()));
}

Tensor PathObjective::gradient_residual(const Tensor& x, const ObjectiveValue& at, const Tensor& rows) {
  if (!preconditioned_) return Objective::gradient_residual(x, at, rows);
  const Tensor decrease = (at.gradient * precondition(at.gradient, rows)).sum(1).to(at::kDouble);
  return (decrease / (2 * at.value.to(at::kDouble)).clamp_min(1e-300)).clamp_min(0).sqrt();
}

RandomTimesObjective::RandomTimesObjective(const PathEnergy& energy, std::shared_ptr<const Curve> curve,
                                           Tensor start, Tensor end, int64_t points, at::Generator generator)
    : PathObjective(energy, std::move(curve), std::move(start), std::move(end), uniform_times(points - 1),
                    false),
      points_(points),
      generator_(std::move(generator)) {
  LATENTPATH_CHECK(points >= 3, kArgument, "Algorithm 1 needs at least 3 points, not ", points);
}

void RandomTimesObjective::begin_iteration(int64_t /*iteration*/) {
  // Two equal times would divide by zero; a draw that has them (probability about 1e-13) is drawn again.
  Tensor times;
  do {
    const Tensor inner = std::get<0>(at::rand({points_ - 2}, generator_, at::kDouble).sort());
    times = at::cat({at::zeros({1}, at::kDouble), inner, at::ones({1}, at::kDouble)});
  } while ((times.narrow(0, 1, points_ - 1) <= times.narrow(0, 0, points_ - 1)).any().item<bool>());
  set_times(times);
}

}  // namespace latentpath
