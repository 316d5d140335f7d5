#include "latentpath/measure/interpolate_measures.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iomanip>
#include <limits>

#include "latentpath/core/error.h"
#include "latentpath/core/memory.h"
#include "latentpath/core/random.h"
#include "latentpath/path/find_path.h"
#include "latentpath/solver/methods.h"

namespace latentpath {
namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

std::vector<double> to_vector(const Tensor& t) {
  const Tensor c = t.contiguous();
  return {c.data_ptr<double>(), c.data_ptr<double>() + c.numel()};
}
Tensor to_tensor(const std::vector<double>& v, at::IntArrayRef shape) {
  return at::tensor(v, at::kDouble).view(shape);
}

SampleView view(const Tensor& points, const Tensor& weights) {
  SampleView sample{{points.data_ptr<double>(), static_cast<size_t>(points.numel())}, points.size(-1)};
  if (weights.defined()) sample.weights = {weights.data_ptr<double>(), static_cast<size_t>(weights.numel())};
  return sample;
}

/// MMD² between neighbours, by all pairs or by random features.
class Distances {
 public:
  Distances(RadialKernel kernel, bool exact, int64_t features, uint64_t seed)
      : kernel_(std::move(kernel)), exact_(exact), features_(features), seed_(seed) {}

  const RadialKernel& kernel() const { return kernel_; }
  bool exact() const { return exact_; }

  /// path.points [K + 1, N, d] contiguous. `rounding` of the result is the standard error of random features.
  std::vector<SquaredMmd> steps(const MeasurePath& path, bool gradients) const {
    std::vector<SampleView> chain;
    std::vector<Tensor> kept;  // what the views look at
    for (int64_t j = 0; j < path.points.size(0); ++j) {
      kept.push_back(path.points[j]);
      if (path.uniform) {
        chain.push_back(view(kept.back(), {}));
      } else {
        kept.push_back(path.weights[j]);
        chain.push_back(view(kept[kept.size() - 2], kept.back()));
      }
    }
    if (exact_) return neighbour_mmds(kernel_, chain, {.gradients = gradients});
    std::vector<SquaredMmd> result;
    for (size_t j = 0; j + 1 < chain.size(); ++j) {
      RandomFeatureMmd estimate = random_feature_mmd(
          kernel_, chain[j], chain[j + 1], {.features = features_, .seed = seed_, .gradients = gradients});
      result.push_back({estimate.value, estimate.standard_error, 0, std::move(estimate.first_gradient),
                        std::move(estimate.second_gradient)});
    }
    return result;
  }

