#include "latentpath/path/find_geodesics.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <mutex>
#include <optional>

#include "latentpath/core/point_string.h"
#include "latentpath/core/thread_pool.h"
#include "latentpath/solver/dense_solver.h"
#include "path/dense/chord_objective.h"
#include "path/dense/polyline.h"

namespace latentpath {

namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// First-order methods, in coordinates of any scale: half of the largest step at which gradient descent is
/// stable, the usual momentum, and Adam's usual rate where coordinates have a range of 1.
constexpr double kStableStep = 0.5, kMomentum = 0.9, kAdamRate = 1e-3;
/// Values that round by more than this are of single precision; of the decrease that their rounding hides a
/// hundredth is asked for (the root of it, of residuals).
constexpr double kSinglePrecision = 1e-7, kBelowRounding = 0.1;
/// A curvature below this is negative, where the inertia was not counted: Lanczos' method settles it to 1e-2.
constexpr double kNegativeCurvature = -1e-6;
/// The vanishing eigenvalue of conjugate ends is O(1/n²) on a grid of n segments: below this over n² it is 0.
constexpr double kConjugate = 20;
/// J has lost rank where the least eigenvalue of JᵀJ is this share of the largest: its rounding.
constexpr double kRankLost = 1e-12;
/// Refined lengths are measured to this share of themselves.
constexpr double kLengthTolerance = 1e-6;
/// A level's length may hide what the refined one shows: that is measured to this part of the share asked
/// about, on so many times finer grids at most.
constexpr double kShareMeasured = 0.3;
constexpr int kFinestMeasured = 64;
/// Lengths of second order fall by 4 from level to level; so far from it they are taken for that. Differences
/// below this share are settled already.
constexpr double kLeastRatio = 3, kMostRatio = 5.5, kSettledLength = 1e-9;

/// Of one run of a solver.
struct Outcome {
  Termination termination = Termination::kIterationLimit;
  int iterations = 0;
  double cost = 0;
};

/// Of a level, on its own grid.
struct LevelLength {
  double length;
  std::size_t subdivisions;  ///< lengths of different costs are not extrapolated together
};

/// Everything one thread needs to solve one pair after another.
class PairSolver {
 public:
  PairSolver(const GeodesicProblem& problem, const GeodesicOptions& options, const SolverMethod& method,
             const CancellationToken& cancellation)
      : problem_(problem),
        metric_(problem.metric),
        options_(options),
        method_(method),
        cancellation_(cancellation),
        dim_(static_cast<std::size_t>(problem.metric.latent_dim())),
        level_set_(metric_.quality().form() == AnalyticQuality::Form::kLevelSet),
        on_nodes_(method.needs == SolverNeeds::kCurveMetric),
        objective_(metric_, problem.time_weight),
        solver_(
            make_solver<DenseRows>(method_.name, {.newton = {.escape_saddles = options.escape_saddles}})) {}

  Geodesic solve(std::size_t pair);

 private:
  std::vector<std::size_t> level_sizes() const;
  void check_finite(const std::vector<double>& nodes) const;
  std::vector<double> first_path(std::size_t pair, std::size_t segments, Geodesic& geodesic) const;
  void standstill(Geodesic& geodesic, const double* point) const;
  void certify(const Outcome& outcome, Certificate& certificate);
  void warn(Geodesic& geodesic, const CurveFigures<double>& refined);
  SolverOptions rates_at(const DenseRows& x0);
  /// Of a level.
  int most_iterations() const {
    if (options_.max_iterations > 0) return options_.max_iterations;
    return method_.takes_rate ? options_.levels.first_order_iterations : options_.levels.iterations;
  }
  void run(std::vector<double>& nodes, double tolerance, Geodesic& geodesic, Outcome& outcome);
  void stage(Geodesic& geodesic, const std::string& name, const std::vector<double>& nodes) const {
    if (options_.keep_stages) geodesic.stages.push_back({name, nodes});
  }
  void soften(std::vector<double>& nodes, bool continuation, Geodesic& geodesic);
  double kink_width(std::size_t segments) const;
  std::vector<double> richardson_lengths(const Geodesic& geodesic, const std::vector<LevelLength>& reached);
  bool hidden(const std::vector<double>& nodes, double share) const;
  bool agrees_with_refined(const Geodesic& geodesic, double extrapolated) const;
  void finish(Geodesic& geodesic, const std::vector<LevelLength>& reached);

