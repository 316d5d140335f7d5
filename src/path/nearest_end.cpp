#include "latentpath/path/nearest_end.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/core/parallel.h"
#include "latentpath/core/random.h"
#include "latentpath/metric/quality_range.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/tridiagonal.h"
#include "latentpath/solver/methods.h"
#include "latentpath/solver/solver.h"

namespace latentpath {
namespace {

/// Points looked at in a draw.
constexpr int64_t kDraw = 256;
/// Of the way to a place inside, to what float32 can tell.
constexpr int kHalvings = 24;
/// Probabilities in float32 end here: their log-odds must not be infinite.
constexpr double kSure = 1e-7;
/// Bounds of ρ.
constexpr double kLeastPenalty = 1, kMostPenalty = 1e8;

Tensor log_odds(const Tensor& probability) {
  const Tensor p = probability.to(at::kDouble).clamp(1e-30, 1 - kSure);
  return at::log(p) - at::log1p(-p);
}

/// m(z) = logit C(z) − logit c, at least 0 inside.
class Margin {
 public:
  Margin(const Embedding& embedding, const Quality& condition, double certainty)
      : embedding_(embedding),
        condition_(condition),
        threshold_(log_odds(at::tensor({certainty}, at::kDouble))) {}

  Tensor operator()(const Tensor& z) const {
    const Tensor decoded = condition_.needs_decoded() ? embedding_(z) : Tensor();
    const Tensor quality = condition_.evaluate({z, at::full({z.size(0)}, 0.5, at::kDouble), decoded});
    check_quality_range(quality, condition_, "where an end is sought");
    return log_odds(quality) - threshold_;
  }

  /// Without gradient, in batches.
  Tensor at_points(const Tensor& z) const {
    const at::NoGradGuard no_gradient;
    std::vector<Tensor> values;
    for (int64_t first = 0; first < z.size(0); first += kDraw)
      values.push_back((*this)(z.narrow(0, first, std::min(kDraw, z.size(0) - first))));
    return at::cat(values);
  }

 private:
  const Embedding& embedding_;
  const Quality& condition_;
  Tensor threshold_;
};

/// Costs of polylines in units of what they were at first, with their last nodes free: (max(0, λ − ρ m)² −
/// λ²)/2ρ keeps those inside (augmented Lagrangian; Nocedal & Wright, §17.4). Parameters are the nodes but
/// the first, [rows, n D].
class FreeEndObjective final : public Objective {
 public:
  FreeEndObjective(const PathEnergy& energy, const Margin& margin, Tensor start,
                   const NearestEndOptions& options)
      : energy_(energy),
        margin_(margin),
        start_(std::move(start)),
        segments_(options.segments),
        subdivisions_(options.subdivisions),
        multiplier_(at::zeros({start_.size(0)}, at::kDouble)),
        penalty_(at::nan_to_num(options.staying / margin.at_points(start_).square(), kLeastPenalty)
                     .clamp(kLeastPenalty, kMostPenalty)) {}

  int64_t problems() const override { return start_.size(0); }
  int64_t variables() const override { return segments_ * start_.size(1); }

  /// The unit of each row's cost, and of its steps.
  void scale(const Tensor& nodes) {
    const at::NoGradGuard no_gradient;
    scale_ = costs(nodes).clamp_min(1e-300);
    const Tensor squared = (nodes.select(1, segments_) - nodes.select(1, 0)).square().sum(1);
    stiffness_ = static_cast<double>(segments_) / squared.clamp_min(1e-12);
  }

  Tensor with_start(const Tensor& x, const Tensor& start) const {
    return at::cat({start.unsqueeze(1), x.view({x.size(0), segments_, start.size(1)})}, 1);
  }
  Tensor nodes(const Tensor& x) const { return with_start(x, start_); }

  Tensor cost_of(const Tensor& nodes) const {
    const Tensor times = uniform_times(segments_), fine = uniform_times(segments_ * subdivisions_);
    return energy_.cost(CurvePoints{interpolate_polyline(nodes, times, fine),
                                    interpolate_polyline(nodes, times, middle_times(fine)), fine});
  }

  /// cost_of() of as many rows at a time as a batch holds, without gradient.
  Tensor costs(const Tensor& nodes) const {
    const at::NoGradGuard no_gradient;
    std::vector<Tensor> values;
    for (int64_t first = 0; first < nodes.size(0); first += rows_per_batch())
      values.push_back(cost_of(nodes.narrow(0, first, std::min(rows_per_batch(), nodes.size(0) - first))));
    return at::cat(values);
  }