 private:
  RadialKernel kernel_;
  bool exact_;
  int64_t features_;
  uint64_t seed_;
};

/// Q_ε of every point of a path and what the paper's weight makes of it.
struct PathQuality {
  Tensor weight;   ///< n(X^j) = −Σ_i w_i log Q_ε(x_i), [K + 1]
  Tensor quality;  ///< Q(x) [K + 1, N]
};

PathQuality path_quality(const Quality& quality, const Tensor& points, const Tensor& weights,
                         double epsilon) {
  const int64_t nodes = points.size(0), count = points.size(1);
  const Tensor flat = points.reshape({nodes * count, points.size(2)});
  const Tensor q =
      quality.evaluate({flat, at::zeros({nodes * count}, flat.options().requires_grad(false)), {}})
          .to(at::kDouble)
          .view({nodes, count});
  const Tensor n = -regularise(q, epsilon).log();
  return {(n * weights).sum(1), q};
}

MeasureFigures figures_of(const MeasurePath& path, const Distances& distances, const Quality* quality,
                          double epsilon, double squared_mmd) {
  MeasureFigures figures;
  const std::vector<SquaredMmd> steps = distances.steps(path, false);
  std::vector<double> squares;
  for (const SquaredMmd& step : steps) {
    figures.cost += step.value;
    figures.rounding += step.rounding;
    figures.clamped += step.clamped;
    squares.push_back(step.value);
    figures.steps.push_back(std::sqrt(step.value));
    figures.length += figures.steps.back();
  }
  const auto count = static_cast<double>(steps.size());
  const auto [low, high] = std::minmax_element(figures.steps.begin(), figures.steps.end());
  figures.step_spread = figures.length > 0 ? (*high - *low) * count / figures.length : 0;
  figures.cost_over_bound =
      squared_mmd > 0 ? count * figures.cost / squared_mmd : std::numeric_limits<double>::quiet_NaN();
  if (quality != nullptr) {
    const at::NoGradGuard no_gradient;
    const PathQuality at = path_quality(*quality, path.points, path.weights, epsilon);
    const Tensor n2 = at.weight.square();
    double weighted = 0;
    for (size_t j = 0; j < squares.size(); ++j) {
      const auto k = static_cast<int64_t>(j);
      weighted += 0.5 * (n2[k].item<double>() + n2[k + 1].item<double>()) * squares[j];
    }
    figures.weighted_cost = weighted;
    figures.mean_quality = (at.quality * path.weights).sum(1).mean().item<double>();
    figures.min_quality = at.quality.min().item<double>();
  }
  return figures;
}

/// Σ_j ½(n_j² + n_{j+1}²) MMD²(X^{j+1}, X^j), or Eq. 13 without a quality, and its gradient with respect to
/// all nodes, [K + 1, N, d].
std::pair<double, Tensor> cost_of(const MeasurePath& path, const Distances& distances, const Quality* quality,
                                  double epsilon) {
  const int64_t nodes = path.points.size(0), steps = nodes - 1;
  const std::vector<SquaredMmd> squares = distances.steps(path, true);
  Tensor gradient = at::zeros_like(path.points);
  std::vector<double> factor(static_cast<size_t>(steps), 1.0), values;
  for (const SquaredMmd& square : squares) values.push_back(square.value);
  if (quality != nullptr) {
    const at::AutoGradMode enabled(true);
    const Tensor leaf = path.points.detach().clone().requires_grad_(true);
    const Tensor weight = path_quality(*quality, leaf, path.weights, epsilon).weight;
    const std::vector<double> n = to_vector(weight.detach());
    // d/dn_j of Σ ½(n_j² + n_{j+1}²) s_j is n_j (s_{j−1} + s_j).
    std::vector<double> pull(n.size(), 0.0);
    for (size_t j = 0; j < values.size(); ++j) {
      factor[j] = 0.5 * (n[j] * n[j] + n[j + 1] * n[j + 1]);
      pull[j] += n[j] * values[j];
      pull[j + 1] += n[j + 1] * values[j];
    }
    if (weight.requires_grad()) {
      const auto got =
          torch::autograd::grad({(weight * to_tensor(pull, {nodes})).sum()}, {leaf}, {}, false, false, true);
      if (got[0].defined()) gradient += got[0];
    }
  }
  double total = 0;
  for (int64_t j = 0; j < steps; ++j) {
    const auto at = static_cast<size_t>(j);
    total += factor[at] * values[at];
    const at::IntArrayRef shape = path.points.sizes().slice(1);
    gradient[j] += factor[at] * to_tensor(squares[at].first_gradient, shape);
    gradient[j + 1] += factor[at] * to_tensor(squares[at].second_gradient, shape);
  }
  return {total, gradient};
}

/// The first step of a descent moves the variables by 1/50 of the points' spread, in the mean square,
/// whatever the size of the gradient: a step of the gradient itself may throw points to where no kernel
/// reaches them. Later steps are scaled by what L-BFGS learns.
class FirstStep {
 public:
  explicit FirstStep(const Tensor& points)
      : length_(0.02 * points.flatten(0, 1).std(0, false).mean().item<double>()) {}
  Tensor operator()(const Tensor& gradient) {
    if (scale_ == 0) {
      const double size = (gradient.norm() / std::sqrt(static_cast<double>(gradient.numel()))).item<double>();
      scale_ = size > 0 && length_ > 0 ? length_ / size : 1;
    }
    return scale_ * gradient;
  }

 private:
  double length_, scale_ = 0;
};

/// Eq. 13 as a function of the points of X¹ … X^{K−1}, flat in one row.
class MeasureObjective final : public Objective {
 public:
  MeasureObjective(const Distances& distances, const Quality* quality, double epsilon, MeasurePath path)
      : distances_(distances),
        quality_(quality),
        epsilon_(epsilon),
        path_(std::move(path)),
        first_step_(path_.points) {}
  Tensor precondition(const Tensor& gradient, const Tensor& /*rows*/) override {
    return first_step_(gradient);
  }

  int64_t problems() const override { return 1; }
  int64_t variables() const override { return path_.points.numel() / nodes() * (nodes() - 2); }
  int64_t nodes() const { return path_.points.size(0); }

  MeasurePath at(const Tensor& x) const {
    MeasurePath path = path_;
    path.points = path_.points.clone();
    path.points.narrow(0, 1, nodes() - 2)
        .copy_(x.view({nodes() - 2, path_.points.size(1), path_.points.size(2)}));
    return path;
  }

  /// Value and gradient with respect to all nodes, [K + 1, N, d].
  std::pair<double, Tensor> cost(const MeasurePath& path) const {
    return cost_of(path, distances_, quality_, epsilon_);
  }

  ObjectiveValue evaluate(const Tensor& x, const Tensor& /*rows*/) override {
    const auto [value, gradient] = cost(at(x[0]));
    return {at::full({1}, value, at::kDouble), gradient.narrow(0, 1, nodes() - 2).reshape({1, -1})};
  }

 private:
  const Distances& distances_;
  const Quality* quality_;
  double epsilon_;
  MeasurePath path_;
  FirstStep first_step_;
};

/// The same through the parameters of a curve in the space of samples, R^{N d} (paper A, Eq. 9).
class CurveObjective final : public Objective {
 public:
  CurveObjective(const MeasureObjective& nodes, std::shared_ptr<const Curve> curve, const MeasurePath& path)
      : nodes_(nodes),
        curve_(std::move(curve)),
        path_(path),
        times_(uniform_times(path.points.size(0) - 1)) {}

  int64_t problems() const override { return 1; }
  int64_t variables() const override { return curve_->parameter_count(); }

