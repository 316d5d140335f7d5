#include "latentpath/run/geodesic_job.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "latentpath/core/equal_share.h"
#include "latentpath/core/error.h"
#include "latentpath/core/thread_pool.h"
#include "latentpath/metric/adaptors.h"
#include "latentpath/numerics/eikonal.h"
#include "latentpath/path/analytic_realisation.h"
#include "latentpath/path/find_path.h"
#include "latentpath/path/global_geodesics.h"
#include "latentpath/path/points.h"
#include "latentpath/path/probe.h"
#include "latentpath/run/end_points.h"
#include "latentpath/run/text_values.h"
#include "latentpath/solver/methods.h"
#include "run/geodesic_by_find_path.h"

namespace latentpath {
namespace {

/// Copies of each end to which first-order methods, which take their time, look for paths.
constexpr size_t kLiftsByFindPath = 3;

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
  void no_reference(const Error& error, std::vector<Warning>& warnings) const;
  GeodesicAnswer answer_of(const Geodesic& geodesic, const std::string& start) const;
  GeodesicAnswer answer_of(const PathResult& result, int64_t pair) const;
  bool is_quotient() const { return metric_.topology().is_quotient(); }
  /// The copies of a pair's end, the nearest first; the end itself where nothing is identified.
  std::vector<Lift> lifts_of(int64_t pair) const;
  SearchBox space() const;
  GeodesicOptions dense_options(int64_t pairs) const;
  PathProblem path_problem() const;
  void look_at_models();
  void solve_dense();
  void solve_globally(const GeodesicProblem& problem, const GeodesicOptions& options, int64_t samples);
  std::vector<GeodesicAnswer> solve_by_find_path(const std::string& method);
  std::vector<GeodesicAnswer> find_paths(const PathProblem& problem, const PathOptions& options);
  void solve();
  void take_shorter(std::vector<GeodesicAnswer> rivals);
  void go_on_from_reference(int64_t pair, GeodesicAnswer& answer) const;
  MetricField reference_field() const;
  GlobalCertificate reference_for(int64_t pair, const GeodesicAnswer& answer, const MetricField& field) const;
  void certify();