  ObjectiveValue evaluate(const Tensor& x, const Tensor& rows) override {
    const at::AutoGradMode enabled(true);
    std::optional<SerialOperations> serial;
    if (energy_.concurrent()) serial.emplace();
    const int64_t per_batch = rows_per_batch();
    std::vector<Tensor> values, gradients;
    for (int64_t first = 0; first < x.size(0); first += per_batch) {
      const int64_t count = std::min(per_batch, x.size(0) - first);
      const Tensor which = rows.narrow(0, first, count);
      const Tensor leaf = x.narrow(0, first, count).detach().requires_grad_(true);
      const Tensor nodes = with_start(leaf, start_.index_select(0, which));
      const Tensor multiplier = multiplier_.index_select(0, which);
      const Tensor penalty = penalty_.index_select(0, which);
      const Tensor pushed = (multiplier - penalty * margin_(nodes.select(1, segments_))).clamp_min(0);
      const Tensor value = cost_of(nodes) / scale_.index_select(0, which) +
                           (pushed.square() - multiplier.square()) / (2 * penalty);
      const Tensor gradient =
          torch::autograd::grad({value.sum()}, {leaf}, {}, false, false, /*allow_unused=*/true)[0];
      values.push_back(value.detach());
      gradients.push_back(gradient.defined() ? gradient : at::zeros_like(leaf).detach());
    }
    return {at::cat(values), at::cat(gradients)};
  }

  /// The Laplacian of a polyline that is held at its start alone.
  Tensor precondition(const Tensor& gradient, const Tensor& rows) override {
    const Tensor k = stiffness_.index_select(0, rows).unsqueeze(1);
    Tensor diagonal = (4 * k).expand({-1, segments_}).contiguous();
    diagonal.select(1, segments_ - 1) /= 2;
    const Tensor off = (-2 * k).expand({-1, segments_ - 1}).contiguous();
    const Tensor right = gradient.to(at::kDouble).reshape({gradient.size(0), segments_, -1});
    return solve_tridiagonal(diagonal, off, right).flatten(1).to(gradient.scalar_type());
  }

  void update_multipliers(const Tensor& x) {
    const Tensor margin = margin_.at_points(nodes(x).select(1, segments_));
    multiplier_ = (multiplier_ - penalty_ * margin).clamp_min(0);
  }

 private:
  int64_t rows_per_batch() const {
    const int64_t points = 2 * segments_ * subdivisions_ + 2;
    return std::max<int64_t>(1, energy_.options().points_per_batch / points);
  }