  Tensor points(const Tensor& parameters) const {
    return curve_
        ->at(parameters, path_.points[0].view({1, -1}), path_.points[path_.points.size(0) - 1].view({1, -1}),
             times_)
        .view(path_.points.sizes());
  }
  ObjectiveValue evaluate(const Tensor& x, const Tensor& /*rows*/) override {
    const at::AutoGradMode enabled(true);
    const Tensor leaf = x.detach().requires_grad_(true);
    const Tensor nodes = points(leaf);
    MeasurePath path = path_;
    path.points = nodes.detach().contiguous();
    const auto [value, gradient] = nodes_.cost(path);
    const auto got = torch::autograd::grad({nodes}, {leaf}, {gradient}, false, false, true);
    if (value < best_value_) {
      best_value_ = value;
      best_ = path.points;
    }
    return {at::full({1}, value, at::kDouble), got[0].defined() ? got[0] : at::zeros_like(x)};
  }
  /// The best curve met, not the last.
  const Tensor& best() const { return best_; }

 private:
  const MeasureObjective& nodes_;
  std::shared_ptr<const Curve> curve_;
  MeasurePath path_;
  Tensor times_;
  double best_value_ = std::numeric_limits<double>::infinity();
  Tensor best_;
};

/// The same over the amplitudes a [harmonics, N, d] of sine waves added to a path: motions that stay smooth.
class SmoothObjective final : public Objective {
 public:
  SmoothObjective(const MeasureObjective& nodes, MeasurePath path, int64_t harmonics)
      : nodes_(nodes), path_(std::move(path)), harmonics_(harmonics), first_step_(path_.points) {
    const int64_t steps = path_.points.size(0) - 1;
    const Tensor m = at::arange(1, harmonics + 1, at::kDouble);
    // Divided by m: a wave of a given amplitude then costs the same speed whatever its frequency.
    waves_ = at::sin(M_PI * uniform_times(steps).unsqueeze(1) * m) / m;
    waves_[0].zero_();
    waves_[steps].zero_();
  }
  int64_t problems() const override { return 1; }
  Tensor precondition(const Tensor& gradient, const Tensor& /*rows*/) override {
    return first_step_(gradient);
  }
  int64_t variables() const override { return harmonics_ * path_.points[0].numel(); }
  MeasurePath at(const Tensor& a) const {
    MeasurePath path = path_;
    path.points = path_.points + waves_.mm(a.view({harmonics_, -1})).view(path_.points.sizes());
    return path;
  }
  ObjectiveValue evaluate(const Tensor& x, const Tensor& /*rows*/) override {
    const auto [value, gradient] = nodes_.cost(at(x[0]));
    return {at::full({1}, value, at::kDouble), waves_.t().mm(gradient.flatten(1)).reshape({1, -1})};
  }

 private:
  const MeasureObjective& nodes_;
  MeasurePath path_;
  int64_t harmonics_;
  FirstStep first_step_;
  Tensor waves_;  ///< sin(mπ t_j)/m, [K + 1, harmonics]
};

/// Both ends as particles: the same number of points, each with one weight from start to end.
struct Particles {
  Tensor from, to;  ///< [N, d]
  Tensor weights;   ///< [N]
  bool uniform = false;
};

MeasurePath straight_path(const Particles& particles, int64_t steps) {
  const Tensor t = uniform_times(steps).view({-1, 1, 1});
  MeasurePath path;
  path.points = (1 - t) * particles.from + t * particles.to;
  path.points[0].copy_(particles.from);  // to the last bit
  path.points[steps].copy_(particles.to);
  path.weights = particles.weights.expand({steps + 1, -1}).contiguous();
  path.uniform = particles.uniform;
  return path;
}

/// Points jump from start to end one by one, evenly over time, in random order: the sampled mixture.
MeasurePath jumping_path(const Particles& particles, int64_t steps, at::Generator generator) {
  const int64_t count = particles.weights.size(0);
  const Tensor order = at::randperm(count, generator, at::kLong);
  const Tensor reached =
      particles.weights.index_select(0, order).cumsum(0) - 0.5 * particles.weights.index_select(0, order);
  Tensor when = at::empty({count}, at::kDouble);
  when.index_copy_(0, order, reached);
  MeasurePath path = straight_path(particles, steps);
  for (int64_t j = 1; j < steps; ++j) {
    const Tensor jumped = (when < static_cast<double>(j) / static_cast<double>(steps)).unsqueeze(1);
    path.points[j].copy_(at::where(jumped, particles.to, particles.from));
  }
  return path;
}

class Search {
 public:
  Search(const MeasureProblem& problem, const MeasureOptions& options, const ProgressObserver& progress,
         const CancellationToken& cancellation)
      : options_(options), progress_(progress), cancellation_(cancellation) {
    check_options(problem);
    start_ = problem.start.detach().to(at::kCPU, at::kDouble).contiguous();
    end_ = problem.end.detach().to(at::kCPU, at::kDouble).contiguous();
    start_weights_ = prepare_weights(problem.start_weights, start_, "start");
    end_weights_ = prepare_weights(problem.end_weights, end_, "end");
    compare_masses(problem);
    quality_ = problem.quality;
    const SampleView x = view(start_, start_weights_), y = view(end_, end_weights_);
    const RadialKernel kernel =
        problem.kernel ? *problem.kernel : RadialKernel::by_name("gaussian", {median_distance(x, y)});
    const bool exact = start_.size(0) + end_.size(0) <= options.exact_mmd_points;
    distances_ = std::make_unique<Distances>(kernel, exact, options.features, options.seed);
    result_.kernel = kernel.describe();
  }