  const GeodesicProblem& problem_;
  const WeightedMetric& metric_;
  const GeodesicOptions& options_;
  const SolverMethod& method_;
  const CancellationToken& cancellation_;
  std::size_t dim_;
  bool level_set_;
  bool on_nodes_;  ///< the method moves a curve by the metric at its nodes: one level, no finer sum
  std::size_t subdivisions_ = 1;  ///< that each segment is cut into
  detail::ChordObjective objective_;
  std::unique_ptr<DenseSolver> solver_;
};

void PairSolver::check_finite(const std::vector<double>& nodes) const {
  const std::size_t count = nodes.size() / dim_,
                    outputs = static_cast<std::size_t>(metric_.chart().output_dim());
  std::vector<double> x(count * outputs), n(count), middles((count - 1) * dim_);
  metric_.chart().values(count, nodes.data(), nullptr, x.data());
  for (std::size_t i = 0; i < x.size(); ++i)
    LATENTPATH_CHECK(std::isfinite(x[i]), kNumerical, "chart ", metric_.chart().describe(), " is ", x[i],
                     " at z = ", point_string({nodes.data() + i / outputs * dim_, dim_}),
                     " on the first path");
  for (std::size_t i = 0; i + 1 < count; ++i)
    for (std::size_t j = 0; j < dim_; ++j)
      middles[i * dim_ + j] = 0.5 * (nodes[i * dim_ + j] + nodes[(i + 1) * dim_ + j]);
  const auto check = [&](const std::vector<double>& points) {
    const std::size_t total = points.size() / dim_;
    metric_.weights(total, points.data(), nullptr, n.data());
    for (std::size_t i = 0; i < total; ++i) {
      if (std::isfinite(n[i])) continue;
      const double* z = points.data() + i * dim_;
      const double q = metric_.quality()(z);
      if (std::isinf(n[i]) || q == 0)
        throw Error(
            ErrorKind::kNumerical,
            join_message("quality ", metric_.quality().describe(), " is 0 at z = ", point_string({z, dim_}),
                         " on the first path, where lengths are then infinite: use an epsilon above 0, or "
                         "a first path that avoids the place"));
      throw Error(ErrorKind::kNumerical, join_message("quality ", metric_.quality().describe(), " is ", q,
                                                      " at z = ", point_string({z, dim_}),
                                                      " on the first path: it must be between 0 and 1"));
    }
  };
  check(nodes);
  check(middles);
  if (!metric_.target()) return;
  std::vector<double> squares(count - 1);
  metric_.squared_chords(count - 1, x.data(), squares.data());
  for (std::size_t i = 0; i + 1 < count; ++i)
    LATENTPATH_CHECK(squares[i] >= 0 && std::isfinite(squares[i]), kNumerical, metric_.target()->describe(),
                     " gives ", squares[i],
                     " for the square of a step at z = ", point_string({middles.data() + i * dim_, dim_}),
                     " on the first path: it must be finite and not negative");
}

/// Steps at which Adam and gradient descent are stable: 1/(2 max tr B_ii), since no eigenvalue of a
/// block-tridiagonal B ≥ 0 is above twice its largest block's; for Adam, which moves every coordinate by
/// about its rate, a thousandth of the path's extent.
SolverOptions PairSolver::rates_at(const DenseRows& x0) {
  objective_.linearise(x0.data());
  BlockTridiagonal laplacian;
  objective_.laplacian(laplacian);
  double largest = 0;
  for (std::size_t i = 0; i < laplacian.blocks(); ++i) {
    double trace = 0;
    for (std::size_t r = 0; r < dim_; ++r) trace += laplacian.diagonal(i)[r * dim_ + r];
    largest = std::max(largest, trace);
  }
  const auto& nodes = objective_.knots();
  const auto [low, high] = std::minmax_element(nodes.begin(), nodes.end());
  SolverOptions options;
  options.sgd.learning_rate = kStableStep / std::max(largest, 1e-300);
  options.sgd.momentum = kMomentum;
  options.adam.learning_rate = std::max(kAdamRate * (*high - *low), 1e-300);
  return options;
}

/// Moves the inner nodes of `nodes` to a minimum of the objective, which is expanded there on return.
void PairSolver::run(std::vector<double>& nodes, double tolerance, Geodesic& geodesic, Outcome& outcome) {
  const auto dim = static_cast<std::ptrdiff_t>(dim_);
  objective_.set_grid(nodes.size() / dim_ - 1, subdivisions_);
  // A residual r promises a decrease of 2r² of the cost: in single precision no less than its rounding can be
  // seen, and a hundredth of that is asked for.
  if (objective_.rounding() > kSinglePrecision)
    tolerance = std::max(tolerance, kBelowRounding * std::sqrt(objective_.rounding()));
  objective_.set_ends(nodes.data(), nodes.data() + nodes.size() - dim_);
  const DenseRows x0 = Eigen::Map<const DenseRows>(nodes.data() + dim, 1, objective_.variables());
  if (method_.takes_rate) solver_ = make_solver<DenseRows>(method_.name, rates_at(x0));
  const DenseSolveResult solved = latentpath::solve(
      objective_, x0, *solver_, {.max_iterations = most_iterations(), .gradient_residual = tolerance}, {},
      cancellation_);
  std::copy_n(solved.state.x.data(), x0.size(), nodes.begin() + dim);
  outcome = {solved.state.termination[0], static_cast<int>(solved.state.iteration), solved.state.value[0]};
  geodesic.iterations += outcome.iterations;
}

// A kink blurred over the width δ changes the weight on the set by up to Kδ: as little as discretisation
// does, O(1/n²).
double PairSolver::kink_width(std::size_t segments) const {
  return options_.continuation.last_width * metric_.quality().set_weight() / metric_.quality().stiffness() /
         static_cast<double>(segments * segments);
}

void PairSolver::soften(std::vector<double>& nodes, bool continuation, Geodesic& geodesic) {
  const ContinuationOptions& how = options_.continuation;
  const double stiffness = metric_.quality().stiffness(), on_set = metric_.quality().set_weight();
  const std::size_t segments = nodes.size() / dim_ - 1;
  double deepest = 0;
  {
    std::vector<double> n(segments + 1);
    metric_.weights(segments + 1, nodes.data(), nullptr, n.data());
    for (const double weight : n) deepest = std::max(deepest, (weight - on_set) / stiffness);
  }
  Outcome outcome;
  // From a weight that the first path hardly feels to the one asked for.
  double k =
      deepest > 0 && continuation ? std::min(stiffness, how.first_weight * on_set / deepest) : stiffness;
  for (;; k = std::min(stiffness, 2 * k)) {
    objective_.weight().set_kink_width(std::max(how.growing_width * on_set / k, kink_width(segments)));
    objective_.weight().set_stiffness(k);
    run(nodes, how.tolerance, geodesic, outcome);
    stage(geodesic, join_message(segments, " segments, K = ", k), nodes);
    if (k >= stiffness || cancellation_.cancelled()) break;
  }
  objective_.weight().set_stiffness(stiffness);
  for (double width = how.first_width * on_set / stiffness; width > kink_width(segments); width /= 2) {
    objective_.weight().set_kink_width(width);
    run(nodes, how.tolerance, geodesic, outcome);
  }
}

std::vector<double> PairSolver::first_path(std::size_t pair, std::size_t segments, Geodesic& geodesic) const {
  const double *start = problem_.start.data() + pair * dim_, *end = problem_.end.data() + pair * dim_;
  if (problem_.initial.empty()) {
    std::vector<double> nodes = detail::straight_polyline(start, end, dim_, segments);
    check_finite(nodes);
    stage(geodesic, "straight line", nodes);
    return nodes;
  }
  const std::size_t size = problem_.initial.size() / (problem_.start.size() / dim_);
  std::vector<double> first(problem_.initial.begin() + static_cast<std::ptrdiff_t>(pair * size),
                            problem_.initial.begin() + static_cast<std::ptrdiff_t>((pair + 1) * size));
  std::copy_n(start, dim_, first.begin());
  std::copy_n(end, dim_, first.end() - static_cast<std::ptrdiff_t>(dim_));
  check_finite(first);
  stage(geodesic, "first path", first);
  return detail::reparametrise_polyline(metric_, first, segments);
}

void PairSolver::standstill(Geodesic& geodesic, const double* point) const {
  const auto count = static_cast<std::size_t>(options_.segments) + 1;
  for (std::size_t i = 0; i < count; ++i) geodesic.nodes.insert(geodesic.nodes.end(), point, point + dim_);
  check_finite(geodesic.nodes);
  geodesic.termination = Termination::kConverged;
  geodesic.certificate.conclude({.gradient_residual = 0, .negative_directions = 0, .least_curvature = 1},
                                geodesic.termination);
  geodesic.warnings.push_back({"the ends are equal: the geodesic is the point itself", WarningKind::kScope});
}

void PairSolver::certify(const Outcome& outcome, Certificate& certificate) {
  // As the method itself did it, else by what is cheaper.
  const bool blocks = method_.needs == SolverNeeds::kBlocks || method_.needs == SolverNeeds::kCurvatures;
  const bool products =
      method_.needs == SolverNeeds::kProducts ||
      (dim_ > static_cast<std::size_t>(options_.blocks.metric) && !blocks && objective_.has_curvatures());
  certificate.conclude(
      products ? certify_by_products(objective_, outcome.cost) : certify_by_blocks(objective_, outcome.cost),
      outcome.termination);
}

void PairSolver::warn(Geodesic& geodesic, const CurveFigures<double>& refined) {
  const Certificate& certificate = geodesic.certificate;
  auto& warnings = geodesic.warnings;
  if (geodesic.termination == Termination::kIterationLimit)
    warnings.push_back(
        {join_message("not converged: ", most_iterations(),
                      " iterations were made; the gradient residual is ", certificate.gradient_residual),
         WarningKind::kTold});
  if (geodesic.termination == Termination::kStalled)
    warnings.push_back(
        {join_message("not converged: no step lowers the cost any more; the gradient residual is ",
                      certificate.gradient_residual),
         WarningKind::kTold});
  if (certificate.negative_directions > 0 ||
      (certificate.negative_directions < 0 && objective_.has_curvatures() &&
       certificate.least_curvature < kNegativeCurvature))
    warnings.push_back(
        join_message("the path is a saddle and not a minimum: there are shorter paths beside it",
                     certificate.negative_directions > 0
                         ? join_message(" (", certificate.negative_directions, " directions)")
                         : std::string()));
  const double n = static_cast<double>(options_.segments);
  const bool under_resolved =
      std::abs(geodesic.length - refined.length) > options_.resolution_tolerance * refined.length;
  // The Hessian of a path that leaps between its nodes says nothing of the geodesic.
  if (!on_nodes_ && objective_.has_curvatures() && !level_set_ && !under_resolved &&
      geodesic.termination == Termination::kConverged &&
      std::abs(certificate.least_curvature) < kConjugate / (n * n))
    warnings.push_back(
        "the ends are conjugate points, as antipodes of a sphere are: the geodesic is not unique, and this "
        "is one of a family of equal length");
  if (objective_.least_rank_ratio() < kRankLost)
    warnings.push_back(
        join_message("the Jacobian of chart ", metric_.chart().describe(),
                     " loses rank on the path: some directions of the chart cost nothing there"));
  if (refined.min_weight <= 0)
    warnings.push_back(
        join_message("quality ", metric_.quality().describe(),
                     " reaches 1 on the path, where lengths count nothing: use an epsilon above 0"));
  if (!std::isfinite(refined.length))
    warnings.push_back("the path crosses places of quality 0 between its nodes: its length is infinite");
  else if (under_resolved)
    warnings.push_back(
        {join_message("under-resolved: the length is ", geodesic.length, " on the path's own grid and ",
                      refined.length, " on a refined one: use more segments"),
         WarningKind::kTold});
}

/// n/4, n/2, n, say: halved as long as that leaves enough; where a curve is moved by its metric there is one
/// level, as published.
std::vector<std::size_t> PairSolver::level_sizes() const {
  std::vector<std::size_t> levels = {static_cast<std::size_t>(options_.segments)};
  const auto coarsest = static_cast<std::size_t>(options_.coarsest_segments);
  while (!on_nodes_ && levels.back() % 2 == 0 && levels.back() / 2 >= coarsest)
    levels.push_back(levels.back() / 2);
  std::reverse(levels.begin(), levels.end());
  return levels;
}

Geodesic PairSolver::solve(std::size_t pair) {
  const auto begin = Clock::now();
  Geodesic geodesic;
  const double* start = problem_.start.data() + pair * dim_;
  const double* end = problem_.end.data() + pair * dim_;
  const auto segments = static_cast<std::size_t>(options_.segments);

  if (problem_.time_weight == 0 && std::equal(start, start + dim_, end)) {
    standstill(geodesic, start);
    geodesic.seconds = since(begin);
    return geodesic;
  }
  const std::vector<std::size_t> levels = level_sizes();

  const bool given = !problem_.initial.empty();
  std::vector<double> nodes = first_path(pair, levels[0], geodesic);
  Outcome outcome;
  std::vector<LevelLength> levels_reached;
  const bool fixed = options_.subdivisions > 0;
  subdivisions_ = fixed        ? static_cast<std::size_t>(options_.subdivisions)
                  : level_set_ ? static_cast<std::size_t>(options_.continuation.subdivisions)
                               : 1;
  for (std::size_t level = 0; level < levels.size(); ++level) {
    if (on_nodes_) {
      subdivisions_ = 1;
      run(nodes, options_.residual(), geodesic, outcome);
      levels_reached.push_back({objective_.length_at_nodes(), 1});
      objective_.expand(nodes.data());
      certify(outcome, geodesic.certificate);
      break;
    }
    const std::size_t n = levels[level];
    const bool last = level + 1 == levels.size();
    if (level > 0) {
      nodes = detail::refine_polyline(nodes, dim_, !level_set_);
      if (!fixed && !level_set_) subdivisions_ = std::max<std::size_t>(1, subdivisions_ / 2);
    }
    const std::vector<double> before = nodes;
    for (;; subdivisions_ *= 4) {
      if (level_set_ && level == 0) soften(nodes, !given, geodesic);
      if (level_set_) objective_.weight().set_kink_width(kink_width(n));
      // The error of a length is the square of the error of its path.
      run(nodes, last ? options_.residual() : std::max(options_.residual(), options_.levels.tolerance),
          geodesic, outcome);
      // A path that is longer than its own grid believes has hidden between the grid's points: once more, on
      // a grid with fewer places to hide.
      if (fixed || subdivisions_ >= static_cast<std::size_t>(options_.levels.most_subdivisions) ||
          outcome.termination == Termination::kInterrupted ||
          !hidden(nodes, last ? options_.levels.last_hidden : options_.levels.hidden))
        break;
      nodes = before;
    }
    levels_reached.push_back({objective_.length(), subdivisions_});
    if (!last || level_set_) stage(geodesic, join_message(n, " segments"), nodes);
    if (outcome.termination == Termination::kInterrupted) {
      while (nodes.size() / dim_ - 1 < segments) nodes = detail::refine_polyline(nodes, dim_, false);
      break;
    }
    if (last) certify(outcome, geodesic.certificate);
  }
  geodesic.nodes = std::move(nodes);
  std::copy_n(start, dim_, geodesic.nodes.begin());
  std::copy_n(end, dim_, geodesic.nodes.end() - static_cast<std::ptrdiff_t>(dim_));
  geodesic.termination = outcome.termination;
  geodesic.cost = outcome.cost;
  finish(geodesic, levels_reached);
  geodesic.seconds = since(begin);
  return geodesic;
}

// Lengths at n/4, n/2 and n segments of one and the same cost, as far as there are such; the last is always
// there.
std::vector<double> PairSolver::richardson_lengths(const Geodesic& geodesic,
                                                   const std::vector<LevelLength>& reached) {
  const std::size_t k = reached.size(), n = static_cast<std::size_t>(options_.segments);
  if (k == 0) return {};
  if (k < 3 || level_set_ || geodesic.termination != Termination::kConverged) return {reached.back().length};
  if (reached[k - 2].subdivisions == subdivisions_ && reached[k - 3].subdivisions == subdivisions_)
    return {reached[k - 3].length, reached[k - 2].length, reached[k - 1].length};
  // The way up went over other costs: go down again from the path that was found.
  std::vector<double> lengths = {reached.back().length};
  Geodesic unused;
  Outcome outcome;
  for (std::size_t stride = 2; stride <= 4; stride *= 2) {
    std::vector<double> nodes;
    for (std::size_t i = 0; i <= n; i += stride)
      nodes.insert(nodes.end(), geodesic.nodes.begin() + static_cast<std::ptrdiff_t>(i * dim_),
                   geodesic.nodes.begin() + static_cast<std::ptrdiff_t>((i + 1) * dim_));
    run(nodes, std::max(options_.residual(), options_.levels.tolerance), unused, outcome);
    lengths.insert(lengths.begin(), objective_.length());
  }
  return lengths;
}

bool PairSolver::hidden(const std::vector<double>& nodes, double share) const {
  const double measured = metric_.length(nodes, kShareMeasured * share, kFinestMeasured).length;
  return !(std::abs(measured - objective_.length()) <= share * measured);
}

/// The length of the polyline as the curve it is has an error of its own, second order and upwards, which the
/// polyline through every second node shows four times as large. An extrapolation of chords that is further
/// from what that leaves has not been on grids fine enough for an expansion.
bool PairSolver::agrees_with_refined(const Geodesic& geodesic, double extrapolated) const {
  std::vector<double> coarse;
  for (std::size_t i = 0; i + dim_ <= geodesic.nodes.size(); i += 2 * dim_)
    coarse.insert(coarse.end(), geodesic.nodes.begin() + static_cast<std::ptrdiff_t>(i),
                  geodesic.nodes.begin() + static_cast<std::ptrdiff_t>(i + dim_));
  const double refined = geodesic.refined_length;
  const double excess = std::max(0.0, metric_.length(coarse, kLengthTolerance).length - refined) / 3;
  // A large excess is known to within its own size.
  return std::abs(extrapolated - (refined - excess)) <= 2 * kLengthTolerance * refined + 2 * excess;
}

void PairSolver::finish(Geodesic& geodesic, const std::vector<LevelLength>& reached) {
  geodesic.length = reached.empty() ? 0 : reached.back().length;
  geodesic.subdivisions = reached.empty() ? 1 : static_cast<int>(reached.back().subdivisions);
  const CurveFigures<double> refined = metric_.length(geodesic.nodes, kLengthTolerance);
  geodesic.refined_length = refined.length;
  geodesic.embedding_length = refined.embedding_length;
  Certificate& certificate = geodesic.certificate;
  certificate.lower_bound =
      metric_.lower_bound(geodesic.nodes.data(), geodesic.nodes.data() + geodesic.nodes.size() - dim_);
  warn(geodesic, refined);
  // Richardson: the discrete length of a smooth geodesic has an expansion in even powers of 1/n.
  geodesic.extrapolated_length = geodesic.refined_length;
  geodesic.extrapolation_change = std::abs(geodesic.refined_length - geodesic.length);
  const std::vector<double> lengths = richardson_lengths(geodesic, reached);
  if (lengths.size() < 3) return;
  const double fine = lengths[2], middle = lengths[1], coarse = lengths[0];
  const double last = fine - middle, before = middle - coarse;
  // Second order shows as a ratio of 4. Where it does not, nothing is extrapolated.
  if (std::abs(last) < kSettledLength * fine || (before / last > kLeastRatio && before / last < kMostRatio)) {
    const double once = fine + last / 3, once_before = middle + before / 3;
    const double twice = once + (once - once_before) / 15;
    if (!agrees_with_refined(geodesic, twice)) return;
    geodesic.extrapolated_length = twice;
    geodesic.extrapolation_change = std::abs(twice - once);
  }
}

void check(const GeodesicProblem& problem, const GeodesicOptions& options) {
  const auto dim = static_cast<std::size_t>(problem.metric.latent_dim());
  LATENTPATH_CHECK(!problem.start.empty() && problem.start.size() % dim == 0, kArgument, "start has ",
                   problem.start.size(), " numbers: it must have ", dim, " a pair");
  LATENTPATH_CHECK(problem.end.size() == problem.start.size(), kArgument, "start has ", problem.start.size(),
                   " numbers and end ", problem.end.size(), ": they must agree");
  const std::size_t pairs = problem.start.size() / dim;
  LATENTPATH_CHECK(problem.initial.empty() || (problem.initial.size() % (pairs * dim) == 0 &&
                                               problem.initial.size() / (pairs * dim) >= 2),
                   kArgument, "initial has ", problem.initial.size(), " numbers: it must be [", pairs,
                   " pairs, nodes, ", dim, "] with at least 2 nodes");
  LATENTPATH_CHECK(std::isfinite(problem.time_weight) && problem.time_weight >= 0, kArgument,
                   "the time weight is ", problem.time_weight, ": it must be at least 0");
  geodesic_option_table().validate(options);
  for (const auto* ends : {&problem.start, &problem.end})
    for (std::size_t i = 0; i < ends->size(); ++i)
      LATENTPATH_CHECK(std::isfinite((*ends)[i]), kArgument, "an end of pair ", i / dim,
                       " is not finite: coordinate ", i % dim, " is ", (*ends)[i]);
}

/// The method asked for, or for "auto" the one that the problem's size and derivatives suggest, and why.
const SolverMethod& choose_method(const GeodesicProblem& problem, const BlockLimits& limits,
                                  GeodesicResult& result) {
  const auto dim = static_cast<std::size_t>(problem.metric.latent_dim());
  if (result.method == "auto") {
    const auto& target = problem.metric.target();
    const bool curved =
        problem.metric.chart().has_curvatures() &&
        (!problem.metric.quality().map() || problem.metric.quality().map()->has_curvatures()) &&
        (!target || target->packed().has_curvatures());
    const bool level_set = problem.metric.quality().form() == AnalyticQuality::Form::kLevelSet;
    const auto limit = static_cast<std::size_t>(level_set ? limits.level_set : limits.metric);
    if (dim > limit && curved && !target) {
      result.method = "newton-cg";
      result.method_reason = join_message("latent dimension ", dim, " is above ", limit,
                                          ", where Hessian products cost less than Hessian blocks");
    } else if (curved) {
      result.method = "newton";
      result.method_reason = target ? "the metric is given directly and its second derivatives are known"
                                    : join_message("latent dimension ", dim, " is at most ", limit,
                                                   " and second derivatives are known");
    } else {
      result.method = "gauss-newton";
      result.method_reason = "chart, quality or metric have no second derivatives";
    }
  }
  const SolverMethod& method = solver_method(result.method);  // refuses what there is not
  if (method.needs != SolverNeeds::kCurveMetric) return method;
  LATENTPATH_CHECK(problem.time_weight == 0, kArgument, "`method` ", method.name,
                   " minimises lengths alone: it knows no time weight");
  LATENTPATH_CHECK(!problem.metric.quality().depends_on_time(), kArgument, "`method` ", method.name,
                   " takes no quality that depends on time");
  LATENTPATH_CHECK(problem.metric.target() == nullptr, kArgument, "`method` ", method.name,
                   " takes no metric given directly: use newton, gauss-newton or newton-cg");
  return method;
}

}  // namespace