  const PathEnergy& energy_;
  const Margin& margin_;
  Tensor start_;
  int64_t segments_, subdivisions_;
  Tensor multiplier_, penalty_;  ///< λ, ρ: [rows]
  Tensor scale_, stiffness_;     ///< J at first, n/‖z1 − z0‖²: [rows]
};

/// Samples of the prior that are inside, [k, D] float64.
Tensor samples_inside(const Margin& margin, const LatentSampler& prior, const NearestEndOptions& options,
                      at::ScalarType dtype, const ProgressObserver& progress,
                      const CancellationToken& cancellation, NearestEnds& found) {
  auto generator = make_generator(options.seed);
  std::vector<Tensor> inside;
  while (found.drawn < options.max_draws && found.inside < options.inside) {
    LATENTPATH_CHECK(!cancellation.cancelled(), kInterrupted, "interrupted before there was a path");
    const int64_t some = std::min(kDraw, options.max_draws - found.drawn);
    const Tensor z = prior(some, generator).to(dtype);
    found.drawn += some;
    const Tensor chosen = (margin.at_points(z) >= 0).nonzero().view(-1);
    found.inside += chosen.size(0);
    inside.push_back(z.index_select(0, chosen).to(at::kDouble));
    if (progress)
      progress({.stage = "samples of the end",
                .done = std::min(found.inside, options.inside),
                .total = options.inside,
                .activity = Activity::kFreeEnd});
  }
  if (found.inside == 0)
    throw NoSampleInside(
        ErrorKind::kNumerical,
        join_message("none of ", found.drawn,
                     " samples of the prior has what the end is to have with a certainty of ",
                     options.certainty, ": ask for less"));
  return at::cat(inside);
}

/// On the straight ways from `outside` to `inside` [rows, D], the places where what is inside begins, a
/// little on its side of the rim; in `dtype`, by which they are judged.
Tensor at_the_rim(const Margin& margin, const Tensor& outside, const Tensor& inside, at::ScalarType dtype) {
  Tensor low = at::zeros({outside.size(0), 1}, at::kDouble), high = at::ones_like(low);
  const auto between = [&](const Tensor& t) {
    return (outside + t * (inside - outside)).to(dtype).to(at::kDouble);
  };
  for (int k = 0; k < kHalvings; ++k) {
    const Tensor middle = (low + high) / 2;
    const Tensor in = (margin.at_points(between(middle).to(dtype)) >= 0).unsqueeze(1);
    high = at::where(in, middle, high);
    low = at::where(in, low, middle);
  }
  return between(high);
}

/// Of all rows of a pair the cheapest: [pairs].
Tensor cheapest(const Tensor& cost, int64_t starts) {
  return at::nan_to_num(cost, std::numeric_limits<double>::max()).view({-1, starts}).argmin(1);
}

}  // namespace

const OptionTable<NearestEndOptions>& nearest_end_option_table() {
  using O = NearestEndOptions;
  static const OptionTable<O> table =
      OptionTable<O>()
          .group("Nearest ends")
          .add("inside", &O::inside)
          .help("Samples of the prior that have what the end is to have, wanted as first ends")
          .range(1, 1000000)
          .add("max-draws", &O::max_draws)
          .help("Samples that are looked at for them, at most")
          .range(1, 100000000)
          .add("starts", &O::starts)
          .help("Of those the nearest to a start by their images, from which its end is sought")
          .range(1, 1000)
          .add("segments", &O::segments)
          .help("Segments of the paths by which ends are compared")
          .range(2, 100000)
          .add("subdivisions", &O::subdivisions)
          .help("Cost midpoints a segment of these")
          .range(1, 1024)
          .add("iterations", &O::iterations)
          .help("Iterations of a round, at most")
          .range(1, 1000000)
          .add("decrease", &O::decrease)
          .help("A round ends when 3 iterations together lower the cost by less than this share")
          .at_least(0)
          .add("rounds", &O::rounds)
          .help("Rounds, each of which asks anew for what the one before left of the certainty")
          .range(1, 1000)
          .add("staying", &O::staying)
          .help("What staying at the start costs in the first round, in first costs")
          .range(1e-3, 1e6);
  return table;
}

void NearestEnds::place(const NearestEnds& some, const Tensor& pairs, int64_t count) {
  const auto put = [&](Tensor& all, const Tensor& part) {
    if (!all.defined()) {
      std::vector<int64_t> shape = part.sizes().vec();
      shape[0] = count;
      all = at::zeros(shape, part.options());
    }
    all.index_copy_(0, pairs, part);
  };
  put(ends, some.ends);
  put(paths, some.paths);
  put(cost, some.cost);
}

NearestEnds nearest_ends(const PathEnergy& energy, const Quality& condition, const LatentSampler& prior,
                         const Tensor& start, const NearestEndOptions& options,
                         const ProgressObserver& progress, const CancellationToken& cancellation) {
  LATENTPATH_CHECK(options.certainty > kSure && options.certainty < 1 - kSure, kArgument, "`certainty` is ",
                   options.certainty, ": it must lie between ", kSure, " and 1 - ", kSure,
                   ", which is as sure as float32 can be");
  nearest_end_option_table().validate(options);
  LATENTPATH_CHECK(!condition.depends_on_time(), kArgument, "what an end is to have cannot depend on time");
  const at::ScalarType dtype = start.scalar_type();
  const Margin margin(energy.embedding(), condition, options.certainty);
  NearestEnds found;
  const Tensor pool = samples_inside(margin, prior, options, dtype, progress, cancellation, found);
  const int64_t pairs = start.size(0), k = std::min(options.starts, pool.size(0)), n = options.segments;

  // From the nearest samples by their images, first to the rim.
  const Tensor from = start.to(at::kDouble);
  const Tensor distance =
      image_distances(energy, energy.decode(start).flatten(1), energy.decode(pool.to(dtype)).flatten(1));
  const Tensor nearest = std::get<1>(distance.topk(k, 1, /*largest=*/false)).view(-1);
  const Tensor inside = pool.index_select(0, nearest);
  const Tensor starts = from.repeat_interleave(k, 0);
  const Tensor times = uniform_times(n);
  const Tensor rim = at_the_rim(margin, starts, inside, dtype);

  FreeEndObjective objective(energy, margin, starts, options);
  Tensor x = linear_path(starts, rim, times).narrow(1, 1, n).flatten(1).contiguous();
  objective.scale(objective.nodes(x));
  StoppingOptions stopping;
  stopping.max_iterations = options.iterations;
  stopping.relative_decrease = options.decrease;
  for (int64_t round = 0; round < options.rounds && !cancellation.cancelled(); ++round) {
    const auto solver = make_solver<Tensor>("lbfgs");
    x = solve(objective, x, *solver, stopping, {}, cancellation).state.x;
    objective.update_multipliers(x);
    if (progress)
      progress({.stage = "nearest ends",
                .done = round + 1,
                .total = options.rounds,
                .activity = Activity::kFreeEnd});
  }

  // What is a hair outside goes to the rim, and its path with it.
  const at::NoGradGuard no_gradient;
  Tensor nodes = objective.nodes(x);
  const Tensor last = nodes.select(1, n).to(dtype);
  const Tensor outside = (margin.at_points(last) >= 0).logical_not().unsqueeze(1);
  const Tensor end =
      at::where(outside, at_the_rim(margin, last.to(at::kDouble), inside, dtype), last.to(at::kDouble));
  nodes = nodes + times.view({1, -1, 1}) * (end - nodes.select(1, n)).unsqueeze(1);
  const Tensor cost = objective.costs(nodes);
  const Tensor best = cheapest(cost, k) + at::arange(pairs, at::kLong) * k;
  found.paths = nodes.index_select(0, best);
  found.cost = cost.index_select(0, best).to(at::kDouble);
  found.ends = end.index_select(0, best).to(dtype);
  // Who is there already stays.
  const Tensor there = (margin.at_points(start) >= 0).view({-1, 1});
  found.ends = at::where(there, start, found.ends);
  found.paths = at::where(there.unsqueeze(2), from.unsqueeze(1), found.paths);
  found.cost = found.cost.masked_fill(there.view(-1), 0);
  return found;
}

}  // namespace latentpath