  MeasureResult run() {
    const auto begin = Clock::now();
    result_.kind = options_.kind;
    result_.seed = options_.seed;
    result_.times = uniform_times(options_.steps);
    if (options_.kind != MeasureKind::kMixture || options_.baselines) choose_transport();
    measure_ends();
    result_.mixture = mixture_path();
    result_.mixture_figures = figures(*result_.mixture);
    if (options_.kind == MeasureKind::kDisplacement || options_.baselines) displace();
    if (options_.kind == MeasureKind::kMixture) {
      result_.path = *result_.mixture;
    } else if (options_.kind == MeasureKind::kDisplacement) {
      result_.path = *result_.displacement;
    } else {
      minimise();
      result_.path = result_.candidates[0].path;
    }
    result_.figures = figures(result_.path);
    if (!options_.baselines) {
      if (options_.kind != MeasureKind::kMixture) result_.mixture.reset(), result_.mixture_figures.reset();
    }
    if (result_.figures.clamped > 0)
      result_.warnings.push_back(join_message("rounding made squared distances negative by ",
                                              result_.figures.clamped, " in all; they count as 0"));
    result_.seconds = since(begin);
    return std::move(result_);
  }

 private:
  void check_options(const MeasureProblem& problem) const {
    measure_option_table().validate(options_);
    for (const auto& [name, sample] : {std::pair{"start", &problem.start}, std::pair{"end", &problem.end}}) {
      LATENTPATH_CHECK(
          sample->defined() && sample->dim() == 2 && sample->size(0) >= 1 && sample->size(1) >= 1, kArgument,
          "the ", name, " sample must have the shape [points, dimension], not ",
          sample->defined() ? shape_string(sample->sizes()) : std::string("none"));
      LATENTPATH_CHECK(at::isfinite(*sample).all().item<bool>(), kNumerical, "the ", name,
                       " sample holds NaN or infinite numbers");
    }
    LATENTPATH_CHECK(problem.start.size(1) == problem.end.size(1), kArgument,
                     "the samples' dimensions differ: ", problem.start.size(1), " and ", problem.end.size(1));
    LATENTPATH_CHECK(
        !problem.quality || options_.kind != MeasureKind::kMixture, kArgument,
        "a mixture moves no point, so a `quality` cannot change it: choose the `kind` mmd or displacement");
    LATENTPATH_CHECK(
        !problem.quality || (!problem.quality->needs_decoded() && !problem.quality->depends_on_time()),
        kArgument, "the quality of a sample's points must depend on the point alone");
  }

  static Tensor prepare_weights(const Tensor& weights, const Tensor& points, const char* name) {
    if (!weights.defined()) return {};
    LATENTPATH_CHECK(weights.dim() == 1 && weights.size(0) == points.size(0), kArgument, "the ", name,
                     " sample of ", points.size(0), " points has weights of the shape ",
                     shape_string(weights.sizes()));
    const Tensor w = weights.detach().to(at::kCPU, at::kDouble).contiguous();
    LATENTPATH_CHECK(
        at::isfinite(w).all().item<bool>() && (w >= 0).all().item<bool>() && w.sum().item<double>() > 0,
        kArgument, "the ", name, " sample's weights must be finite and not negative, and not all 0");
    return w / w.sum();
  }

  /// Only probability measures are moved: what another mass was is lost, and is said.
  void compare_masses(const MeasureProblem& problem) {
    const auto mass = [](const Tensor& weights) {
      return weights.defined() ? weights.sum(at::kDouble).item<double>() : 1.0;
    };
    const double from = mass(problem.start_weights), to = mass(problem.end_weights);
    // The weights of a softmax in float32 sum to 1 within some 1e-6.
    if (std::abs(from - to) > 1e-3 * std::max(from, to))
      result_.warnings.push_back(
          join_message("the samples have different masses, ", from, " and ", to,
                       " (sums of their weights; 1 where none are given): each is divided "
                       "by its own, and the difference plays no part"));
  }

  MeasureFigures figures(const MeasurePath& path) const {
    return figures_of(path, *distances_, quality_.get(), options_.epsilon, result_.squared_mmd);
  }

  static Tensor weights_or_uniform(const Tensor& weights, const Tensor& points) {
    return weights.defined()
               ? weights
               : at::full({points.size(0)}, 1 / static_cast<double>(points.size(0)), at::kDouble);
  }