  const GeodesicJob& job_;
  GeodesicRun& run_;
  const ManifoldProblem& problem_;
  const WeightedMetric& metric_;
  const RunObserver& observer_;
  const CancellationToken& cancellation_;
  int64_t pairs_, dim_;
};

std::vector<Lift> GeodesicSearch::lifts_of(int64_t pair) const {
  return lifts_by_straight_line(metric_, row_major(problem_.start[pair]), row_major(problem_.end[pair]),
                                job_.rivals.straight_subdivisions);
}

/// Where the chart has any space, for fast marching.
SearchBox GeodesicSearch::space() const {
  const Topology& topology = metric_.topology();
  if (topology.radius > 0)
    return {std::vector<double>(static_cast<size_t>(dim_), -topology.radius),
            std::vector<double>(static_cast<size_t>(dim_), topology.radius)};
  return {topology.lower, topology.upper};
}

/// As it was given; empty: around the ends.
SearchBox GeodesicSearch::search_box() const {
  const auto dim = static_cast<size_t>(dim_);
  if (job_.box.empty()) return {};
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
  LATENTPATH_CHECK(job_.reference != "on" || dim_ <= kMostGridDimensions, kArgument,
                   "`reference` on exists for at most ", kMostGridDimensions, " coordinates; the ends have ",
                   dim_);
  return job_.reference == "on" || (job_.reference == "auto" && dim_ <= GeodesicJob::kReferenceDimensions &&
                                    pairs_ <= GeodesicJob::kReferencePairs);
}

EikonalDistanceOptions GeodesicSearch::reference_options() const {
  EikonalDistanceOptions options;
  options.tolerance = 1e-3;
  options.most_nodes = 600'000;
  options.box = search_box();
  options.space = space();
  options.identifications = metric_.topology().identifications;
  if (problem_.from_files) {
    // A model is decoded five times a node, and is rough enough to need no better than this.
    if (dim_ == 2) options.coarsest = 101;
    options.tolerance = 2e-3;
    options.most_nodes = 200'000;
  }
  return options;
}

/// A reference that cannot be had is an error only where it was asked for by name.
void GeodesicSearch::no_reference(const Error& error, std::vector<Warning>& warnings) const {
  if (error.kind() == ErrorKind::kInterrupted) return;
  if (job_.reference == "on") throw error;
  warnings.push_back({std::string("no global reference: ") + error.what(), WarningKind::kScope});
}

/// What a second-order method proves of its path. Absent where nothing is known: first-order methods and
/// limits of iterations prove no saddle.
void take_certificate(const MinimumCertificate& certificate, GeodesicAnswer& answer) {
  answer.gradient_residual = certificate.gradient_residual;
  answer.least_curvature = certificate.least_curvature;
  if (certificate.negative_directions >= 0) answer.negative_directions = certificate.negative_directions;
  if (certificate.minimum || certificate.negative_directions > 0) answer.minimum = certificate.minimum;
}

GeodesicAnswer GeodesicSearch::answer_of(const Geodesic& geodesic, const std::string& start) const {
  GeodesicAnswer answer;
  answer.nodes = tensor_of(geodesic.nodes, dim_);
  answer.termination = geodesic.termination;
  answer.start = start;
  answer.iterations = geodesic.iterations;
  answer.evaluations = geodesic.evaluations;
  answer.seconds = geodesic.seconds;
  answer.length = geodesic.refined_length;
  answer.extrapolated = geodesic.extrapolated_length;
  answer.extrapolation_change = geodesic.extrapolation_change;
  take_certificate(geodesic.certificate, answer);
  answer.under_resolved = std::abs(geodesic.length - geodesic.refined_length) >
                          job_.search.resolution_tolerance * geodesic.refined_length;
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
  answer.termination = result.termination[index];
  answer.start = result.start[index];
  answer.iterations = result.iterations[index];
  answer.evaluations =
      result.decoder_evaluations[index] + equal_share(result.candidate_evaluations, pair, pairs_);
  answer.seconds = result.seconds / static_cast<double>(pairs_);
  if (index < result.certificates.size())
    take_certificate(result.certificates[index], answer);
  else
    answer.gradient_residual = result.gradient_residual[pair].item<double>();
  answer.under_resolved = result.under_resolved[index];
  const std::vector<double> nodes = row_major(answer.nodes);
  answer.length = metric_.length(nodes).length;
  // Of every copy of the end: no path to any of them is shorter.
  answer.lower_bound = std::numeric_limits<double>::infinity();
  for (const Lift& lift : lifts_of(pair)) {
    answer.lower_bound = std::min(answer.lower_bound, metric_.lower_bound(nodes.data(), lift.point.data()));
    if (is_quotient() && std::equal(lift.point.begin(), lift.point.end(), nodes.end() - dim_))
      answer.winding = lift.winding;
  }
  return answer;
}

GeodesicOptions GeodesicSearch::dense_options(int64_t pairs) const {
  GeodesicOptions options = job_.search;
  options.keep_stages = !job_.out.empty() && pairs <= job_.pictures;
  options.subdivisions = search_subdivisions(metric_, options);
  return options;
}

/// By the dense solvers of find_geodesics().
void GeodesicSearch::solve_dense() {
  GeodesicProblem problem{
      .metric = metric_, .start = row_major(problem_.start), .end = row_major(problem_.end)};
  if (problem_.first_path.defined()) problem.initial = row_major(problem_.first_path);
  const GeodesicOptions options = dense_options(pairs_);
  look_at_models();
  if (job_.init == "graph" ||
      (job_.init == "auto" && pairs_ <= GeodesicJob::kGraphPairs && dim_ <= GeodesicJob::kGraphDimensions))
    return solve_globally(problem, options, job_.samples);
  if (is_quotient()) return solve_globally(problem, options, 0);
  report({"pairs", 0, pairs_, 0});
  const GeodesicResult result = find_geodesics(problem, options, cancellation_);
  const Start start{problem.initial.empty() ? StartKind::kStraight : StartKind::kGiven};
  for (const Geodesic& geodesic : result.geodesics) run_.answers.push_back(answer_of(geodesic, start.name()));
  run_.method = result.method;
  run_.reason = result.method_reason;
}

PathProblem GeodesicSearch::path_problem() const {
  PathProblem problem;
  problem.embedding = problem_.embedding;
  problem.quality = problem_.tensor_quality;
  problem.start = problem_.start;
  problem.end = problem_.end;
  return problem;
}

/// What find_path() looks at before it begins: formulas are known, models may round, detach or mix batches.
void GeodesicSearch::look_at_models() {
  if (!problem_.from_files) return;
  for (const std::string& sentence : probe_problem(path_problem())) run_.warnings.emplace_back(sentence);
}

/// With routes through a graph, where it has samples, and to several copies of each end, where it has them.
void GeodesicSearch::solve_globally(const GeodesicProblem& problem, const GeodesicOptions& options,
                                    int64_t samples) {
  GlobalGeodesicOptions global;
  global.geodesic = options;
  global.box = search_box();
  global.samples = samples;
  global.routes.routes = static_cast<int>(job_.routes);
  global.rivals = job_.rivals;
  global.every_geodesic = !problem_.from_files;
  report({"routes", 0, pairs_, 0});
  const GlobalGeodesics result = find_global_geodesics(problem, global, cancellation_);
  for (const GlobalGeodesic& pair : result.pairs) {
    GeodesicAnswer answer = answer_of(pair.found[0].geodesic, pair.found[0].start.name());
    answer.winding = pair.found[0].winding;
    answer.evaluations = pair.evaluations + equal_share(result.shared_evaluations,
                                                        static_cast<int64_t>(run_.answers.size()), pairs_);
    for (size_t k = 1; k < pair.found.size(); ++k) {
      answer.others.emplace_back(pair.found[k].start.name(), pair.found[k].geodesic.refined_length);
      answer.other_windings.push_back(pair.found[k].winding);
      answer.other_nodes.push_back(tensor_of(pair.found[k].geodesic.nodes, dim_));
    }
    // The others are what they are: a first path that ran out of the chart says nothing of them.
    for (const std::string& sentence : pair.failed)
      answer.warnings.push_back({sentence, WarningKind::kScope});
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
  const bool given = problem_.first_path.defined();
  LATENTPATH_CHECK(
      !given || !is_quotient(), kArgument,
      "`first_path` leads to one copy of the end: where coordinates repeat it is for formulas and "
      "small models by the methods auto, ",
      second_order_method_names());
  PathProblem problem = path_problem();
  PathOptions options = find_path_options(job_.search, job_.init, method, metric_.epsilon());
  options.seed = job_.seed;
  options.first_paths = problem_.first_path;
  // Its own roadmap has other defaults.
  if (job_.samples != GeodesicJob().samples) options.route_samples = job_.samples;
  if (job_.routes != GeodesicJob().routes) options.route_starts = job_.routes;
  if (job_.samples == 0 && options.init == "auto") options.init = "linear";
  if (given && options.init == "linear") options.init = "given";  // in the place of the straight line
  if (!is_quotient()) return find_paths(problem, options);
  // To the nearest copies of each end, one after the other; the shortest path stays.
  std::vector<std::vector<Lift>> lifts;
  size_t most = 1;
  for (int64_t pair = 0; pair < pairs_; ++pair) {
    lifts.push_back(lifts_of(pair));
    most = std::max(most, lifts.back().size());
  }
  std::vector<GeodesicAnswer> best;
  for (size_t k = 0; k < std::min(most, kLiftsByFindPath) && !cancellation_.cancelled(); ++k) {
    std::vector<Tensor> ends;
    for (const auto& of_pair : lifts)
      ends.push_back(at::tensor(of_pair[std::min(k, of_pair.size() - 1)].point, at::kDouble));
    problem.end = at::stack(ends);
    std::vector<GeodesicAnswer> found = find_paths(problem, options);
    if (best.empty()) {
      best = std::move(found);
      continue;
    }
    for (size_t pair = 0; pair < best.size(); ++pair) {
      if (found[pair].winding == best[pair].winding) continue;
      if (found[pair].length < best[pair].length) std::swap(found[pair], best[pair]);
      best[pair].others.emplace_back(found[pair].start, found[pair].length);
      best[pair].other_windings.push_back(found[pair].winding);
      best[pair].other_nodes.push_back(found[pair].nodes);
    }
  }
  return best;
}

/// One call of find_path(), with the reference where that knows the topology.
std::vector<GeodesicAnswer> GeodesicSearch::find_paths(const PathProblem& problem,
                                                       const PathOptions& options) {
  const ProgressObserver progress = [&](const Progress& p) { report(p); };
  PathResult result = find_path(problem, options, progress, cancellation_);
  std::vector<GlobalCertificate> certificates;
  std::vector<Warning> unreferenced;
  if (!is_quotient() && wants_reference() && !cancellation_.cancelled() &&
      (problem_.start != problem_.end).any(1).all().item<bool>()) {
    try {
      certificates =
          certify_and_improve(problem, options, result, reference_options(), progress, cancellation_);
    } catch (const Error& error) {
      no_reference(error, unreferenced);
    }
  }
  std::vector<GeodesicAnswer> answers;
  if (run_.method.empty()) run_.method = result.method;
  for (int64_t pair = 0; pair < pairs_; ++pair) {
    const auto index = static_cast<size_t>(pair);
    GeodesicAnswer answer = answer_of(result, pair);
    if (index < certificates.size())
      answer.certificate =
          certify_against(std::move(certificates[index].marching), answer.length, answer.lower_bound);
    answers.push_back(std::move(answer));
  }
  for (const std::string& warning : result.warnings)  // said already of what models are
    if (std::find(run_.warnings.begin(), run_.warnings.end(), warning) == run_.warnings.end())
      answers[0].warnings.push_back(warning);
  append(answers[0].warnings, unreferenced);
  return answers;
}

/// Answers of Newton's method on a model that did not converge, kinks in its way as a rule, against those of
/// first-order steps.
void GeodesicSearch::take_shorter(std::vector<GeodesicAnswer> rivals) {
  for (size_t pair = 0; pair < rivals.size(); ++pair) {
    GeodesicAnswer &answer = run_.answers[pair], &rival = rivals[pair];
    if (answer.termination == Termination::kConverged || !(rival.length < answer.length)) continue;
    rival.iterations += answer.iterations;
    rival.evaluations += answer.evaluations;
    rival.seconds += answer.seconds;
    answer = std::move(rival);
  }
}

/// Where the reference is shorter than the path by more than its own error, the search goes on from there.
void GeodesicSearch::go_on_from_reference(int64_t pair, GeodesicAnswer& answer) const {
  const GlobalCertificate& certificate = *answer.certificate;
  // On formulas the path is as exact as its segments allow: only another valley is worth another search.
  const double notable = problem_.from_files ? 0 : 1e-3;
  if (certificate.gap * certificate.reference <= certificate.reference_error || certificate.uncertain ||
      certificate.gap <= notable)
    return;
  const Eigen::MatrixXd& path = certificate.marching.path;
  // The reference may lead to another copy of the end.
  Lift lift{row_major(problem_.end[pair]), {}};
  const Eigen::VectorXd last = path.col(path.cols() - 1);
  double nearest = std::numeric_limits<double>::infinity();
  for (const Lift& other : lifts_of(pair)) {
    const double away = (Eigen::Map<const Eigen::VectorXd>(other.point.data(), dim_) - last).norm();
    if (away < nearest) nearest = away, lift = other;
  }
  const GeodesicProblem problem{.metric = metric_,
                                .start = row_major(problem_.start[pair]),
                                .end = lift.point,
                                .initial = {path.data(), path.data() + path.size()}};
  GeodesicOptions options = dense_options(1);
  options.coarsest_segments = options.segments;
  const Geodesic found = find_geodesics(problem, options, cancellation_).geodesics[0];
  if (!(found.refined_length < answer.length)) return;
  GeodesicAnswer better = answer_of(found, Start{StartKind::kGiven}.name());
  better.winding = is_quotient() ? lift.winding : std::vector<int>();
  better.lower_bound = answer.lower_bound;
  better.others = std::move(answer.others);
  better.other_windings = std::move(answer.other_windings);
  better.other_nodes = std::move(answer.other_nodes);
  better.iterations += answer.iterations;
  better.evaluations += answer.evaluations;
  better.seconds += answer.seconds;
  better.certificate = certify_against(answer.certificate->marching, better.length, better.lower_bound);
  answer = std::move(better);
}

/// A model is decoded beside each point, which is cheaper than differentiated.
MetricField GeodesicSearch::reference_field() const {
  if (!problem_.from_files) return metric_field(metric_);
  SearchBox box = search_box();
  if (box.lower.empty())
    box = surrounding_box(row_major(at::cat({problem_.start, problem_.end})), static_cast<int>(dim_));
  return tensor_metric_field(problem_.embedding, problem_.tensor_quality, metric_.epsilon(), OutputNorm::kSum,
                             difference_step(box));
}

/// The distance to the end of the quotient: identifications are the grid's, but the antipode is a second end.
GlobalCertificate GeodesicSearch::reference_for(int64_t pair, const GeodesicAnswer& answer,
                                                const MetricField& field) const {
  EikonalDistanceOptions options = reference_options();
  const std::vector<double> z = row_major(answer.nodes);
  const Eigen::MatrixXd path = Eigen::Map<const Eigen::MatrixXd>(z.data(), dim_, answer.nodes.size(0));
  if (!metric_.topology().antipodal)
    return certify_globally(field, path, answer.length, options, cancellation_, answer.lower_bound);
  std::vector<double> ends = z;
  const std::vector<Lift> lifts = lifts_of(pair);
  for (const Lift& lift : lifts) ends.insert(ends.end(), lift.point.begin(), lift.point.end());
  if (options.box.lower.empty()) options.box = surrounding_box(ends, static_cast<int>(dim_));
  EikonalDistance nearest;
  double leaving = std::numeric_limits<double>::infinity();
  for (const Lift& lift : lifts) {
    EikonalDistance distance =
        eikonal_distance(field, path.col(0), Eigen::Map<const Eigen::VectorXd>(lift.point.data(), dim_),
                         options, cancellation_);
    leaving = std::min(leaving, distance.leaving_bound);
    if (nearest.levels.empty() || distance.distance < nearest.distance) nearest = std::move(distance);
  }
  nearest.leaving_bound = leaving;
  return certify_against(std::move(nearest), answer.length, answer.lower_bound);
}

/// By fast marching on the chart itself.
void GeodesicSearch::certify() {
  if (!wants_reference()) return;
  const MetricField field = reference_field();
  for (int64_t pair = 0; pair < pairs_; ++pair) {
    GeodesicAnswer& answer = run_.answers[static_cast<size_t>(pair)];
    if (cancellation_.cancelled()) return;
    if (!std::isfinite(answer.length) || at::equal(answer.nodes[0], answer.nodes[-1])) continue;
    report({.stage = "fast marching", .done = pair, .total = pairs_, .activity = Activity::kCheck});
    try {
      answer.certificate = reference_for(pair, answer, field);
      go_on_from_reference(pair, answer);
    } catch (const Error& error) {
      no_reference(error, answer.warnings);
    }
  }
}

void GeodesicSearch::solve() {
  const GeodesicEngine engine = geodesic_engine(metric_, problem_.from_files, job_.search.method);
  if (engine.by_find_path) {
    LATENTPATH_CHECK(job_.init != "graph" || dim_ <= kMostGridDimensions, kArgument,
                     "`init` graph needs formulas, a small model or at most ", kMostGridDimensions,
                     " coordinates: `method` ", engine.method, " searches a model here that has ", dim_);
    run_.answers = solve_by_find_path(engine.method);
    if (is_quotient() && !cancellation_.cancelled()) certify();
  } else {
    solve_dense();
    const bool all_converged = std::all_of(
        run_.answers.begin(), run_.answers.end(),
        [](const GeodesicAnswer& answer) { return answer.termination == Termination::kConverged; });
    const bool automatic = problem_.from_files && job_.search.method == "auto";
    if (automatic && !all_converged && !problem_.first_path.defined() && !cancellation_.cancelled())
      take_shorter(solve_by_find_path("lbfgs"));
    if (!cancellation_.cancelled()) certify();
  }
  if (!engine.reason.empty()) run_.reason = engine.reason;
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
  describe_job(run, "geodesic", geodesic_job_option_table(), given, given.seed, given.search.threads);
  const GeodesicJob job = apply_example(given);
  const auto tell = [&](size_t said) {
    for (size_t k = said; observer.warning && k < run.warnings.size(); ++k) observer.warning(run.warnings[k]);
  };
  if (execute_on_matrices(job, run, cancellation)) {
    tell(0);
    return run;
  }
  const int64_t mapped_before = job.own_embedding ? job.own_embedding->evaluations() : 0;
  run.problem = make_manifold_problem(job);
  run.metric.emplace(run.problem.chart, run.problem.quality, job.epsilon, run.problem.target);
  append(run.warnings, run.problem.warnings);
  // All of the run looks at the chart, not its search alone.
  std::optional<SerialOperations> serial;
  if (too_small_to_share(*run.metric)) serial.emplace();
  run.facts = {{"metric", run.metric->describe()}, {"latent_dim", run.problem.start.size(1)}};
  const std::string topology = run.problem.chart->topology().describe();
  if (!topology.empty()) run.facts["topology"] = topology;
  check_not_interrupted(cancellation);
  if (answer_in_place_of_paths(job, run, observer, cancellation)) {
    tell(0);
    return run;
  }
  GeodesicSearch(job, run, observer, cancellation).run();
  summarise(run);
  if (run.problem.from_files) {
    // What the model mapped beside the search: when it was tried, for references and figures.
    int64_t beside = run.problem.embedding->evaluations() - mapped_before;
    for (const GeodesicAnswer& answer : run.answers) beside -= answer.evaluations;
    run.summary["verification_evaluations"] = beside;
  }
  tell(0);
  std::vector<Tensor> nodes;
  for (const GeodesicAnswer& answer : run.answers) nodes.push_back(answer.nodes);
  const Tensor path = at::stack(nodes);
  run.arrays = {{"path.npy", path}, {"times.npy", at::linspace(0, 1, path.size(1), at::kDouble)}};
  if (job.log || !job.transport.empty()) {
    const size_t said = run.warnings.size();
    add_logarithms(job, path, run);
    tell(said);
  }
  return run;
}

}  // namespace latentpath
