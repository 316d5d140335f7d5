#include "latentpath/run/geodesic_job.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/metric/adaptors.h"
#include "latentpath/path/analytic_realisation.h"
#include "latentpath/path/find_path.h"
#include "latentpath/path/global_geodesics.h"
#include "latentpath/path/points.h"
#include "latentpath/run/end_points.h"
#include "latentpath/run/text_values.h"
#include "latentpath/solver/methods.h"

namespace latentpath {
namespace {

Tensor tensor_of(const std::vector<double>& nodes, int64_t dim) {
  return at::tensor(nodes, at::kDouble).reshape({-1, dim});
}

/// One execution: the job, what it is about, and who listens.
class GeodesicSearch {
 public:
  GeodesicSearch(const GeodesicJob& job, GeodesicRun& run, const RunObserver& observer,
                 const CancellationToken& cancellation)
      : job_(job),
        run_(run),
        problem_(run.problem),
        metric_(*run.metric),
        observer_(observer),
        cancellation_(cancellation),
        pairs_(problem_.start.size(0)),
        dim_(problem_.start.size(1)) {}

  void run();

 private:
  void report(const Progress& progress) const {
    if (observer_.progress) observer_.progress(progress);
  }
  SearchBox search_box() const;
  bool wants_reference() const;
  EikonalDistanceOptions reference_options() const;
  void no_reference(const Error& error, std::vector<std::string>& warnings) const;
  GeodesicAnswer answer_of(const Geodesic& geodesic, const std::string& start) const;
  GeodesicAnswer answer_of(const PathResult& result, int64_t pair) const;
  GeodesicOptions dense_options(int64_t pairs) const;
  void solve_dense();
  void solve_from_graph(const GeodesicProblem& problem, const GeodesicOptions& options);
  std::vector<GeodesicAnswer> solve_by_find_path(const std::string& method);
  void solve();
  void take_shorter(std::vector<GeodesicAnswer> rivals);
  void go_on_from_reference(int64_t pair, GeodesicAnswer& answer) const;
  MetricField reference_field() const;
  void certify();