  void measure_ends() {
    const MeasurePath ends = mixture_of(1);
    const SquaredMmd mmd = distances_->steps(ends, false)[0];
    result_.squared_mmd = mmd.value;
    result_.squared_mmd_error = mmd.rounding;
    result_.lower_bound = mmd.value / static_cast<double>(options_.steps);
    if (!distances_->exact())
      result_.warnings.push_back({join_message("distances are estimated by ", options_.features,
                                               " random features: MMD2 between the samples is ", mmd.value,
                                               " +- ", mmd.rounding, " (standard error)"),
                                  WarningKind::kScope});
    if (mmd.value == 0)
      result_.warnings.push_back(
          "the samples are equal, so that MMD2 between them is 0 and K*cost/MMD2 has no value");
  }

  MeasurePath mixture_of(int64_t steps) const {
    const Tensor t = uniform_times(steps).unsqueeze(1);
    MeasurePath path;
    path.points = at::cat({start_, end_}).expand({steps + 1, -1, -1}).contiguous();
    path.weights = at::cat(
        {(1 - t) * weights_or_uniform(start_weights_, start_), t * weights_or_uniform(end_weights_, end_)},
        1);
    return path;
  }
  MeasurePath mixture_path() const { return mixture_of(options_.steps); }

  /// Exact or entropic, and where entropic, why: before anything long begins.
  void choose_transport() {
    if (options_.transport == "entropic") {
      not_exact_ = "`transport` is entropic";
      return;
    }
    if (start_.size(1) == 1) return;  // by sorting
    const auto pairs = static_cast<double>(start_.size(0)) * static_cast<double>(end_.size(0));
    const bool weighted = start_weights_.defined() || end_weights_.defined();
    const TransportEffort effort = exact_transport_effort(start_.size(0), end_.size(0), weighted);
    const double gigabytes =
        options_.memory > 0 ? options_.memory : static_cast<double>(available_memory()) / 2e9;
    const std::string needs = join_message("an exact transport of ", start_.size(0), " x ", end_.size(0),
                                           " points takes ", std::setprecision(3), effort.bytes / 1e9, " GB");
    const bool fits = effort.bytes / 1e9 <= gigabytes;
    LATENTPATH_CHECK(fits || options_.transport != "exact", kArgument, needs, ", and ", std::setprecision(3),
                     gigabytes,
                     " GB are to be used: give more `memory`, smaller samples, or the "
                     "`transport` entropic");
    if (options_.transport == "auto" && pairs > static_cast<double>(options_.exact_transport_pairs))
      not_exact_ = join_message("it is made up to ", options_.exact_transport_pairs,
                                " pairs of points; these samples have ", static_cast<int64_t>(pairs));
    else if (!fits)
      not_exact_ = join_message(needs, ", and ", std::setprecision(3), gigabytes, " GB are to be used");
    if (not_exact_.empty() && effort.seconds > 10 && progress_) {
      Progress said;
      said.note = join_message(needs, ", and about ", std::lround(effort.seconds), " seconds");
      progress_(said);
    }
  }
  bool exact_transport_fits() const { return not_exact_.empty(); }
  bool equal_sizes() const {
    return start_.size(0) == end_.size(0) && !start_weights_.defined() && !end_weights_.defined();
  }

  const Particles& matched() {
    if (matched_) return *matched_;
    tell("matching the samples", 0, 0);
    const TransportPlan plan =
        exact_transport(view(start_, start_weights_), view(end_, end_weights_), cancellation_);
    std::vector<int64_t> from, to;
    std::vector<double> mass;
    for (const auto& move : plan.moves)
      from.push_back(move.from), to.push_back(move.to), mass.push_back(move.mass);
    matched_ = Particles{start_.index_select(0, at::tensor(from, at::kLong)),
                         end_.index_select(0, at::tensor(to, at::kLong)), at::tensor(mass, at::kDouble),
                         equal_sizes()};
    result_.transport = "exact";
    result_.transport_cost = result_.transport_upper_bound = plan.cost;
    result_.transport_lower_bound = plan.lower_bound();
    return *matched_;
  }

  void displace() {
    if (exact_transport_fits())
      result_.displacement = displaced_particles();
    else
      displace_by_entropy();
    result_.displacement_figures = figures(*result_.displacement);
  }

  /// Matched particles on their way: straight, or with a quality each on its best path.
  const MeasurePath& displaced_particles() {
    if (!displaced_) {
      displaced_ = straight_path(matched(), options_.steps);
      if (quality_ && options_.steps > 1) bend(*displaced_);
    }
    return *displaced_;
  }

  /// Each particle takes the best path under the quality between its two ends.
  void bend(MeasurePath& path) {
    tell("paths of the points", 0, 0);
    PathProblem problem;
    problem.embedding = identity_embedding(start_.size(1));
    problem.quality = quality_;
    problem.start = matched_->from;
    problem.end = matched_->to;
    PathOptions options;
    options.segments = std::max<int64_t>(32, options_.steps);
    options.epsilon = options_.epsilon;
    options.cost = "chord";
    options.seed = options_.seed;
    const PathResult found = find_path(problem, options, {}, cancellation_);
    const Tensor nodes = interpolate_polyline(found.nodes, found.times, result_.times);  // [N, K + 1, d]
    path.points.narrow(0, 1, options_.steps - 1)
        .copy_(nodes.transpose(0, 1).narrow(0, 1, options_.steps - 1));
  }

