#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "latentpath/core/error.h"
#include "latentpath/io/tensor_file.h"
#include "latentpath/metric/adaptors.h"
#include "latentpath/metric/charts.h"
#include "latentpath/metric/epsilon.h"
#include "latentpath/metric/metric_tensor.h"
#include "latentpath/models/scalar_file.h"
#include "latentpath/models/torchscript_decoder.h"
#include "latentpath/models/torchscript_metric.h"
#include "latentpath/models/torchscript_module.h"
#include "latentpath/numerics/eikonal.h"
#include "latentpath/path/find_geodesics.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/matrix_manifolds.h"
#include "latentpath/path/points.h"
#include "latentpath/run/geodesic_job.h"
#include "latentpath/run/text_values.h"
#include "latentpath/solver/methods.h"
#include "run/given_points.h"
#include "run/manifold_topology.h"

namespace latentpath {
namespace {

/// The precision that a file is evaluated in. What has no parameters, a formula, has no precision of its own.
std::string precision_of(const GeodesicJob& job, const std::string& file, const char* role,
                         ManifoldProblem& problem, const ModelSignature& signature = {}) {
  std::string dtype = job.dtype;
  const TorchScriptModule module(file, role, "", "cpu", signature);
  if (dtype.empty() && module.operations_per_point() == 0) {
    // A formula may still insist on single precision in one of its constants.
    try {
      const TorchScriptModule precise(file, role, "float64", "cpu", signature);
      if (precise.forward(problem.start).scalar_type() == at::kDouble) dtype = "float64";
    } catch (const Error&) {
    }
  }
  if ((dtype.empty() ? module.dtype() : dtype) != "float64") problem.dtype = "float32";
  return dtype;
}

/// The level sets and conformal metrics that have a name, beside the charts.
struct QualityName {
  const char *name, *parameters;
};
constexpr QualityName kQualityNames[] = {{"discs", "x,y,radius of each disc cut out of the plane"},
                                         {"cube", ""},
                                         {"poincare", ""},
                                         {"half-plane", ""},
                                         {"stereographic", ""}};

constexpr double kLargestCoordinate = 1e150;

Tensor read_points(const char* field, const std::string& text) {
  if (!names_tensor_file(text))
    return at::tensor(parse_finite_numbers(field, text), at::kDouble).unsqueeze(0);
  Tensor array = read_tensor_file(text).to(at::kDouble);
  if (array.dim() == 1) array = array.unsqueeze(0);
  LATENTPATH_CHECK(array.dim() == 2 && array.size(0) >= 1 && array.size(1) >= 1, kInput, text,
                   " must have the shape [D] or [pairs, D], not ", shape_string(array.sizes()));
  return array;
}

void read_ends(const GeodesicJob& job, ManifoldProblem& problem) {
  if (!job.matrix.empty()) {
    std::tie(problem.start, problem.end) =
        pairs_of_matrix(detail::read_given_points("matrix", job.matrix, job.own_points, 2));
  } else if (!job.mean.empty()) {
    problem.start = detail::read_given_points("mean", job.mean, job.own_points, 1);
    problem.end = problem.start.clone();
  } else if (!job.along.empty()) {
    const Tensor nodes = detail::read_given_points("along", job.along, job.own_polyline, 2);
    problem.first_path = nodes.unsqueeze(0);
    problem.start = nodes.narrow(0, 0, 1).contiguous();
    problem.end = nodes.narrow(0, nodes.size(0) - 1, 1).contiguous();
  } else if (!job.exp.empty() || job.curvature) {
    LATENTPATH_CHECK(!job.from.empty(), kArgument,
                     job.curvature ? "`curvature` is taken at points: give `from`"
                                   : "`exp` needs the point where its geodesic starts: give `from`");
    problem.start =
        job.start.defined() ? job.start.to(at::kDouble).contiguous() : read_points("from", job.from);
    problem.end = problem.start.clone();
  } else if (job.start.defined()) {
    LATENTPATH_CHECK(job.end.defined() && job.start.dim() == 2 && job.start.sizes() == job.end.sizes() &&
                         job.start.size(0) >= 1 && job.start.size(1) >= 1,
                     kArgument, "`from` and `to` must have one shape, [pairs, D], not ",
                     shape_string(job.start.sizes()), " and ",
                     job.end.defined() ? shape_string(job.end.sizes()) : std::string("none"));
    problem.start = job.start.to(at::kDouble).contiguous();
    problem.end = job.end.to(at::kDouble).contiguous();
  } else if (!job.pairs.empty()) {
    LATENTPATH_CHECK(job.from.empty() && job.to.empty(), kArgument,
                     "`pairs` already holds both ends: `from` and `to` cannot be given with it");
    const Tensor pairs = read_tensor_file(job.pairs).to(at::kDouble);
    LATENTPATH_CHECK(pairs.dim() == 3 && pairs.size(0) >= 1 && pairs.size(1) == 2 && pairs.size(2) >= 1,
                     kInput, job.pairs, " must have the shape [pairs, 2, D], not ",
                     shape_string(pairs.sizes()));
    problem.start = pairs.select(1, 0).contiguous();
    problem.end = pairs.select(1, 1).contiguous();
  } else {
    LATENTPATH_CHECK(!job.from.empty() && !job.to.empty(), kArgument,
                     "an end point is missing: give `from` and `to`, or `pairs`");
    problem.start = read_points("from", job.from);
    problem.end = read_points("to", job.to);
    LATENTPATH_CHECK(problem.start.size(1) == problem.end.size(1), kArgument, "`from` has ",
                     problem.start.size(1), " coordinates and `to` has ", problem.end.size(1));
    const int64_t pairs = std::max(problem.start.size(0), problem.end.size(0));
    LATENTPATH_CHECK((problem.start.size(0) == pairs || problem.start.size(0) == 1) &&
                         (problem.end.size(0) == pairs || problem.end.size(0) == 1),
                     kInput, "`from` has ", problem.start.size(0), " points and `to` has ",
                     problem.end.size(0), "; they must be as many, or one of them 1");
    problem.start = problem.start.expand({pairs, -1}).contiguous();
    problem.end = problem.end.expand({pairs, -1}).contiguous();
  }
  LATENTPATH_CHECK(
      at::isfinite(problem.start).all().item<bool>() && at::isfinite(problem.end).all().item<bool>(), kInput,
      "an end point has a coordinate that is NaN or infinite");
  const double largest =
      std::max(problem.start.abs().max().item<double>(), problem.end.abs().max().item<double>());
  LATENTPATH_CHECK(largest <= kLargestCoordinate, kInput, "an end point has a coordinate of ", largest,
                   ": beyond ", kLargestCoordinate, " its square is infinite; take another unit of length");
}

/// Values of a file along the straight lines between the ends, refused where they cannot be what they should.
void check_values(const ManifoldProblem& problem, const std::shared_ptr<Embedding>& function,
                  const char* field, double low, double high, const char* constraint) {
  const at::NoGradGuard no_gradient;
  const Tensor times = at::linspace(0, 1, 65, at::kDouble);
  const Tensor z = linear_path(problem.start, problem.end, times).reshape({-1, problem.start.size(1)});
  const Tensor values = (*function)(z).reshape({-1}).to(at::kDouble);
  const Tensor wrong = at::logical_not(at::logical_and(values >= low, values <= high)).nonzero();
  if (wrong.size(0) == 0) return;
  throw Error(ErrorKind::kInput, join_message("`", field, "` ", function->describe(), " gives ",
                                              values[wrong[0][0]].item<double>(),
                                              " on the straight line between the ends: ", constraint));
}

/// The weight on a level set: that of the papers in their examples, else 1, so that lengths are distances.
double set_weight(const GeodesicJob& job) { return job.example > 0 ? std::log(2.0) : 1; }

/// No end [points, D] lies in a disc that is cut out, but for rounding.
void check_outside(const Disc& disc, const std::vector<double>& ends) {
  const size_t dim = disc.centre.size();
  for (size_t at = 0; at < ends.size(); at += dim) {
    double square = 0;
    std::string point, centre;
    for (size_t d = 0; d < dim; ++d) {
      square += std::pow(ends[at + d] - disc.centre[d], 2);
      point += join_message(d > 0 ? ", " : "", ends[at + d]);
      centre += join_message(d > 0 ? ", " : "", disc.centre[d]);
    }
    LATENTPATH_CHECK(std::sqrt(square) >= disc.radius * (1 - 1e-9), kArgument, "an end, (", point,
                     "), lies inside the disc of radius ", disc.radius, " around (", centre,
                     ") that is cut out of the plane: choose one at least ", disc.radius,
                     " from that centre");
  }
}

/// "discs": the plane with discs cut out of it.
void cut_discs(const GeodesicJob& job, const std::vector<double>& parameters, ManifoldProblem& problem) {
  const auto dim = static_cast<int>(problem.start.size(1));
  LATENTPATH_CHECK(!parameters.empty() && parameters.size() % static_cast<size_t>(dim + 1) == 0, kArgument,
                   "`manifold` discs takes `parameters` with the ", dim,
                   " coordinates of the centre and the radius of each disc, not ", parameters.size(),
                   " numbers");
  const std::vector<double> ends = row_major(at::cat({problem.start, problem.end}));
  std::vector<Disc> discs;
  for (size_t i = 0; i < parameters.size(); i += static_cast<size_t>(dim + 1)) {
    const auto at = parameters.begin() + static_cast<std::ptrdiff_t>(i);
    LATENTPATH_CHECK(at[dim] > 0, kArgument, "the radius of a disc must be positive, not ", at[dim]);
    discs.push_back({std::vector<double>(at, at + dim), at[dim]});
    check_outside(discs.back(), ends);
  }
  problem.chart = plane_chart(dim);
  problem.quality = cut_out_discs(discs, job.stiffness, set_weight(job));
}

/// A manifold by name that is the plane with a quality.
bool set_quality_by_name(const GeodesicJob& job, const std::vector<double>& parameters,
                         ManifoldProblem& problem) {
  const std::string& name = job.manifold;
  const auto named = [&](const QualityName& known) { return name == known.name; };
  if (std::none_of(std::begin(kQualityNames), std::end(kQualityNames), named)) return false;
  LATENTPATH_CHECK(job.level_set.empty() && job.quality.empty(), kArgument, "`manifold` ", name,
                   " brings its own quality: `level_set` and `quality` cannot be given with it");
  if (name == "discs") {
    cut_discs(job, parameters, problem);
    return true;
  }
  LATENTPATH_CHECK(parameters.empty(), kArgument, "`manifold` ", name, " takes no `parameters`");
  const auto dim = static_cast<int>(problem.start.size(1));
  problem.chart = plane_chart(dim);
  problem.cube = name == "cube" && dim == 3;
  problem.quality = name == "cube"         ? cube_surface(dim, job.stiffness, set_weight(job))
                    : name == "poincare"   ? poincare_ball(dim)
                    : name == "half-plane" ? half_space(dim)
                                           : stereographic_quality(dim);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (name == "poincare") problem.chart = with_topology(problem.chart, {.radius = 1});
  if (name == "half-plane") {
    Topology above{.lower = std::vector<double>(static_cast<size_t>(dim), -kInfinity),
                   .upper = std::vector<double>(static_cast<size_t>(dim), kInfinity)};
    above.lower.back() = 0;
    problem.chart = with_topology(problem.chart, std::move(above));
  }
  return true;
}

void set_chart(const GeodesicJob& job, ManifoldProblem& problem) {
  const auto dim = static_cast<int>(problem.start.size(1));
  const std::vector<double> parameters =
      job.parameters.empty() ? std::vector<double>() : parse_finite_numbers("parameters", job.parameters);
  if (job.own_embedding) {
    problem.embedding = job.own_embedding;
    problem.chart = as_chart(problem.embedding, dim);
    problem.from_files = true;
    detail::set_topology(job, {}, problem);
    return;
  }
  if (!job.embedding.empty()) {
    DecoderOptions decoder;
    decoder.latent_dim = dim;
    decoder.signature = job.signature;
    decoder.dtype = precision_of(job, job.embedding, "embedding", problem, job.signature);
    problem.embedding = load_decoder(job.embedding, decoder);
    problem.chart = as_chart(problem.embedding, dim);
    problem.from_files = true;
    detail::set_topology(job, detail::stated_topology(job.embedding, "embedding", job.signature), problem);
    return;
  }
  if (!job.metric.empty()) {
    const MetricTensorPointer tensors =
        job.own_metric ? job.own_metric
                       : load_metric(job.metric, dim, precision_of(job, job.metric, "metric", problem));
    problem.embedding = riemannian_space(tensors);
    check_metric(*problem.embedding, problem.start, problem.end);
    problem.chart = as_chart(problem.embedding, dim);
    problem.target = as_analytic(tensors, dim);
    problem.from_files = true;
    detail::set_topology(
        job, job.own_metric ? detail::StatedTopology() : detail::stated_topology(job.metric, "metric"),
        problem);
    return;
  }
  if (set_quality_by_name(job, parameters, problem)) {
    detail::set_topology(job, {}, problem);
    return;
  }
  const auto& names = chart_names();
  const auto known =
      std::find_if(names.begin(), names.end(), [&](const ChartName& n) { return n.name == job.manifold; });
  if (known == names.end()) {
    std::string list;
    for (const ChartName& n : names) list += n.name + ", ";
    for (const QualityName& n : kQualityNames) list += std::string(n.name) + ", ";
    for (const MatrixManifoldName& n : matrix_manifold_names()) list += n.name + ", ";
    throw Error(ErrorKind::kArgument, join_message("`manifold` '", job.manifold, "' is not one of ",
                                                   list.substr(0, list.size() - 2)));
  }
  problem.chart = make_chart(job.manifold, parameters, known->any_dimension ? dim : 0);
  LATENTPATH_CHECK(problem.chart->latent_dim() == dim, kArgument, "`manifold` ", job.manifold, " has ",
                   problem.chart->latent_dim(), " coordinates; the ends have ", dim);
  detail::set_topology(job, {}, problem);
}

void set_quality(const GeodesicJob& job, ManifoldProblem& problem) {
  const int64_t dim = problem.start.size(1);
  if (!job.level_set.empty()) {
    const auto distance =
        scalar_file(job.level_set, "level set", dim, precision_of(job, job.level_set, "level set", problem));
    check_values(problem, distance, "level_set", 0, std::numeric_limits<double>::max(),
                 "a distance to the set is a finite number, 0 or more");
    problem.quality = as_level_set(distance, job.stiffness, static_cast<int>(dim), set_weight(job));
    problem.tensor_quality = function_quality(
        [distance, weight = set_weight(job), stiffness = job.stiffness](const Tensor& z) {
          return at::exp(-weight - stiffness * (*distance)(z).reshape({-1}));
        },
        job.level_set);
    problem.from_files = true;
  } else if (job.own_quality) {
    problem.tensor_quality = job.own_quality;
    problem.quality = as_analytic(problem.tensor_quality, static_cast<int>(dim), problem.embedding);
    problem.from_files = true;
  } else if (!job.quality.empty()) {
    const auto file =
        scalar_file(job.quality, "quality", dim, precision_of(job, job.quality, "quality", problem));
    check_values(problem, file, "quality", 0, 1, "a quality lies between 0 and 1");
    problem.tensor_quality =
        function_quality([file](const Tensor& z) { return (*file)(z).reshape({-1}); }, job.quality);
    problem.quality = as_analytic(problem.tensor_quality, static_cast<int>(dim));
    problem.from_files = true;
  } else if (!problem.quality && (job.constant_quality || job.example > 0)) {
    problem.quality = analytic_constant(job.constant_quality.value_or(0.5));
  }
  if (problem.quality) {
    check_epsilon_of_a_quality(job.epsilon);
  } else {
    problem.quality = no_quality();
    if (job.epsilon != 0)
      problem.warnings.push_back(
          {"`epsilon` changes nothing: there is no quality that it could bound", WarningKind::kScope});
  }
  problem.weighted = !job.quality.empty() || job.own_quality || job.constant_quality || job.example > 0;
  if (!problem.embedding) problem.embedding = as_embedding(problem.chart);
  if (!problem.tensor_quality) problem.tensor_quality = as_quality(problem.quality);
}

/// An end off a level set is no end of a path on it; and a path on it is only held to it.
void check_on_level_set(const GeodesicJob& job, ManifoldProblem& problem) {
  if (problem.quality->form() != AnalyticQuality::Form::kLevelSet || job.manifold == "discs") return;
  problem.warnings.push_back(
      {join_message("paths are held to the surface by a `stiffness` of ", job.stiffness,
                    ": where it bends or has an edge they cut it, and lengths come out "
                    "below the distance on it, by less the larger the stiffness"),
       WarningKind::kScope});
  const std::vector<double> ends = row_major(at::cat({problem.start, problem.end}));
  const size_t count = ends.size() / static_cast<size_t>(problem.start.size(1));
  std::vector<double> distance(count);
  problem.quality->map()->values(count, ends.data(), nullptr, distance.data());
  const double farthest = *std::max_element(distance.begin(), distance.end());
  if (farthest * job.stiffness > 1e-2)
    problem.warnings.push_back(join_message("an end lies ", farthest,
                                            " off the level set: the path has to come back to it, and every "
                                            "step there counts ",
                                            1 + farthest * job.stiffness / set_weight(job), " times"));
}

void set_first_path(const GeodesicJob& job, ManifoldProblem& problem) {
  if (problem.first_path.defined()) return;  // that of `along`
  const int64_t pairs = problem.start.size(0), dim = problem.start.size(1);
  if (job.own_first_path.defined() || !job.first_path.empty()) {
    Tensor path = (job.own_first_path.defined() ? job.own_first_path : read_tensor_file(job.first_path))
                      .to(at::kDouble);
    if (path.dim() == 2) path = path.unsqueeze(0).expand({pairs, -1, -1});
    LATENTPATH_CHECK(path.dim() == 3 && path.size(0) == pairs && path.size(1) >= 2 && path.size(2) == dim,
                     kInput, job.first_path, " must have the shape [nodes, ", dim, "] or [", pairs,
                     ", nodes, ", dim, "], not ", shape_string(path.sizes()));
    const double moved = std::max((path.select(1, 0) - problem.start).norm(2, {1}).max().item<double>(),
                                  (path.select(1, -1) - problem.end).norm(2, {1}).max().item<double>());
    if (moved > 1e-6 * (1 + problem.end.abs().max().item<double>()))
      problem.warnings.push_back({join_message("the ends of `first_path` lie up to ", moved,
                                               " from those of the pair, which take their place"),
                                  WarningKind::kScope});
    problem.first_path = path.contiguous();
  } else if (job.example == 1 || job.example == 2) {
    // A bent first path, as in the paper's figures: from the straight line, which is the answer, nothing
    // would move.
    const Tensor times = at::linspace(0, 1, 101, at::kDouble);
    const Tensor bend = at::stack({at::sin(M_PI * times) * 0.9, at::sin(M_PI * times) * 0.5}, 1);
    problem.first_path = linear_path(problem.start, problem.end, times) + bend;
  }
}

/// Options that are given and change nothing.
void say_unused(const GeodesicJob& job, ManifoldProblem& problem) {
  const auto say = [&](bool given, const char* field, const char* why) {
    if (given)
      problem.warnings.push_back(
          {std::string("`") + field + "` changes nothing here: " + why, WarningKind::kScope});
  };
  const bool level_set = problem.quality->form() == AnalyticQuality::Form::kLevelSet;
  say(!job.dtype.empty() && !problem.from_files, "dtype", "it is the precision of files, and there is none");
  say(!job.parameters.empty() && job.manifold.empty(), "parameters", "there is no `manifold` to take them");
  say(job.stiffness != GeodesicJob().stiffness && !level_set, "stiffness", "there is no level set");
}

/// The lengths of the papers' examples.
void set_truth(const GeodesicJob& job, ManifoldProblem& problem) {
  const double log2 = std::log(2.0);
  if (job.epsilon != 0) return;
  if (job.example == 1 && job.constant_quality.value_or(0.5) == 0.5)
    problem.exact = std::sqrt(2.0) * log2, problem.exact_formula = "√2 ln 2";
  if (job.example == 2 && job.constant_quality.value_or(0.5) == 0.5)
    problem.exact = M_PI / 3 * log2, problem.exact_formula = "(π/3) ln 2";
  if (job.example == 3) {
    problem.exact = log2 * (2 * std::sqrt(0.69) + M_PI - 2 * std::acos(1 / 1.3));
    problem.exact_formula = "ln 2 (2√0.69 + π − 2 arccos(1/1.3))";
  }
  if (job.example == 4 && job.stiffness == 50) {
    problem.exact = 2 * log2 - log2 * log2 * (std::asinh(1.0) + std::sqrt(2.0) - 2) / 50;
    problem.exact_formula = "2 ln 2 − (ln 2)² (arsinh 1 + √2 − 2)/50";
  }
}

/// What is asked in the place of paths: one thing at a time, of the points that it takes.
void check_questions(const GeodesicJob& o) {
  struct Question {
    const char* name;
    bool asked, takes_from;
  };
  const Question questions[] = {{"matrix", !o.matrix.empty(), false},
                                {"exp", !o.exp.empty(), true},
                                {"mean", !o.mean.empty(), false},
                                {"along", !o.along.empty(), false},
                                {"curvature", o.curvature, true}};
  const char* asked = nullptr;
  for (const Question& question : questions) {
    if (!question.asked) continue;
    LATENTPATH_CHECK(asked == nullptr, kArgument, "`", asked == nullptr ? "" : asked, "` and `",
                     question.name, "` ask for different things: give one of them");
    asked = question.name;
    LATENTPATH_CHECK((question.takes_from || o.from.empty()) && o.to.empty() && o.pairs.empty() &&
                         o.example == 0 && !o.log && o.first_path.empty(),
                     kArgument, "`", question.name, "` takes ",
                     question.takes_from ? "`from` alone: " : "its own points: `from`, ",
                     "`to`, `pairs`, `example`, `log` and `first_path` cannot be given with it");
  }
  LATENTPATH_CHECK(o.transport.empty() || (o.matrix.empty() && o.mean.empty() && !o.curvature), kArgument,
                   "`transport` goes along paths, and `", asked == nullptr ? "" : asked, "` gives none");
  LATENTPATH_CHECK(o.along.empty() || !o.transport.empty(), kArgument,
                   "`along` is the way of a vector: give `transport` with it");
  LATENTPATH_CHECK(o.weights.empty() || !o.mean.empty(), kArgument,
                   "`weights` are those of the points of `mean`: give that as well");
}

void check_job(const GeodesicJob& o) {
  LATENTPATH_CHECK(o.example != 0 || !o.manifold.empty() || !o.embedding.empty() || !o.metric.empty(),
                   kArgument,
                   "a manifold is missing: give `manifold` NAME, `embedding` FILE.pt, `metric` FILE.pt, or "
                   "`example` N");
  LATENTPATH_CHECK(o.manifold.empty() || o.embedding.empty(), kArgument,
                   "`manifold` and `embedding` are both charts: give one of them");
  LATENTPATH_CHECK(o.metric.empty() || (o.manifold.empty() && o.embedding.empty()), kArgument,
                   "`metric` measures lengths by itself: `", o.manifold.empty() ? "embedding" : "manifold",
                   "` cannot be given with it");
  LATENTPATH_CHECK(
      !o.embedding.empty() || !states_anything(o.signature), kArgument,
      "`decoder_method`, `latent_input`, `input`, `output`, `latent_shape` and `channels` say how "
      "the file of `embedding` is called: give that as well");
  LATENTPATH_CHECK(!o.constant_quality || (*o.constant_quality > 0 && *o.constant_quality < 1), kArgument,
                   "`constant_quality` is ", o.constant_quality.value_or(0),
                   ": it weighs every length by -log of it, so it must be above 0 and below 1; without it "
                   "lengths are distances");
  LATENTPATH_CHECK(!o.constant_quality || (o.quality.empty() && o.level_set.empty()), kArgument,
                   "`constant_quality` cannot be given beside `", o.quality.empty() ? "level_set" : "quality",
                   "`");
  LATENTPATH_CHECK(
      o.matrix.empty() || (o.from.empty() && o.to.empty() && o.pairs.empty() && o.example == 0), kArgument,
      "`matrix` takes all pairs of its points: `from`, `to`, `pairs` and `example` cannot be given with it");
  LATENTPATH_CHECK(o.matrix.empty() || (o.first_path.empty() && o.reference != "on"), kArgument,
                   "`matrix` gives distances alone: `first_path` and `reference` on are for paths");
  LATENTPATH_CHECK(
      o.exp.empty() || (o.to.empty() && o.pairs.empty() && o.matrix.empty() && o.example == 0 && !o.log &&
                        o.first_path.empty()),
      kArgument,
      "`exp` finds where geodesics lead: `to`, `pairs`, `matrix`, `example`, `log` and `first_path` cannot "
      "be given with it");
  check_questions(o);
  LATENTPATH_CHECK(!o.log || o.matrix.empty(), kArgument, "`log` belongs to paths, and `matrix` gives none");
  LATENTPATH_CHECK(o.level_set.empty() || o.quality.empty(), kArgument,
                   "`level_set` and `quality` are both qualities: give one of them");
}

std::string manifold_names() {
  std::string names;
  for (const ChartName& n : chart_names())
    names += (names.empty() ? "" : "; ") + n.name + (n.parameters.empty() ? "" : " (" + n.parameters + ")");
  for (const QualityName& n : kQualityNames)
    names += std::string("; ") + n.name + (*n.parameters != 0 ? std::string(" (") + n.parameters + ")" : "");
  names += "; and by closed forms";
  for (const MatrixManifoldName& n : matrix_manifold_names())
    names += " " + n.name + (n.parameters.empty() ? "" : " (" + n.parameters + ")");
  return names;
}

OptionTable<GeodesicJob> make_table() {
  using J = GeodesicJob;
  OptionTable<J> t;
  t.group("Manifold")
      .add("manifold", &J::manifold)
      .help("Name, and what its parameters are: " + manifold_names())
      .add("parameters", &J::parameters)
      .help("Numbers separated by commas, as the manifold takes them")
      .add("embedding", &J::embedding)
      .help("Your own chart: model FILE, forward([n, D]) -> [n, ...]")
      .names_file()
      .include(&J::signature, model_signature_option_table())
      .group("Manifold")
      .add("metric", &J::metric)
      .help("A metric given directly: model FILE, G(z) [n, D] -> [n, D, D], symmetric positive definite")
      .names_file()
      .add("level-set", &J::level_set)
      .help(
          "Stay on a set: model FILE with its distance d >= 0, [n, D] -> [n]; off it a length counts "
          "1 + K d times")
      .names_file()
      .add("stiffness", &J::stiffness)
      .help("K of a level set")
      .above(0)
      .add("quality", &J::quality)
      .help("Weigh lengths by a quality in [0, 1], n = -log Q: model FILE, [n, D] -> [n]")
      .names_file()
      .add("constant-quality", &J::constant_quality)
      .help("Weigh all lengths alike, by n = -log Q; above 0 and below 1")
      .unset("none: lengths are distances");
  t.add("periods", &J::periods)
      .help(
          "Periods of the coordinates, a number or none each, like 6.283185307,none; 6.28:-2,none where "
          "coordinate 2 changes its sign on the way round")
      .unset("as the chart says")
      .add("domain", &J::domain)
      .help("What the chart covers: low,high of each coordinate, or none")
      .unset("as the chart says")
      .add("dtype", &J::dtype)
      .help("Precision of files")
      .choices({{"float32"}, {"float64"}})
      .unset("a file's own; float64 for formulas, which have none");
  add_epsilon(t, &J::epsilon)
      .add("latent-dim", &J::latent_dim)
      .help("Coordinates, checked against the ends")
      .range(1, 100000)
      .zero("as many as the ends have")
      .add("example", &J::example)
      .help("One of the paper's examples: manifold and ends at once")
      .range(1, 4)
      .zero("none")
      .group("End points")
      .add("from", &J::from)
      .help("Start: 1.0,2.0,... or FILE.npy ([D] or [pairs, D])")
      .names_file()
      .add("to", &J::to)
      .help("End, likewise")
      .names_file()
      .add("pairs", &J::pairs)
      .help("Both ends of many paths: FILE.npy of shape [pairs, 2, D]")
      .names_file()
      .add("exp", &J::exp)
      .help(
          "Exponential map: geodesics that leave `from` with this velocity, v1,v2,... or FILE.npy [D] or "
          "[pairs, D]; "
          "exp.npy")
      .names_file()
      .add("log", &J::log)
      .help("Logarithm: also the velocities at `from` whose geodesics lead to `to`, log.npy")
      .add("transport", &J::transport)
      .help(
          "Parallel transport of this vector at `from`, v1,v2,... or FILE.npy [D] or [pairs, D], along the "
          "geodesics "
          "to `to` or of `exp`, or `along`; transport.npy")
      .names_file()
      .add("along", &J::along)
      .help("The way of `transport`: a polyline, FILE.npy [nodes, D]")
      .names_file()
      .add("mean", &J::mean)
      .help(
          "Frechet mean of the points of FILE.npy [n, D], the place of least mean squared distance: mean.npy")
      .names_file()
      .add("weights", &J::weights)
      .help("Weights of the points of `mean`: w1,w2,... or FILE.npy [n]")
      .names_file()
      .unset("all alike")
      .add("curvature", &J::curvature)
      .help("Sectional curvature at `from`, Gauss's in 2-D: curvature.npy")
      .add("matrix", &J::matrix)
      .help(
          "Distances between all points of FILE.npy [n, D], in the place of paths: distances.npy [n, n] and "
          ".csv")
      .names_file()
      .include(&J::search, geodesic_option_table())
      .edit("method")
      .choices(solver_method_choices({{"auto", "by size, and lbfgs for large models"}}))
      .group("How they are sought")
      .add("init", &J::init)
      .help("First paths")
      .choices({{"auto", join_message("graph for up to ", J::kGraphPairs, " pairs and ", J::kGraphDimensions,
                                      " coordinates")},
                {"linear", "the straight line"},
                {"graph", "also several routes over samples"},
                {"straight", "as linear"}})
      .add("first-path", &J::first_path)
      .help("A first path of your own: FILE.npy, [nodes, D] or [pairs, nodes, D]")
      .names_file()
      .add("samples", &J::samples)
      .help("Samples of the graph")
      .range(2, 1000000)
      .add("routes", &J::routes)
      .help("Routes refined for each pair")
      .range(1, 100)
      .add("box", &J::box)
      .help("Where routes and reference may run: low,high of each coordinate")
      .unset("around the ends")
      .add("reference", &J::reference)
      .help("Compare with the global optimum by fast marching")
      .choices({{"auto", join_message("up to ", J::kReferenceDimensions, " coordinates and ",
                                      J::kReferencePairs, " pairs")},
                {"on", join_message("up to ", kMostGridDimensions, " coordinates")},
                {"off"}})
      .add("seed", &J::seed)
      .help("Seed of everything random")
      .include(&J::rivals, rival_option_table(), "rivals");
  add_output(t, &J::out, &J::overwrite, "run.json, path.npy, times.npy, frames/, report.html")
      .add("pictures", &J::pictures)
      .help("Pairs that get pictures, at most")
      .range(0, 1000000)
      .rule(check_job);
  add_picture_format(t, &J::picture_format);
  return t;
}

}  // namespace

const OptionTable<GeodesicJob>& geodesic_job_option_table() {
  static const OptionTable<GeodesicJob> table = make_table();
  return table;
}

/// The paper's examples as options: what the command line gives beside `example` stands.
GeodesicJob apply_example(GeodesicJob o) {
  if (o.example == 0) return o;
  LATENTPATH_CHECK(o.manifold.empty() && o.embedding.empty() && o.metric.empty() && o.level_set.empty() &&
                       o.quality.empty() && o.from.empty() && o.to.empty() && o.pairs.empty(),
                   kArgument, "`example` ", o.example,
                   " chooses manifold, quality and ends: they cannot be given with it");
  switch (o.example) {
    case 1:
      o.manifold = "plane", o.from = "0,1", o.to = "1,0";
      break;
    case 2:
      o.manifold = "half-sphere", o.from = "0,1", o.to = "1,0";
      break;
    case 3:
      o.manifold = "discs", o.parameters = "0,0,1", o.stiffness = 5, o.from = "-1.3,0", o.to = "1.3,0";
      break;
    default:
      o.manifold = "cube", o.stiffness = 50, o.from = "0,0,1", o.to = "1,0,0";
  }
  return o;
}

ManifoldProblem make_manifold_problem(const GeodesicJob& job) {
  ManifoldProblem problem;
  read_ends(job, problem);
  LATENTPATH_CHECK(job.latent_dim == 0 || job.latent_dim == problem.start.size(1), kArgument,
                   "`latent_dim` is ", job.latent_dim, " and the ends have ", problem.start.size(1),
                   " coordinates");
  set_chart(job, problem);
  set_quality(job, problem);
  detail::check_topology(job, problem);
  check_on_level_set(job, problem);
  say_unused(job, problem);
  set_first_path(job, problem);
  set_truth(job, problem);
  return problem;
}

}  // namespace latentpath