  const GeodesicJob& job_;
  GeodesicRun& run_;
  const ManifoldProblem& problem_;
  const WeightedMetric& metric_;
  const RunObserver& observer_;
  const CancellationToken& cancellation_;
  int64_t pairs_, dim_;
};

SearchBox GeodesicSearch::search_box() const {
  const auto dim = static_cast<size_t>(dim_);
  if (job_.box.empty()) {
    std::vector<double> points = row_major(at::cat({problem_.start, problem_.end}));
    return surrounding_box(points, static_cast<int>(dim));
  }
  const std::vector<double> numbers = parse_finite_numbers("box", job_.box);
  LATENTPATH_CHECK(numbers.size() == 2 * dim, kArgument, "`box` takes low,high of each of the ", dim,
                   " coordinates, ", 2 * dim, " numbers, not ", numbers.size());
  SearchBox box;
  for (size_t d = 0; d < dim; ++d) {
    LATENTPATH_CHECK(numbers[2 * d] < numbers[2 * d + 1], kArgument, "`box`: the low end ", numbers[2 * d],
                     " is not below the high end ", numbers[2 * d + 1]);
    box.lower.push_back(numbers[2 * d]);
    box.upper.push_back(numbers[2 * d + 1]);
  }
  return box;
}

/// Whether the paths are compared with the global optimum.
bool GeodesicSearch::wants_reference() const {
  LATENTPATH_CHECK(job_.reference != "on" || dim_ <= 3, kArgument,
                   "`reference` on exists for at most 3 coordinates; the ends have ", dim_);
  return job_.reference != "off" && dim_ <= 3 && (job_.reference == "on" || (dim_ < 3 && pairs_ <= 16));
}

EikonalDistanceOptions GeodesicSearch::reference_options() const {
  EikonalDistanceOptions options;
  options.tolerance = 1e-3;
  options.most_nodes = 600'000;
  if (!job_.box.empty()) options.box = search_box();
  if (problem_.from_files) {
    // A model is decoded five times a node, and is rough enough to need no better than this.
    if (dim_ == 2) options.coarsest = 101;
    options.tolerance = 2e-3;
    options.most_nodes = 200'000;
  }
  return options;
}

/// A reference that cannot be had is an error only where it was asked for by name.
void GeodesicSearch::no_reference(const Error& error, std::vector<std::string>& warnings) const {
  if (error.kind() == ErrorKind::kInterrupted) return;
  if (job_.reference == "on") throw error;
  warnings.push_back(std::string("no global reference: ") + error.what());
}

GeodesicAnswer GeodesicSearch::answer_of(const Geodesic& geodesic, const std::string& start) const {
  GeodesicAnswer answer;
  answer.nodes = tensor_of(geodesic.nodes, dim_);
  answer.termination = termination_name(geodesic.termination);
  answer.start = start;
  answer.iterations = geodesic.iterations;
  answer.seconds = geodesic.seconds;
  answer.length = geodesic.refined_length;
  answer.extrapolated = geodesic.extrapolated_length;
  answer.extrapolation_change = geodesic.extrapolation_change;
  answer.gradient_residual = geodesic.certificate.gradient_residual;
  answer.least_curvature = geodesic.certificate.least_curvature;
  if (geodesic.certificate.negative_directions >= 0)
    answer.negative_directions = geodesic.certificate.negative_directions;
  answer.minimum = geodesic.certificate.minimum;
  answer.under_resolved =
      std::abs(geodesic.length - geodesic.refined_length) > 0.05 * geodesic.refined_length;
  answer.lower_bound = geodesic.certificate.lower_bound;
  answer.warnings = geodesic.warnings;
  for (const GeodesicStage& stage : geodesic.stages)
    answer.stages.emplace_back(stage.name, tensor_of(stage.nodes, dim_));
  return answer;
}

GeodesicAnswer GeodesicSearch::answer_of(const PathResult& result, int64_t pair) const {
  const auto index = static_cast<size_t>(pair);
  GeodesicAnswer answer;
  answer.nodes = result.nodes[pair].to(at::kDouble);
  answer.termination = termination_name(result.termination[index]);
  answer.start = result.start[index];
  answer.iterations = result.iterations[index];
  answer.evaluations = result.decoder_evaluations[index];
  answer.seconds = result.seconds / static_cast<double>(pairs_);
  answer.gradient_residual = result.gradient_residual[pair].item<double>();
  answer.under_resolved = result.under_resolved[index];
  const std::vector<double> nodes = row_major(answer.nodes);
  answer.length = metric_.length(nodes).length;
  answer.lower_bound =
      metric_.lower_bound(nodes.data(), nodes.data() + nodes.size() - static_cast<size_t>(dim_));
  return answer;
}

GeodesicOptions GeodesicSearch::dense_options(int64_t pairs) const {
  GeodesicOptions options = job_.search;
  options.keep_stages = !job_.out.empty() && pairs <= job_.pictures;
  // Four points of the weight a segment, unless it is constant: a solver with one hides bad places between
  // them.
  if (options.subdivisions == 0 && metric_.quality().form() != AnalyticQuality::Form::kConstant)
    options.subdivisions = 4;
  return options;
}

/// By the dense solvers of find_geodesics().
void GeodesicSearch::solve_dense() {
  GeodesicProblem problem{
      .metric = metric_, .start = row_major(problem_.start), .end = row_major(problem_.end)};
  if (problem_.first_path.defined()) problem.initial = row_major(problem_.first_path);
  const GeodesicOptions options = dense_options(pairs_);
  if (job_.init == "graph" || (job_.init == "auto" && pairs_ <= 64 && dim_ <= 8))
    return solve_from_graph(problem, options);
  report({"pairs", 0, pairs_, 0});
  const GeodesicResult result = find_geodesics(problem, options, cancellation_);
  for (const Geodesic& geodesic : result.geodesics)
    run_.answers.push_back(answer_of(geodesic, problem.initial.empty() ? "straight line" : "given path"));
  run_.method = result.method;
  run_.reason = result.method_reason;
}

void GeodesicSearch::solve_from_graph(const GeodesicProblem& problem, const GeodesicOptions& options) {
  GlobalGeodesicOptions global;
  global.geodesic = options;
  global.box = search_box();
  global.samples = job_.samples;
  global.routes.routes = static_cast<int>(job_.routes);
  global.every_geodesic = !problem_.from_files;
  report({"routes", 0, pairs_, 0});
  const GlobalGeodesics result = find_global_geodesics(problem, global, cancellation_);
  for (const GlobalGeodesic& pair : result.pairs) {
    GeodesicAnswer answer = answer_of(pair.found[0].geodesic, pair.found[0].start);
    for (size_t k = 1; k < pair.found.size(); ++k) {
      answer.others.emplace_back(pair.found[k].start, pair.found[k].geodesic.refined_length);
      answer.other_nodes.push_back(tensor_of(pair.found[k].geodesic.nodes, dim_));
    }
    for (const std::string& sentence : pair.failed) answer.warnings.push_back(sentence);
    run_.answers.push_back(std::move(answer));
  }
  run_.method = result.method;
  run_.reason = result.method_reason;
  run_.graph_edges = result.graph_edges;
  run_.evaluated_edges = result.evaluated_edges;
}

/// By find_path(), for files and where first-order methods are asked for; its paths go on from the reference
/// where that is shorter.
std::vector<GeodesicAnswer> GeodesicSearch::solve_by_find_path(const std::string& method) {
  LATENTPATH_CHECK(!problem_.first_path.defined() || job_.example > 0, kArgument,
                   "`first_path` is for the methods newton, gauss-newton, newton-cg and georce, not for ",
                   method);
  PathProblem problem;
  problem.embedding = problem_.embedding;
  problem.quality = problem_.tensor_quality;
  problem.start = problem_.start;
  problem.end = problem_.end;
  PathOptions options;
  options.segments = job_.search.segments;
  options.epsilon = job_.epsilon;
  options.cost = "chord";
  options.method = method;
  if (job_.init == "straight") options.init = "linear";
  options.max_iterations = std::max(job_.search.max_iterations, method == "adam" ? 1000 : 0);
  options.tolerance = std::max(job_.search.tolerance, 1e-9);
  options.seed = job_.seed;
  const ProgressObserver progress = [&](const Progress& p) { report(p); };
  PathResult result = find_path(problem, options, progress, cancellation_);
  std::vector<GlobalCertificate> certificates;
  if (wants_reference() && !cancellation_.cancelled() &&
      (problem_.start != problem_.end).any(1).all().item<bool>()) {
    try {
      certificates =
          certify_and_improve(problem, options, result, reference_options(), progress, cancellation_);
    } catch (const Error& error) {
      no_reference(error, result.warnings);
    }
  }
  std::vector<GeodesicAnswer> answers;
  if (run_.method.empty()) run_.method = result.method;
  for (int64_t pair = 0; pair < pairs_; ++pair) {
    const auto index = static_cast<size_t>(pair);
    GeodesicAnswer answer = answer_of(result, pair);
    if (index < certificates.size())
      answer.certificate = certify_against(std::move(certificates[index].marching), answer.length);
    answers.push_back(std::move(answer));
  }
  if (!result.warnings.empty()) answers[0].warnings = result.warnings;
  return answers;
}

/// Answers of Newton's method on a model that did not converge, kinks in its way as a rule, against those of
/// first-order steps.
void GeodesicSearch::take_shorter(std::vector<GeodesicAnswer> rivals) {
  for (size_t pair = 0; pair < rivals.size(); ++pair) {
    GeodesicAnswer &answer = run_.answers[pair], &rival = rivals[pair];
    if (answer.termination == termination_name(Termination::kConverged) || !(rival.length < answer.length))
      continue;
    rival.iterations += answer.iterations;
    rival.seconds += answer.seconds;
    answer = std::move(rival);
  }
}

/// Where the reference is shorter than the path by more than its own error, the search goes on from there.
void GeodesicSearch::go_on_from_reference(int64_t pair, GeodesicAnswer& answer) const {
  const GlobalCertificate& certificate = *answer.certificate;
  if (certificate.gap * certificate.reference <= certificate.reference_error) return;
  const Eigen::MatrixXd& path = certificate.marching.path;
  const GeodesicProblem problem{.metric = metric_,
                                .start = row_major(problem_.start[pair]),
                                .end = row_major(problem_.end[pair]),
                                .initial = {path.data(), path.data() + path.size()}};
  GeodesicOptions options = dense_options(1);
  options.coarsest_segments = options.segments;
  const Geodesic found = find_geodesics(problem, options, cancellation_).geodesics[0];
  if (!(found.refined_length < answer.length)) return;
  GeodesicAnswer better = answer_of(found, "given path");
  better.iterations += answer.iterations;
  better.seconds += answer.seconds;
  better.certificate = certify_against(answer.certificate->marching, better.length);
  answer = std::move(better);
}

/// A model is decoded beside each point, which is cheaper than differentiated.
MetricField GeodesicSearch::reference_field() const {
  if (!problem_.from_files) return metric_field(metric_);
  const SearchBox box = search_box();
  double side = 0;
  for (size_t d = 0; d < box.lower.size(); ++d) side = std::max(side, box.upper[d] - box.lower[d]);
  return tensor_metric_field(problem_.embedding, problem_.tensor_quality, metric_.epsilon(), OutputNorm::kSum,
                             5e-4 * side);
}

/// By fast marching on the chart itself.
void GeodesicSearch::certify() {
  if (!wants_reference()) return;
  const EikonalDistanceOptions options = reference_options();
  const MetricField field = reference_field();
  for (int64_t pair = 0; pair < pairs_; ++pair) {
    GeodesicAnswer& answer = run_.answers[static_cast<size_t>(pair)];
    if (cancellation_.cancelled()) return;
    if (!std::isfinite(answer.length) || at::equal(problem_.start[pair], problem_.end[pair])) continue;
    report({"fast marching", pair, pairs_, 0});
    const std::vector<double> z = row_major(answer.nodes);
    const Eigen::MatrixXd path = Eigen::Map<const Eigen::MatrixXd>(z.data(), dim_, answer.nodes.size(0));
    try {
      answer.certificate = certify_globally(field, path, answer.length, options, cancellation_);
      if (problem_.from_files) go_on_from_reference(pair, answer);
    } catch (const Error& error) {
      no_reference(error, answer.warnings);
    }
  }
}

void GeodesicSearch::solve() {
  const auto by_find_path = [&](const std::string& name) {
    return problem_.from_files && name != "auto" && solver_method(name).needs == SolverNeeds::kGradient;
  };
  std::string method = job_.search.method, reason;
  const bool automatic = method == "auto" && problem_.from_files;
  if (automatic && !newton_pays(metric_, &reason)) method = "lbfgs";
  if (by_find_path(method)) {
    run_.answers = solve_by_find_path(method);
  } else {
    solve_dense();
    const bool all_converged =
        std::all_of(run_.answers.begin(), run_.answers.end(), [](const GeodesicAnswer& answer) {
          return answer.termination == termination_name(Termination::kConverged);
        });
    if (automatic && !all_converged && !problem_.first_path.defined() && !cancellation_.cancelled())
      take_shorter(solve_by_find_path("lbfgs"));
    if (!cancellation_.cancelled()) certify();
  }
  if (!reason.empty()) run_.reason = reason;
}

void GeodesicSearch::run() {
  const auto begin = std::chrono::steady_clock::now();
  solve();
  if (cancellation_.cancelled())
    run_.failure = {ErrorKind::kInterrupted, "interrupted: the paths are the best ones reached until then",
                    "they are in"};
  run_.search_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

GeodesicRun execute(const GeodesicJob& given, const RunObserver& observer,
                    const CancellationToken& cancellation) {
  geodesic_job_option_table().validate(given);
  GeodesicRun run;
  run.subcommand = "geodesic";
  run.options = options_json(geodesic_job_option_table(), given);
  run.seed = given.seed;
  run.threads = use_threads(given.search.threads);
  run.local_paths = file_options(geodesic_job_option_table(), given);
  const GeodesicJob job = apply_example(given);
  run.problem = make_manifold_problem(job);
  run.metric.emplace(run.problem.chart, run.problem.quality, job.epsilon, run.problem.target);
  run.facts = {{"metric", run.metric->describe()}, {"latent_dim", run.problem.start.size(1)}};
  check_not_interrupted(cancellation);
  GeodesicSearch(job, run, observer, cancellation).run();
  summarise(run);
  for (const std::string& sentence : run.warnings)
    if (observer.warning) observer.warning(sentence);
  std::vector<Tensor> nodes;
  for (const GeodesicAnswer& answer : run.answers) nodes.push_back(answer.nodes);
  const Tensor path = at::stack(nodes);
  run.arrays = {{"path.npy", path}, {"times.npy", at::linspace(0, 1, path.size(1), at::kDouble)}};
  return run;
}

}  // namespace latentpath