  /// Both maps at once: X sent forward fades out while Y sent back fades in, so that the ends are exact.
  void displace_by_entropy() {
    LATENTPATH_CHECK(!quality_ || options_.kind != MeasureKind::kDisplacement, kArgument,
                     "displacement with a quality needs an exact transport: ", not_exact_);
    tell("entropic transport", 0, 0);
    const EntropicTransport found = entropic_transport(view(start_, start_weights_), view(end_, end_weights_),
                                                       options_.entropic, cancellation_);
    const Tensor forward = to_tensor(found.forward, start_.sizes()),
                 backward = to_tensor(found.backward, end_.sizes());
    const Tensor t = result_.times.view({-1, 1, 1});
    MeasurePath path = mixture_path();
    const int64_t n = start_.size(0);
    path.points.narrow(1, 0, n).copy_((1 - t) * start_ + t * forward);
    path.points.narrow(1, n, end_.size(0)).copy_((1 - t) * backward + t * end_);
    path.points[0].narrow(0, 0, n).copy_(start_);
    path.points[options_.steps].narrow(0, n, end_.size(0)).copy_(end_);
    result_.displacement = std::move(path);
    result_.transport = "entropic";
    result_.transport_cost = found.cost;
    result_.transport_lower_bound = found.lower_bound;
    result_.transport_upper_bound = found.upper_bound;
    result_.entropic_blur = found.blur;
    MeasurePath gap;
    gap.points = at::cat({forward, end_}).expand({2, -1, -1}).contiguous();
    const Tensor w = weights_or_uniform(start_weights_, start_), v = weights_or_uniform(end_weights_, end_);
    gap.weights = at::stack({at::cat({w, at::zeros_like(v)}), at::cat({at::zeros_like(w), v})});
    result_.entropic_end_gap = std::sqrt(distances_->steps(gap, false)[0].value);
    result_.warnings.push_back(join_message(
        "displacement is entropic (blur ", found.blur, "), since ", not_exact_,
        ": the squared Wasserstein distance lies between ", found.lower_bound, " and ", found.upper_bound,
        "; the sample sent forward ends at an MMD of ", result_.entropic_end_gap, " from the other one"));
  }

  void minimise() {
    result_.method = solver().name;
    std::vector<std::string> starts;
    const bool can_match = exact_transport_fits(), can_pair = equal_sizes();
    LATENTPATH_CHECK(can_match || can_pair, kArgument, "samples of ", start_.size(0), " and ", end_.size(0),
                     " points have no common particles without an exact transport, and ", not_exact_,
                     ": use samples of equal size, or the `kind` mixture or displacement");
    if (options_.start == "auto") {
      starts = {"random"};
      if (can_match) starts.emplace_back("matched");
      if (can_pair) starts.emplace_back("straight");
      if (can_match && options_.curve == "polyline") starts.emplace_back("smooth");
    } else {
      LATENTPATH_CHECK(options_.start != "straight" || can_pair, kArgument,
                       "the straight start joins the i-th points of "
                       "both samples, which must have equal size and no weights, not ",
                       start_.size(0), " and ", end_.size(0), " points: use the start matched or random");
      LATENTPATH_CHECK((options_.start != "matched" && options_.start != "smooth") || can_match, kArgument,
                       "the ", options_.start, " start needs an exact transport: ", not_exact_);
      starts = {options_.start};
    }
    for (const std::string& name : starts) {
      if (!result_.candidates.empty() && cancellation_.cancelled()) break;
      result_.candidates.push_back(options_.curve == "neural" ? by_curve(name)
                                   : name == "smooth"         ? smoothly()
                                                              : directly(name));
    }
    const auto key = [](const MeasureCandidate& c) {
      const double cost = c.figures.weighted_cost.value_or(c.figures.cost);
      return std::isfinite(cost) ? cost : std::numeric_limits<double>::infinity();
    };
    std::stable_sort(result_.candidates.begin(), result_.candidates.end(),
                     [&](const MeasureCandidate& a, const MeasureCandidate& b) { return key(a) < key(b); });
  }

  Particles pair_in_order() const { return {start_, end_, weights_or_uniform({}, start_), true}; }

  MeasurePath first_path(const std::string& name, int64_t steps) {
    if (name == "matched") return quality_ ? displaced_particles() : straight_path(matched(), steps);
    if (name == "straight") return straight_path(pair_in_order(), steps);
    return jumping_path(equal_sizes() ? pair_in_order() : matched(), steps,
                        make_generator(options_.seed + 1));
  }

  const SolverMethod& solver() const {
    if (options_.method != "auto") return solver_method(options_.method);
    return solver_method(options_.curve == "neural" ? "adam" : "lbfgs");
  }