bool too_small_to_share(const WeightedMetric& metric) {
  return !metric.concurrent() && metric.chart().output_dim() <= kSmallOutput;
}

GeodesicResult find_geodesics(const GeodesicProblem& problem, const GeodesicOptions& options,
                              const CancellationToken& cancellation) {
  const auto begin = Clock::now();
  const auto dim = static_cast<std::size_t>(problem.metric.latent_dim());
  check(problem, options);
  const std::size_t pairs = problem.start.size() / dim;
  GeodesicResult result;
  result.method = options.method;
  const SolverMethod& method = choose_method(problem, options.blocks, result);
  result.geodesics.resize(pairs);
  std::mutex guard;
  std::exception_ptr failure;
  std::optional<SerialOperations> serial;
  if (too_small_to_share(problem.metric)) serial.emplace();
  const int threads = !problem.metric.concurrent() ? 1
                      : options.threads > 0        ? options.threads
                                                   : omp_get_max_threads();
#pragma omp parallel num_threads( \
    std::min <int>(threads, static_cast <int>(std::min <std::size_t>(pairs, 1024))))
  {
    std::optional<PairSolver> solver;
#pragma omp for schedule(dynamic, 1)
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      // No exception may leave a parallel region.
      try {
        if (!solver) solver.emplace(problem, options, method, cancellation);
        const int64_t before = problem.metric.chart().evaluations();  // of a model, by one thread
        result.geodesics[pair] = solver->solve(pair);
        result.geodesics[pair].evaluations = problem.metric.chart().evaluations() - before;
      } catch (...) {
        const std::lock_guard lock(guard);
        if (!failure) failure = std::current_exception();
      }
    }
  }
  if (failure) std::rethrow_exception(failure);
  result.seconds = since(begin);
  return result;
}

}  // namespace latentpath