  SolveResult descend(Objective& objective, const Tensor& x0, const std::string& stage,
                      Clock::time_point begin) const {
    const SolverMethod& method = solver();
    StoppingOptions stopping;
    stopping.max_iterations = options_.max_iterations > 0 ? options_.max_iterations
                              : method.takes_rate         ? 1000
                                                          : 400;
    if (!method.takes_rate) {
      stopping.relative_decrease = options_.tolerance;
      stopping.patience = 5;
    }
    if (options_.max_seconds > 0) stopping.max_seconds = std::max(1e-3, options_.max_seconds - since(begin));
    const auto solver = make_solver<Tensor>(method.name, {.lbfgs = {.memory = 20},
                                                          .adam = {.learning_rate = options_.learning_rate},
                                                          .sgd = {.learning_rate = options_.learning_rate}});
    const auto watch = [&](const SolverState& state) {
      tell(stage, state.iteration, stopping.max_iterations, state.value[0].item<double>());
    };
    return solve(objective, x0, *solver, stopping, watch, cancellation_);
  }

  static void record(MeasureCandidate& candidate, const SolveResult& solved) {
    const SolverState& state = solved.state;
    candidate.termination = state.termination[0];
    candidate.iterations += state.iteration;
    candidate.evaluations += state.evaluations;
    if (state.x.numel() > 0)
      candidate.gradient_residual =
          (state.gradient.norm() * state.x.norm() / state.value[0].abs().clamp_min(1e-300)).item<double>();
  }

  /// The matched points on smooth motions.
  MeasureCandidate smoothly() {
    const auto begin = Clock::now();
    MeasureCandidate candidate;
    candidate.name = "smooth";
    candidate.title = "mmd, best smooth motion";
    MeasurePath path = displaced_particles();
    const MeasureObjective nodes(*distances_, quality_.get(), options_.epsilon, path);
    SmoothObjective objective(nodes, path,
                              std::min(options_.harmonics, std::max<int64_t>(1, options_.steps - 1)));
    const SolveResult solved = descend(objective, at::zeros({1, objective.variables()}, at::kDouble),
                                       "smooth motion of matched points", begin);
    record(candidate, solved);
    return finish(std::move(candidate), objective.at(solved.state.x[0]), begin);
  }

  static MeasureCandidate candidate_from(const std::string& name) {
    MeasureCandidate candidate;
    candidate.name = name;
    candidate.title = "mmd, " + name + " start";
    return candidate;
  }

  /// The points themselves move, coarse to fine in K.
  MeasureCandidate directly(const std::string& name) {
    const auto begin = Clock::now();
    MeasureCandidate candidate = candidate_from(name);
    std::vector<int64_t> levels{options_.steps};
    while (levels.front() >= 6) levels.insert(levels.begin(), (levels.front() + 1) / 2);
    // A jump has no points between, and particles on their best paths are not straightened again.
    if (name == "random" || (name == "matched" && quality_)) levels = {options_.steps};
    MeasurePath path = first_path(name, levels.front());
    for (const int64_t steps : levels) {
      if (path.points.size(0) != steps + 1) path = refine(path, steps);
      MeasureObjective objective(*distances_, quality_.get(), options_.epsilon, path);
      const Tensor x0 = path.points.narrow(0, 1, steps - 1).reshape({1, -1});
      const SolveResult solved =
          descend(objective, x0, join_message("from the ", name, " start, ", steps, " steps"), begin);
      path = objective.at(solved.state.x[0]);
      record(candidate, solved);
      if (cancellation_.cancelled() && steps != options_.steps) {
        path = refine(path, options_.steps);
        break;
      }
    }
    return finish(std::move(candidate), std::move(path), begin);
  }

  /// The neural curve of paper A through the space of samples.
  MeasureCandidate by_curve(const std::string& name) {
    const auto begin = Clock::now();
    MeasureCandidate candidate = candidate_from(name);
    MeasurePath path = first_path(name, options_.steps);
    MeasureObjective nodes(*distances_, quality_.get(), options_.epsilon, path);
    NeuralCurveOptions neural = options_.neural;
    neural.seed = options_.seed;
    const auto curve = neural_curve(path.points[0].numel(), neural);
    const Tensor parameters = curve->fit(path.points.flatten(1).unsqueeze(0), uniform_times(options_.steps));
    CurveObjective objective(nodes, curve, path);
    const SolveResult solved =
        descend(objective, parameters, "neural curve from the " + name + " start", begin);
    path.points = objective.best().defined() ? objective.best() : path.points;
    record(candidate, solved);
    return finish(std::move(candidate), std::move(path), begin);
  }

  static MeasurePath refine(const MeasurePath& path, int64_t steps) {
    MeasurePath finer = path;
    const Tensor flat = path.points.flatten(1).unsqueeze(0);
    finer.points = interpolate_polyline(flat, uniform_times(path.points.size(0) - 1), uniform_times(steps))[0]
                       .view({steps + 1, path.points.size(1), path.points.size(2)})
                       .contiguous();
    finer.points[0].copy_(path.points[0]);
    finer.points[steps].copy_(path.points[path.points.size(0) - 1]);
    finer.weights = path.weights[0].expand({steps + 1, -1}).contiguous();
    return finer;
  }

  MeasureCandidate finish(MeasureCandidate candidate, MeasurePath path, Clock::time_point begin) const {
    candidate.figures = figures(path);
    candidate.path = std::move(path);
    candidate.seconds = since(begin);
    return candidate;
  }

  void tell(const std::string& stage, int64_t done, int64_t total, double value = 0) const {
    if (progress_) progress_({stage, done, total, value});
  }

  const MeasureOptions& options_;
  const ProgressObserver& progress_;
  CancellationToken cancellation_;
  Tensor start_, end_, start_weights_, end_weights_;
  QualityPointer quality_;
  std::unique_ptr<Distances> distances_;
  std::string not_exact_;  ///< why transport is entropic; empty: it is exact
  std::optional<Particles> matched_;
  std::optional<MeasurePath> displaced_;
  MeasureResult result_;
};

}  // namespace

std::string measure_kind_name(MeasureKind kind) {
  switch (kind) {
    case MeasureKind::kMixture:
      return "mixture";
    case MeasureKind::kDisplacement:
      return "displacement";
    default:
      return "mmd";
  }
}

MeasureResult interpolate_measures(const MeasureProblem& problem, const MeasureOptions& options,
                                   const ProgressObserver& progress, const CancellationToken& cancellation) {
  const MeasureOptions asked = with_kind_for_method(options);
  return Search(problem, asked, progress, cancellation).run();
}

MeasureFigures measure_figures(const MeasurePath& path, const RadialKernel& kernel) {
  LATENTPATH_CHECK(path.points.dim() == 3 && path.points.size(0) >= 2, kArgument,
                   "a path of samples has the shape [K + 1, points, dimension] with K >= 1, not ",
                   shape_string(path.points.sizes()));
  const Distances distances(kernel, true, 2, 0);
  MeasurePath ends = path;
  const int64_t last = path.points.size(0) - 1;
  ends.points = at::stack({path.points[0], path.points[last]});
  if (path.weights.defined()) ends.weights = at::stack({path.weights[0], path.weights[last]});
  return figures_of(path, distances, nullptr, 0.1, distances.steps(ends, false)[0].value);
}

std::pair<double, Tensor> measure_cost(const MeasurePath& path, const RadialKernel& kernel,
                                       const QualityPointer& quality, double epsilon) {
  return cost_of(path, Distances(kernel, true, 2, 0), quality.get(), epsilon);
}

MeasureProblem measure_example(int example, int64_t points, uint64_t seed) {
  LATENTPATH_CHECK(example >= 1 && example <= 3, kArgument, "the examples are 1, 2 and 3, not ", example);
  LATENTPATH_CHECK(points >= 1 && points <= 10000000, kArgument,
                   "the number of points must lie between 1 and 10000000, not at ", points);
  auto generator = make_generator(seed);
  const auto draw = [&](std::initializer_list<std::pair<double, double>> means) {
    Tensor sample = at::randn({points, 2}, generator, at::kDouble);
    const auto count = static_cast<int64_t>(means.size());
    int64_t part = 0;
    for (const auto& [x, y] : means) {
      const int64_t first = part * points / count, last = (part + 1) * points / count;
      sample.narrow(0, first, last - first) += at::tensor({x, y}, at::kDouble);
      ++part;
    }
    // In random order, so that the i-th points of two samples have nothing to do with each other.
    return sample.index_select(0, at::randperm(points, generator, at::kLong)).contiguous();
  };
  MeasureProblem problem;
  problem.start = example == 2 ? draw({{-5, 0}, {5, 0}}) : draw({{0, 0}});
  problem.end = example == 3 ? draw({{-5, -5}, {5, 5}}) : draw({{0, -5}, {0, 5}});
  problem.kernel = RadialKernel::gaussian({0.125});
  return problem;
}

std::string MeasureResult::brief_report() const {
  std::string text;
  const auto line = [&](const std::string& name, const MeasureFigures& f, const std::string& more) {
    char buffer[512], ratio[64] = "";
    if (std::isfinite(f.cost_over_bound))
      std::snprintf(ratio, sizeof ratio, "K*cost/MMD2 %-8.5g ", f.cost_over_bound);
    std::snprintf(buffer, sizeof buffer, "%-24s cost %-10.6g %ssteps equal within %.2g %%%s\n", name.c_str(),
                  f.cost, ratio, 100 * f.step_spread, more.c_str());
    text += buffer;
  };
  char buffer[512];
  std::snprintf(buffer, sizeof buffer,
                "MMD2 between the samples %.6g (%s); no path of %ld steps costs less than %.6g\n",
                squared_mmd, kernel.c_str(), static_cast<long>(times.size(0) - 1), lower_bound);
  text += buffer;
  const auto quality_of = [](const MeasureFigures& f) {
    return f.mean_quality ? join_message(", mean quality ", *f.mean_quality) : std::string();
  };
  for (const MeasureCandidate& candidate : candidates)
    line(candidate.title, candidate.figures,
         join_message(quality_of(candidate.figures), ", ", candidate.iterations, " iterations, ",
                      termination_name(candidate.termination)));
  if (mixture_figures) line("mixture", *mixture_figures, " (the geodesic)");
  if (displacement_figures) line("displacement", *displacement_figures, quality_of(*displacement_figures));
  std::snprintf(buffer, sizeof buffer, "%.3g s in all\n", seconds);
  return text + buffer;
}

}  // namespace latentpath
