// latentpath geodesic: shortest paths on manifolds, with certificates.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "config_file.h"
#include "latentpath/core/error.h"
#include "latentpath/core/version.h"
#include "latentpath/io/file.h"
#include "latentpath/io/npy.h"
#include "latentpath/metric/adaptors.h"
#include "latentpath/metric/charts.h"
#include "latentpath/models/torchscript_decoder.h"
#include "latentpath/models/torchscript_metric.h"
#include "latentpath/models/torchscript_module.h"
#include "latentpath/path/analytic_realisation.h"
#include "latentpath/path/certify_globally.h"
#include "latentpath/path/find_path.h"
#include "latentpath/path/global_geodesics.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/points.h"
#include "latentpath/report/html_report.h"
#include "latentpath/report/latent_plane.h"
#include "latentpath/report/surface_picture.h"
#include "latentpath/solver/methods.h"
#include "option_values.h"
#include "program.h"
#include "progress_line.h"
#include "run_folder_guard.h"

namespace latentpath::program {
namespace {

using nlohmann::json;

struct GeodesicProgramOptions {
  std::string manifold, parameters, embedding, metric, level_set, quality;
  int64_t latent_dim = 0, example = 0;
  double stiffness = 50, epsilon = 0, constant_quality = 0.5;
  std::string from, to, pairs_file, first_path;
  std::string method = "auto", init = "auto", reference = "auto", box;
  int64_t segments = 100, max_iterations = 200, samples = 1500, routes = 4;
  double tolerance = 1e-9;
  uint64_t seed = 0;
  int threads = 0;
  std::string out;
  int64_t pictures = 16;
  std::vector<std::string> picture_format{"png"};
  bool overwrite = false, quiet = false, print_json = false;
};

/// The level sets and conformal metrics that have a name, beside the charts.
struct QualityName {
  const char *name, *parameters;
};
constexpr QualityName kQualityNames[] = {{"discs", "x,y,radius of each disc cut out of the plane"},
                                         {"cube", ""},
                                         {"poincare", ""},
                                         {"stereographic", ""}};

std::vector<double> finite_numbers(const std::string& option, const std::string& text) {
  const std::vector<double> numbers = parse_numbers(option, text);
  for (const double value : numbers)
    LATENTPATH_CHECK(std::isfinite(value), kArgument, option, " takes numbers separated by commas; '", text,
                     "' is not");
  return numbers;
}

bool ends_in_npy(const std::string& text) { return text.size() > 4 && text.ends_with(".npy"); }

/// Models in files are decoded in batches, which methods that need a gradient alone do without the dense
/// solvers.
bool by_find_path(const GeodesicProgramOptions& o, const std::string& method) {
  const bool from_files =
      !o.embedding.empty() || !o.metric.empty() || !o.level_set.empty() || !o.quality.empty();
  return from_files && method != "auto" && solver_method(method).needs == SolverNeeds::kGradient;
}

void check_options(const GeodesicProgramOptions& o) {
  LATENTPATH_CHECK(!o.manifold.empty() || !o.embedding.empty() || !o.metric.empty(), kArgument,
                   "a manifold is missing: give --manifold NAME, --embedding FILE.pt, --metric FILE.pt, or "
                   "--example N");
  LATENTPATH_CHECK(o.manifold.empty() || o.embedding.empty(), kArgument,
                   "--manifold and --embedding are both charts: give one of them");
  LATENTPATH_CHECK(o.metric.empty() || (o.manifold.empty() && o.embedding.empty()), kArgument,
                   "--metric measures "
                   "lengths by itself: ",
                   o.manifold.empty() ? "--embedding" : "--manifold", " cannot be given with it");
  LATENTPATH_CHECK(o.level_set.empty() || o.quality.empty(), kArgument,
                   "--level-set and --quality are both qualities: give one of them");
  check_choice("--method", o.method, solver_method_names({"auto"}));
  check_choice("--init", o.init, {"auto", "straight", "graph"});
  check_choice("--reference", o.reference, {"auto", "on", "off"});
  const auto between = [](const char* option, double value, double low, double high) {
    LATENTPATH_CHECK(value >= low && value <= high, kArgument, option, " must lie between ", low, " and ",
                     high, ", not at ", value);
  };
  between("--segments", static_cast<double>(o.segments), 2, 100000);
  between("--max-iterations", static_cast<double>(o.max_iterations), 1, 1000000);
  between("--samples", static_cast<double>(o.samples), 2, 1000000);
  between("--routes", static_cast<double>(o.routes), 1, 100);
  between("--threads", o.threads, 0, 1024);
  between("--pictures", static_cast<double>(o.pictures), 0, 1e6);
  between("--latent-dim", static_cast<double>(o.latent_dim), 0, 100000);
  LATENTPATH_CHECK(o.epsilon >= 0 && o.epsilon < 0.5, kArgument,
                   "--epsilon must satisfy 0 <= epsilon < 0.5, not ", o.epsilon);
  LATENTPATH_CHECK(o.stiffness > 0 && std::isfinite(o.stiffness), kArgument,
                   "--stiffness must be positive, not ", o.stiffness);
  LATENTPATH_CHECK(o.constant_quality > 0 && o.constant_quality < 1, kArgument,
                   "--constant-quality must lie strictly between 0 and 1, not at ", o.constant_quality);
  LATENTPATH_CHECK(o.tolerance >= 0, kArgument, "--tolerance must not be negative, and is ", o.tolerance);
  LATENTPATH_CHECK(
      !by_find_path(o, o.method) || o.init != "graph", kArgument,
      "--init graph is for the methods auto, newton, gauss-newton, newton-cg and georce where models "
      "are in files, not for ",
      o.method);
}

/// What is asked, in the forms that both kinds of solver take.
struct Setting {
  ChartPointer chart;
  AnalyticMetricPointer target;  // of the space that the chart maps to; null: Euclidean
  AnalyticQualityPointer quality;
  std::shared_ptr<const Embedding> embedding;  // of find_path
  QualityPointer tensor_quality;
  Tensor start, end;  // [pairs, D] float64
  Tensor first_path;  // [pairs, m + 1, D] or undefined
  std::optional<double> exact;
  std::string exact_formula;
  bool from_files = false;
  bool cube = false;
};

/// The paper's examples as options: what the command line gives beside --example stands.
void apply_example(GeodesicProgramOptions& o) {
  LATENTPATH_CHECK(o.example >= 1 && o.example <= 4, kArgument, "--example is 1, 2, 3 or 4, not ", o.example);
  LATENTPATH_CHECK(o.manifold.empty() && o.embedding.empty() && o.metric.empty() && o.level_set.empty() &&
                       o.quality.empty() && o.from.empty() && o.to.empty() && o.pairs_file.empty(),
                   kArgument, "--example ", o.example,
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
}

Tensor read_points(const char* option, const std::string& text) {
  if (!ends_in_npy(text)) return at::tensor(finite_numbers(option, text), at::kDouble).unsqueeze(0);
  Tensor array = read_npy(text).to(at::kDouble);
  if (array.dim() == 1) array = array.unsqueeze(0);
  LATENTPATH_CHECK(array.dim() == 2 && array.size(0) >= 1 && array.size(1) >= 1, kInput, text,
                   " must have the shape [D] or [pairs, D], not ", shape_string(array.sizes()));
  return array;
}

void read_ends(const GeodesicProgramOptions& o, Setting& setting) {
  if (!o.pairs_file.empty()) {
    LATENTPATH_CHECK(o.from.empty() && o.to.empty(), kArgument,
                     "--pairs already holds both ends: --from and --to cannot be given with it");
    const Tensor pairs = read_npy(o.pairs_file).to(at::kDouble);
    LATENTPATH_CHECK(pairs.dim() == 3 && pairs.size(0) >= 1 && pairs.size(1) == 2 && pairs.size(2) >= 1,
                     kInput, o.pairs_file, " must have the shape [pairs, 2, D], not ",
                     shape_string(pairs.sizes()));
    setting.start = pairs.select(1, 0).contiguous();
    setting.end = pairs.select(1, 1).contiguous();
  } else {
    LATENTPATH_CHECK(!o.from.empty() && !o.to.empty(), kArgument,
                     "an end point is missing: give --from and --to, or --pairs");
    setting.start = read_points("--from", o.from);
    setting.end = read_points("--to", o.to);
    LATENTPATH_CHECK(setting.start.size(1) == setting.end.size(1), kArgument, "--from has ",
                     setting.start.size(1), " coordinates and --to has ", setting.end.size(1));
    const int64_t pairs = std::max(setting.start.size(0), setting.end.size(0));
    LATENTPATH_CHECK((setting.start.size(0) == pairs || setting.start.size(0) == 1) &&
                         (setting.end.size(0) == pairs || setting.end.size(0) == 1),
                     kInput, "--from has ", setting.start.size(0), " points and --to has ",
                     setting.end.size(0), "; they must be as many, or one of them 1");
    setting.start = setting.start.expand({pairs, -1}).contiguous();
    setting.end = setting.end.expand({pairs, -1}).contiguous();
  }
  LATENTPATH_CHECK(
      at::isfinite(setting.start).all().item<bool>() && at::isfinite(setting.end).all().item<bool>(), kInput,
      "an end point has a coordinate that is NaN or infinite");
}

/// A function of points in a TorchScript file, one number a point.
std::shared_ptr<Embedding> scalar_file(const std::string& file, const char* role, int64_t dim) {
  auto module = std::make_shared<TorchScriptModule>(file, role, "", "cpu");
  return function_embedding(
      [module, role, file](const Tensor& z) {
        const Tensor value = module->forward(z);
        LATENTPATH_CHECK(value.numel() == z.size(0), kInput, "the ", role, " ", file, " gives ",
                         shape_string(value.sizes()), " for ", z.size(0),
                         " points: it must give one number each");
        return value.reshape({z.size(0), 1});
      },
      dim, file);
}

/// Values of a file along the straight lines between the ends, refused where they cannot be what they should.
void check_values(const Setting& setting, const std::shared_ptr<Embedding>& function, const char* option,
                  double low, double high, const char* constraint) {
  const at::NoGradGuard no_gradient;
  const Tensor times = at::linspace(0, 1, 65, at::kDouble);
  const Tensor z = linear_path(setting.start, setting.end, times).reshape({-1, setting.start.size(1)});
  const Tensor values = (*function)(z).reshape({-1}).to(at::kDouble);
  const Tensor wrong = at::logical_not(at::logical_and(values >= low, values <= high)).nonzero();
  if (wrong.size(0) == 0) return;
  throw Error(ErrorKind::kInput,
              join_message(option, " ", function->describe(), " gives ", values[wrong[0][0]].item<double>(),
                           " on the straight line between the ends: ", constraint));
}

Setting make_setting(const GeodesicProgramOptions& o) {
  Setting setting;
  read_ends(o, setting);
  const int64_t ends_dim = setting.start.size(1);
  LATENTPATH_CHECK(o.latent_dim == 0 || o.latent_dim == ends_dim, kArgument, "--latent-dim is ", o.latent_dim,
                   " and the ends have ", ends_dim, " coordinates");
  const auto dim = static_cast<int>(ends_dim);
  const std::vector<double> parameters =
      o.parameters.empty() ? std::vector<double>() : finite_numbers("--parameters", o.parameters);
  const auto no_other_quality = [&] {
    LATENTPATH_CHECK(o.level_set.empty() && o.quality.empty(), kArgument, "--manifold ", o.manifold,
                     " brings its own quality: --level-set and --quality cannot be given with it");
  };
  if (!o.embedding.empty()) {
    DecoderOptions decoder;
    decoder.latent_dim = ends_dim;
    setting.embedding = load_decoder(o.embedding, decoder);
    setting.chart = as_chart(setting.embedding, dim);
    setting.from_files = true;
  } else if (!o.metric.empty()) {
    const MetricTensorPointer tensors = load_metric(o.metric, ends_dim);
    setting.embedding = riemannian_space(tensors);
    check_metric(*setting.embedding, setting.start, setting.end);
    setting.chart = as_chart(setting.embedding, dim);
    setting.target = as_analytic(tensors, dim);
    setting.from_files = true;
  } else if (o.manifold == "discs") {
    no_other_quality();
    LATENTPATH_CHECK(!parameters.empty() && parameters.size() % static_cast<size_t>(dim + 1) == 0, kArgument,
                     "--manifold discs takes --parameters with the ", dim,
                     " coordinates of the centre and the radius of each disc, not ", parameters.size(),
                     " numbers");
    std::vector<Disc> discs;
    for (size_t i = 0; i < parameters.size(); i += static_cast<size_t>(dim + 1)) {
      const auto at = parameters.begin() + static_cast<std::ptrdiff_t>(i);
      LATENTPATH_CHECK(at[dim] > 0, kArgument, "the radius of a disc must be positive, not ", at[dim]);
      discs.push_back({std::vector<double>(at, at + dim), at[dim]});
    }
    setting.chart = plane_chart(dim);
    setting.quality = cut_out_discs(discs, o.stiffness);
  } else if (o.manifold == "cube" || o.manifold == "poincare" || o.manifold == "stereographic") {
    no_other_quality();
    LATENTPATH_CHECK(parameters.empty(), kArgument, "--manifold ", o.manifold, " takes no --parameters");
    setting.chart = plane_chart(dim);
    setting.cube = o.manifold == "cube" && dim == 3;
    setting.quality = o.manifold == "cube"       ? cube_surface(dim, o.stiffness)
                      : o.manifold == "poincare" ? poincare_ball(dim)
                                                 : stereographic_quality(dim);
  } else {
    const auto& names = chart_names();
    const auto known =
        std::find_if(names.begin(), names.end(), [&](const ChartName& n) { return n.name == o.manifold; });
    if (known == names.end()) {
      std::string list;
      for (const ChartName& n : names) list += n.name + ", ";
      for (const QualityName& n : kQualityNames) list += std::string(n.name) + ", ";
      throw Error(ErrorKind::kArgument, join_message("--manifold '", o.manifold, "' is not one of ",
                                                     list.substr(0, list.size() - 2)));
    }
    setting.chart = make_chart(o.manifold, parameters, known->any_dimension ? dim : 0);
    LATENTPATH_CHECK(setting.chart->latent_dim() == dim, kArgument, "--manifold ", o.manifold, " has ",
                     setting.chart->latent_dim(), " coordinates; the ends have ", dim);
  }
  if (!o.level_set.empty()) {
    const auto distance = scalar_file(o.level_set, "level set", ends_dim);
    check_values(setting, distance, "--level-set", 0, std::numeric_limits<double>::max(),
                 "a distance to the set is a finite number, 0 or more");
    setting.quality = as_level_set(distance, o.stiffness, dim);
    setting.tensor_quality = level_set([distance](const Tensor& z) { return (*distance)(z).reshape({-1}); },
                                       o.stiffness, o.level_set);
    setting.from_files = true;
  } else if (!o.quality.empty()) {
    const auto file = scalar_file(o.quality, "quality", ends_dim);
    check_values(setting, file, "--quality", 0, 1, "a quality lies between 0 and 1");
    setting.tensor_quality =
        function_quality([file](const Tensor& z) { return (*file)(z).reshape({-1}); }, o.quality);
    setting.quality = as_analytic(setting.tensor_quality, dim);
    setting.from_files = true;
  } else if (!setting.quality) {
    setting.quality = analytic_constant(o.constant_quality);
    setting.tensor_quality = constant_quality(o.constant_quality);
  }
  if (!setting.embedding) setting.embedding = as_embedding(setting.chart);
  if (!setting.tensor_quality) setting.tensor_quality = as_quality(setting.quality);

  const int64_t pairs = setting.start.size(0);
  if (!o.first_path.empty()) {
    Tensor path = read_npy(o.first_path).to(at::kDouble);
    if (path.dim() == 2) path = path.unsqueeze(0).expand({pairs, -1, -1});
    LATENTPATH_CHECK(
        path.dim() == 3 && path.size(0) == pairs && path.size(1) >= 2 && path.size(2) == ends_dim, kInput,
        o.first_path, " must have the shape [nodes, ", ends_dim, "] or [", pairs, ", nodes, ", ends_dim,
        "], not ", shape_string(path.sizes()));
    setting.first_path = path.contiguous();
  } else if (o.example == 1 || o.example == 2) {
    // A bent first path, as in the paper's figures: from the straight line, which is the answer, nothing
    // would move.
    const Tensor times = at::linspace(0, 1, 101, at::kDouble);
    const Tensor bend = at::stack({at::sin(M_PI * times) * 0.9, at::sin(M_PI * times) * 0.5}, 1);
    setting.first_path = linear_path(setting.start, setting.end, times) + bend;
  }
  const double log2 = std::log(2.0);
  const bool as_printed = o.constant_quality == 0.5 && o.epsilon == 0;
  if (o.example == 1 && as_printed) setting.exact = std::sqrt(2.0) * log2, setting.exact_formula = "√2 ln 2";
  if (o.example == 2 && as_printed) setting.exact = M_PI / 3 * log2, setting.exact_formula = "(π/3) ln 2";
  if (o.example == 3 && o.epsilon == 0) {
    setting.exact = log2 * (2 * std::sqrt(0.69) + M_PI - 2 * std::acos(1 / 1.3));
    setting.exact_formula = "ln 2 (2√0.69 + π − 2 arccos(1/1.3))";
  }
  if (o.example == 4 && o.epsilon == 0 && o.stiffness == 50) {
    setting.exact = 2 * log2 - log2 * log2 * (std::asinh(1.0) + std::sqrt(2.0) - 2) / 50;
    setting.exact_formula = "2 ln 2 − (ln 2)² (arsinh 1 + √2 − 2)/50";
  }
  return setting;
}

std::vector<double> row_major(const Tensor& tensor) {
  const Tensor values = tensor.to(at::kDouble).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}
Tensor tensor_of(const std::vector<double>& nodes, int64_t dim) {
  return at::tensor(nodes, at::kDouble).reshape({-1, dim});
}

/// Figures of a polyline [n + 1, D], by the contract of run.json; only finite ones.
json figures_of(const WeightedMetric& metric, const Tensor& nodes, int64_t& lost) {
  const std::vector<double> z = row_major(nodes);
  const auto dim = static_cast<size_t>(metric.latent_dim());
  const auto cost = [&](int pieces) { return metric.length(z, 0, pieces).chord_cost; };
  const LengthFigures lengths = metric.length(z);
  // Q along the path, at the middles and nodes: Q_ε = exp(−n), regularisation undone.
  const Tensor fine =
      at::cat({nodes, 0.5 * (nodes.narrow(0, 0, nodes.size(0) - 1) + nodes.narrow(0, 1, nodes.size(0) - 1))});
  const std::vector<double> points = row_major(fine);
  std::vector<double> n(points.size() / dim);
  metric.weights(n.size(), points.data(), nullptr, n.data());
  const double epsilon = metric.epsilon();
  double mean = 0, least = 1;
  for (const double weight : n) {
    const double q = (std::exp(-weight) - epsilon) / (1 - 2 * epsilon);
    mean += q / static_cast<double>(n.size());
    least = std::min(least, q);
  }
  json object = json::object();
  const std::pair<const char*, double> list[] = {{"cost", cost(1)},
                                                 {"cost_refined", cost(4)},
                                                 {"length", lengths.length},
                                                 {"quality_of_curve", std::exp(-lengths.length)},
                                                 {"mean_quality", mean},
                                                 {"min_quality", least},
                                                 {"embedding_length", lengths.embedding_length}};
  for (const auto& [name, value] : list) {
    object[name] = std::isfinite(value) ? json(value) : json();
    lost += !std::isfinite(value);
  }
  object["refinement"] = 4;
  return object;
}

/// One pair's answer, however it was found.
struct Answer {
  Tensor nodes;  // [n + 1, D]
  std::string termination, start;
  int64_t iterations = 0, evaluations = 0;
  double seconds = 0;
  double length = 0;  ///< refined
  std::optional<double> extrapolated, extrapolation_change, gradient_residual, least_curvature;
  std::optional<int> negative_directions;
  std::optional<bool> minimum;
  bool under_resolved = false;
  double lower_bound = 0;
  std::vector<std::string> warnings;
  std::vector<std::pair<std::string, double>> others;  // other geodesics: start and length
  std::vector<Tensor> other_nodes;
  std::vector<std::pair<std::string, Tensor>> stages;
  std::optional<GlobalCertificate> certificate;
};

struct Outcome {
  std::vector<Answer> answers;
  std::string method, reason;
  int64_t graph_edges = 0, evaluated_edges = 0;
};

SearchBox search_box(const GeodesicProgramOptions& o, const Setting& setting) {
  const auto dim = static_cast<size_t>(setting.start.size(1));
  if (o.box.empty()) {
    std::vector<double> points = row_major(at::cat({setting.start, setting.end}));
    return surrounding_box(points, static_cast<int>(dim));
  }
  const std::vector<double> numbers = finite_numbers("--box", o.box);
  LATENTPATH_CHECK(numbers.size() == 2 * dim, kArgument, "--box takes low,high of each of the ", dim,
                   " coordinates, ", 2 * dim, " numbers, not ", numbers.size());
  SearchBox box;
  for (size_t d = 0; d < dim; ++d) {
    LATENTPATH_CHECK(numbers[2 * d] < numbers[2 * d + 1], kArgument, "--box: the low end ", numbers[2 * d],
                     " is not below the high end ", numbers[2 * d + 1]);
    box.lower.push_back(numbers[2 * d]);
    box.upper.push_back(numbers[2 * d + 1]);
  }
  return box;
}

Answer answer_of(const Geodesic& geodesic, const std::string& start, int64_t dim) {
  Answer answer;
  answer.nodes = tensor_of(geodesic.nodes, dim);
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
    answer.stages.emplace_back(stage.name, tensor_of(stage.nodes, dim));
  return answer;
}

GeodesicOptions dense_options(const GeodesicProgramOptions& o, const WeightedMetric& metric, int64_t pairs) {
  GeodesicOptions options;
  options.segments = static_cast<int>(o.segments);
  options.method = o.method;
  options.max_iterations = static_cast<int>(o.max_iterations);
  options.tolerance = o.tolerance;
  options.threads = o.threads;
  options.keep_stages = !o.out.empty() && pairs <= o.pictures;
  // Four points of the weight a segment, unless it is constant: a solver with one hides bad places between
  // them.
  if (metric.quality().form() != AnalyticQuality::Form::kConstant) options.quadrature = 4;
  return options;
}

/// By the dense solvers of find_geodesics().
Outcome solve_dense(const GeodesicProgramOptions& o, const Setting& setting, const WeightedMetric& metric,
                    ProgressLine& line) {
  const int64_t pairs = setting.start.size(0), dim = setting.start.size(1);
  GeodesicProblem problem{.metric = metric, .start = row_major(setting.start), .end = row_major(setting.end)};
  if (setting.first_path.defined()) problem.initial = row_major(setting.first_path);
  const GeodesicOptions options = dense_options(o, metric, pairs);
  const bool graph = o.init == "graph" || (o.init == "auto" && pairs <= 64 && dim <= 8);
  Outcome outcome;
  if (!graph) {
    line({"pairs", 0, pairs, 0});
    const GeodesicResult result = find_geodesics(problem, options, interrupt_token());
    for (const Geodesic& geodesic : result.geodesics)
      outcome.answers.push_back(
          answer_of(geodesic, problem.initial.empty() ? "straight line" : "given path", dim));
    outcome.method = result.method;
    outcome.reason = result.method_reason;
    return outcome;
  }
  GlobalGeodesicOptions global;
  global.geodesic = options;
  global.box = search_box(o, setting);
  global.samples = o.samples;
  global.routes.routes = static_cast<int>(o.routes);
  global.every_geodesic = !setting.from_files;
  line({"routes", 0, pairs, 0});
  const GlobalGeodesics result = find_global_geodesics(problem, global, interrupt_token());
  for (const GlobalGeodesic& pair : result.pairs) {
    Answer answer = answer_of(pair.found[0].geodesic, pair.found[0].start, dim);
    for (size_t k = 1; k < pair.found.size(); ++k) {
      answer.others.emplace_back(pair.found[k].start, pair.found[k].geodesic.refined_length);
      answer.other_nodes.push_back(tensor_of(pair.found[k].geodesic.nodes, dim));
    }
    for (const std::string& sentence : pair.failed) answer.warnings.push_back(sentence);
    outcome.answers.push_back(std::move(answer));
  }
  outcome.method = result.method;
  outcome.reason = result.method_reason;
  outcome.graph_edges = result.graph_edges;
  outcome.evaluated_edges = result.evaluated_edges;
  return outcome;
}

/// Whether the paths are compared with the global optimum.
bool wants_reference(const GeodesicProgramOptions& o, const Setting& setting) {
  const int64_t pairs = setting.start.size(0), dim = setting.start.size(1);
  LATENTPATH_CHECK(o.reference != "on" || dim <= 3, kArgument,
                   "--reference on exists for at most 3 coordinates; the ends have ", dim);
  return o.reference != "off" && dim <= 3 && (o.reference == "on" || (dim < 3 && pairs <= 16));
}

EikonalDistanceOptions reference_options(const GeodesicProgramOptions& o, const Setting& setting) {
  EikonalDistanceOptions options;
  options.tolerance = 1e-3;
  options.most_nodes = 600'000;
  if (!o.box.empty()) options.box = search_box(o, setting);
  if (setting.from_files) {
    // A model is decoded five times a node, and is rough enough to need no better than this.
    if (setting.start.size(1) == 2) options.coarsest = 101;
    options.tolerance = 2e-3;
    options.most_nodes = 200'000;
  }
  return options;
}

/// A reference that cannot be had is an error only where it was asked for by name.
void no_reference(const GeodesicProgramOptions& o, const Error& error, std::vector<std::string>& warnings) {
  if (error.kind() == ErrorKind::kInterrupted) return;
  if (o.reference == "on") throw error;
  warnings.push_back(std::string("no global reference: ") + error.what());
}

/// By find_path(), for files and where first-order methods are asked for; its paths go on from the reference
/// where that is shorter.
Outcome solve_by_find_path(const GeodesicProgramOptions& o, const Setting& setting, const std::string& method,
                           const WeightedMetric& metric, ProgressLine& line) {
  LATENTPATH_CHECK(!setting.first_path.defined() || o.example > 0, kArgument,
                   "--first-path is for the methods newton, gauss-newton, newton-cg and georce, not for ",
                   method);
  const int64_t pairs = setting.start.size(0), dim = setting.start.size(1);
  PathProblem problem;
  problem.embedding = setting.embedding;
  problem.quality = setting.tensor_quality;
  problem.start = setting.start;
  problem.end = setting.end;
  PathOptions options;
  options.segments = o.segments;
  options.epsilon = o.epsilon;
  options.cost = "chord";
  options.method = method;
  if (o.init == "straight") options.init = "linear";
  options.max_iterations = method == "adam" ? std::max<int64_t>(o.max_iterations, 1000) : o.max_iterations;
  options.tolerance = std::max(o.tolerance, 1e-9);
  options.seed = o.seed;
  const ProgressObserver progress = [&](const Progress& p) { line(p); };
  PathResult result = find_path(problem, options, progress, interrupt_token());
  std::vector<GlobalCertificate> certificates;
  if (wants_reference(o, setting) && !interrupt_token().cancelled() &&
      (setting.start != setting.end).any(1).all().item<bool>()) {
    try {
      certificates = certify_and_improve(problem, options, result, reference_options(o, setting), progress,
                                         interrupt_token());
    } catch (const Error& error) {
      no_reference(o, error, result.warnings);
    }
  }
  Outcome outcome;
  outcome.method = result.method;
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const auto index = static_cast<size_t>(pair);
    Answer answer;
    answer.nodes = result.nodes[pair].to(at::kDouble);
    answer.termination = termination_name(result.termination[index]);
    answer.start = result.start[index];
    answer.iterations = result.iterations[index];
    answer.evaluations = result.decoder_evaluations[index];
    answer.seconds = result.seconds / static_cast<double>(pairs);
    answer.gradient_residual = result.gradient_residual[pair].item<double>();
    answer.under_resolved = result.under_resolved[index];
    const std::vector<double> nodes = row_major(answer.nodes);
    answer.length = metric.length(nodes).length;
    answer.lower_bound =
        metric.lower_bound(nodes.data(), nodes.data() + nodes.size() - static_cast<size_t>(dim));
    if (index < certificates.size())
      answer.certificate = certify_against(std::move(certificates[index].marching), answer.length);
    outcome.answers.push_back(std::move(answer));
  }
  if (!result.warnings.empty()) outcome.answers[0].warnings = result.warnings;
  return outcome;
}

bool all_converged(const Outcome& outcome) {
  return std::all_of(outcome.answers.begin(), outcome.answers.end(), [](const Answer& answer) {
    return answer.termination == termination_name(Termination::kConverged);
  });
}

/// Answers of Newton's method on a model that did not converge, kinks in its way as a rule, against those of
/// first-order steps.
void take_shorter(Outcome& outcome, Outcome other) {
  for (size_t pair = 0; pair < outcome.answers.size(); ++pair) {
    Answer &answer = outcome.answers[pair], &rival = other.answers[pair];
    if (answer.termination == termination_name(Termination::kConverged) || !(rival.length < answer.length))
      continue;
    rival.iterations += answer.iterations;
    rival.seconds += answer.seconds;
    answer = std::move(rival);
  }
}

/// Where the reference is shorter than the path by more than its own error, the search goes on from there.
void go_on_from_reference(const GeodesicProgramOptions& o, const Setting& setting,
                          const WeightedMetric& metric, int64_t pair, Answer& answer) {
  const GlobalCertificate& certificate = *answer.certificate;
  if (certificate.gap * certificate.reference <= certificate.reference_error) return;
  const Eigen::MatrixXd& path = certificate.marching.path;
  const GeodesicProblem problem{.metric = metric,
                                .start = row_major(setting.start[pair]),
                                .end = row_major(setting.end[pair]),
                                .initial = {path.data(), path.data() + path.size()}};
  GeodesicOptions options = dense_options(o, metric, 1);
  options.coarsest_segments = options.segments;
  const Geodesic found = find_geodesics(problem, options, interrupt_token()).geodesics[0];
  if (!(found.refined_length < answer.length)) return;
  Answer better = answer_of(found, "given path", setting.start.size(1));
  better.iterations += answer.iterations;
  better.seconds += answer.seconds;
  better.certificate = certify_against(answer.certificate->marching, better.length);
  answer = std::move(better);
}

/// By fast marching on the chart itself.
void certify(const GeodesicProgramOptions& o, const Setting& setting, const WeightedMetric& metric,
             Outcome& outcome, ProgressLine& line) {
  if (!wants_reference(o, setting)) return;
  const int64_t pairs = setting.start.size(0), dim = setting.start.size(1);
  const EikonalDistanceOptions options = reference_options(o, setting);
  // A model is decoded beside each point, which is cheaper than differentiated.
  const SearchBox box = search_box(o, setting);
  double side = 0;
  for (size_t d = 0; d < box.lower.size(); ++d) side = std::max(side, box.upper[d] - box.lower[d]);
  const MetricField field = setting.from_files
                                ? tensor_metric_field(setting.embedding, setting.tensor_quality,
                                                      metric.epsilon(), OutputNorm::kSum, 5e-4 * side)
                                : metric_field(metric);
  for (int64_t pair = 0; pair < pairs; ++pair) {
    Answer& answer = outcome.answers[static_cast<size_t>(pair)];
    if (interrupt_token().cancelled()) return;
    if (!std::isfinite(answer.length) || at::equal(setting.start[pair], setting.end[pair])) continue;
    line({"fast marching", pair, pairs, 0});
    const std::vector<double> z = row_major(answer.nodes);
    const Eigen::MatrixXd path = Eigen::Map<const Eigen::MatrixXd>(z.data(), dim, answer.nodes.size(0));
    try {
      answer.certificate = certify_globally(field, path, answer.length, options, interrupt_token());
      if (setting.from_files) go_on_from_reference(o, setting, metric, pair, answer);
    } catch (const Error& error) {
      no_reference(o, error, answer.warnings);
    }
  }
}

Colour between(Colour a, Colour b, double share) {
  const auto mix = [share](uint8_t x, uint8_t y) {
    return static_cast<uint8_t>(std::lround(x + (y - x) * share));
  };
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

/// The stages that are drawn: the first path and a few of those on the way.
std::vector<std::pair<std::string, Tensor>> shown_stages(const Answer& answer) {
  std::vector<std::pair<std::string, Tensor>> stages;
  const size_t count = answer.stages.size(), most = 6;
  for (size_t k = 0; k < std::min(count, most); ++k)
    stages.push_back(answer.stages[count <= most ? k : k * (count - 1) / (most - 1)]);
  return stages;
}

std::string length_text(const char* what, double length) {
  std::ostringstream text;
  text << what << ", " << std::setprecision(6) << length;
  return text.str();
}

/// The box that a picture shows: all curves and some room.
std::array<double, 4> picture_box(const Answer& answer) {
  std::vector<Tensor> all{answer.nodes};
  for (const auto& [name, nodes] : shown_stages(answer)) all.push_back(nodes);
  all.insert(all.end(), answer.other_nodes.begin(), answer.other_nodes.end());
  const Tensor points = at::cat(all);
  const Tensor low = std::get<0>(points.min(0)), high = std::get<0>(points.max(0));
  const double x0 = low[0].item<double>(), x1 = high[0].item<double>(), y0 = low[1].item<double>(),
               y1 = high[1].item<double>();
  const double side = std::max({x1 - x0, y1 - y0, 1e-6}) * 1.3;
  return {0.5 * (x0 + x1 - side), 0.5 * (x0 + x1 + side), 0.5 * (y0 + y1 - side), 0.5 * (y0 + y1 + side)};
}

Tensor grid_points(const std::array<double, 4>& box, int64_t rows, int64_t columns) {
  const Tensor x = at::linspace(box[0], box[1], columns, at::kDouble),
               y = at::linspace(box[2], box[3], rows, at::kDouble);
  return at::stack({x.unsqueeze(0).expand({rows, columns}), y.unsqueeze(1).expand({rows, columns})}, 2);
}

Tensor quality_on(const WeightedMetric& metric, const Tensor& points) {
  const std::vector<double> z = row_major(points.reshape({-1, points.size(-1)}));
  std::vector<double> n(z.size() / static_cast<size_t>(points.size(-1)));
  metric.weights(n.size(), z.data(), nullptr, n.data());
  for (double& value : n) value = (std::exp(-value) - metric.epsilon()) / (1 - 2 * metric.epsilon());
  return at::tensor(n, at::kDouble).reshape({points.size(0), points.size(1)});
}

/// What colours the plane under the paths.
struct PlaneField {
  std::array<double, 4> box;
  Tensor values;  // [rows, columns]
  std::string label;
};

/// The quality; where that is the same everywhere, how much the chart magnifies areas: log10 √det g.
PlaneField plane_field(const Setting& setting, const WeightedMetric& metric, const Answer& answer) {
  const auto box = picture_box(answer);
  // Five points of a model are decoded for each one of its metric.
  const int64_t side = setting.from_files ? 121 : 241;
  const Tensor points = grid_points(box, side, side);
  if (metric.quality().form() == AnalyticQuality::Form::kConstant &&
      !(metric.chart().is_identity() && metric.target() == nullptr)) {
    const MetricField field =
        setting.from_files ? tensor_metric_field(setting.embedding, setting.tensor_quality, metric.epsilon(),
                                                 OutputNorm::kSum, 5e-4 * (box[1] - box[0]))
                           : metric_field(metric);
    const Eigen::ArrayXXd g = field(matrix_of_points(points.reshape({-1, 2})));
    const Eigen::ArrayXd area = (g.row(0) * g.row(2) - g.row(1).square()).max(1e-300).log10() / 2;
    return {box, at::tensor(std::vector<double>(area.begin(), area.end()), at::kDouble).view({side, side}),
            "log10 of area"};
  }
  return {box, quality_on(metric, points), "quality"};
}

Picture draw_plane(const PlaneField& field, const Answer& answer, const std::string& title) {
  LatentPlane plane;
  plane.title = title;
  plane.x0 = field.box[0], plane.x1 = field.box[1], plane.y0 = field.box[2], plane.y1 = field.box[3];
  plane.x_label = "z1", plane.y_label = "z2";
  plane.values = field.values;
  plane.value_label = field.label;
  const Tensor finite = plane.values.index({at::isfinite(plane.values)});
  if (finite.numel() > 0 && finite.max().item<double>() > finite.min().item<double>() + 1e-9) {
    plane.value_min = finite.min().item<double>();
    plane.value_max = finite.max().item<double>();
  }
  const auto stages = shown_stages(answer);
  for (size_t k = 0; k < stages.size(); ++k)
    plane.curves.push_back(
        {stages[k].first,
         k == 0 ? kBluishGreen
                : between(kWhite, kGrey,
                          0.35 + 0.65 * static_cast<double>(k) / static_cast<double>(stages.size())),
         stages[k].second});
  for (size_t k = 0; k < answer.other_nodes.size(); ++k)
    plane.curves.push_back({length_text("another geodesic", answer.others[k].second), kReddishPurple,
                            answer.other_nodes[k], true});
  plane.curves.push_back({length_text("geodesic", answer.length), kPathColour, answer.nodes});
  if (answer.certificate) {
    plane.curves.push_back({length_text("fast marching", answer.certificate->reference), kReferenceColour,
                            tensor_of_points(answer.certificate->marching.path), true, true});
  }
  return draw_latent_plane(plane);
}

/// Points in space at `latents` [rows, columns, 2] of a chart of the plane: [rows, columns, 3].
Tensor surface_points(const AnalyticMap& chart, const Tensor& latents) {
  const std::vector<double> z = row_major(latents);
  const size_t count = z.size() / 2;
  std::vector<double> x(count * 3);
  chart.values(count, z.data(), nullptr, x.data());
  return tensor_of(x, 3).reshape({latents.size(0), latents.size(1), 3});
}

/// Points in space of a polyline, dense enough to look curved.
Tensor lifted(const AnalyticMap& chart, const Tensor& nodes) {
  const Eigen::Index dim = nodes.size(1);
  const std::vector<double> z = row_major(nodes);
  const Eigen::MatrixXd dense =
      resample_polyline(Eigen::Map<const Eigen::MatrixXd>(z.data(), dim, nodes.size(0)), 401);
  std::vector<double> x(static_cast<size_t>(dense.cols()) * 3);
  chart.values(static_cast<size_t>(dense.cols()), dense.data(), nullptr, x.data());
  return tensor_of(x, 3);
}

std::vector<Tensor> cube_faces() {
  std::vector<Tensor> faces;
  const Tensor square = grid_points({-1, 1, -1, 1}, 49, 49);
  for (int axis = 0; axis < 3; ++axis)
    for (const double side : {-1.0, 1.0}) {
      const Tensor u = square.select(2, 0), v = square.select(2, 1), w = at::full_like(u, side);
      faces.push_back(at::stack(axis == 0   ? std::vector<Tensor>{w, u, v}
                                : axis == 1 ? std::vector<Tensor>{u, w, v}
                                            : std::vector<Tensor>{u, v, w},
                                2));
    }
  return faces;
}

/// Where to look from: along the surface's mean normal beside the curve, from above.
void choose_view(const AnalyticMap& chart, const Tensor& nodes, SurfacePicture& picture) {
  const std::vector<double> z = row_major(nodes);
  double normal[3] = {0, 0, 0}, x[3], j[6];
  for (size_t i = 0; i + 1 < z.size(); i += 2) {
    chart.jacobian(z.data() + i, x, j);
    double n[3] = {j[2] * j[5] - j[4] * j[3], j[4] * j[1] - j[0] * j[5], j[0] * j[3] - j[2] * j[1]};
    const double size = std::sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    if (!(size > 0)) continue;
    for (int d = 0; d < 3; ++d) normal[d] += n[d] / size * (n[2] < 0 ? -1 : 1);
  }
  const double level = std::hypot(normal[0], normal[1]);
  if (level > 0.1 * std::abs(normal[2])) picture.azimuth = std::atan2(normal[1], normal[0]) * 180 / M_PI;
  picture.elevation = std::clamp(std::atan2(normal[2], level) * 180 / M_PI, 25.0, 55.0);
}

Picture draw_in_space(const Setting& setting, const WeightedMetric& metric, const Answer& answer,
                      const std::string& title) {
  SurfacePicture picture;
  picture.title = title;
  const AnalyticMap& chart = metric.chart();
  if (setting.cube) {
    picture.patches = cube_faces();
    picture.azimuth = 28, picture.elevation = 30;
  } else if (chart.latent_dim() == 2) {
    choose_view(chart, answer.nodes, picture);
    auto box = picture_box(answer);
    const Tensor z = grid_points(box, 61, 61);
    picture.patches = {surface_points(chart, z)};
    if (metric.quality().form() != AnalyticQuality::Form::kConstant) picture.values = {quality_on(metric, z)};
  }
  const auto stages = shown_stages(answer);
  for (size_t k = 0; k < stages.size(); ++k)
    picture.curves.push_back(
        {stages[k].first,
         k == 0 ? kBluishGreen
                : between(kLightGrey, kGrey, static_cast<double>(k) / static_cast<double>(stages.size())),
         lifted(chart, stages[k].second), 1.6});
  for (size_t k = 0; k < answer.other_nodes.size(); ++k)
    picture.curves.push_back({length_text("another geodesic", answer.others[k].second), kReddishPurple,
                              lifted(chart, answer.other_nodes[k]), 1.6});
  picture.curves.push_back(
      {length_text("geodesic", answer.length), kPathColour, lifted(chart, answer.nodes), 2.6});
  return draw_surface(picture);
}

/// What report.html shows of the first pair: kind "geodesic" in docs/report.md.
json page_of(const Setting& setting, const WeightedMetric& metric, const Outcome& outcome,
             const std::optional<PlaneField>& field, const std::string& title) {
  const Answer& answer = outcome.answers[0];
  const bool in_space = setting.chart->output_dim() == 3;
  const bool in_plane = !in_space && field.has_value();
  const auto numbers = [](const Tensor& values) {
    json list = json::array();
    const Tensor all = values.to(at::kDouble).contiguous();
    for (int64_t i = 0; i < all.numel(); ++i) {
      const double value = all.data_ptr<double>()[i];
      list.push_back(std::isfinite(value) ? json(value) : json());
    }
    return list;
  };
  const auto points = [&](const Tensor& nodes) {
    json list = json::array();
    const Tensor shown = in_space ? lifted(metric.chart(), nodes) : nodes;
    for (int64_t i = 0; i < shown.size(0); ++i) list.push_back(numbers(shown[i]));
    return list;
  };
  std::ostringstream headline;
  headline << title << ": length " << std::setprecision(6) << answer.length
           << (answer.minimum.value_or(false) ? ", a minimum" : "");
  json verdict = json::array();
  if (answer.certificate) {
    std::string sentence = answer.certificate->sentence;
    if (!sentence.empty())
      sentence[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(sentence[0])));
    // 1 % and what the reference may be off by.
    const bool short_enough =
        answer.length <= 1.01 * answer.certificate->reference + answer.certificate->reference_error;
    verdict.push_back(
        {{"topic", "certificate"}, {"level", short_enough ? "good" : "bad"}, {"text", sentence + "."}});
  }
  std::ostringstream bound;
  bound << "No path is shorter than " << std::setprecision(6) << answer.lower_bound << ".";
  verdict.push_back({{"topic", "Bound"}, {"level", "good"}, {"text", bound.str()}});
  verdict.push_back({{"topic", "ending"},
                     {"level", answer.termination == "converged" ? "good" : "fair"},
                     {"text", "The search from the " + answer.start + ": " + answer.termination + "."}});
  json page{{"kind", "geodesic"},          {"verdict", {{"headline", headline.str()}, {"points", verdict}}},
            {"warnings", answer.warnings}, {"curves", json::array()},
            {"stages", json::array()},     {"figures", json::array()}};
  if (outcome.answers.size() > 1)
    page["notes"] = {join_message("The first of ", outcome.answers.size(), " pairs is shown.")};
  page["figures"].push_back(
      {{"name", "geodesic"}, {"length", answer.length}, {"lower bound", answer.lower_bound}});
  for (const auto& [start, length] : answer.others)
    page["figures"].push_back({{"name", "another, from the " + start}, {"length", length}});
  if (answer.certificate)
    page["figures"].push_back({{"name", "fast marching"}, {"length", answer.certificate->reference}});
  if (!in_space && !in_plane) return page;  // nothing that can be drawn

  page["curves"].push_back({{"name", "geodesic"}, {"role", "path"}, {"points", points(answer.nodes)}});
  for (size_t k = 0; k < answer.other_nodes.size(); ++k)
    page["curves"].push_back({{"name", length_text("another geodesic", answer.others[k].second)},
                              {"role", "other"},
                              {"points", points(answer.other_nodes[k])}});
  for (const auto& [name, nodes] : shown_stages(answer))
    page["stages"].push_back({{"name", name}, {"points", points(nodes)}});
  if (in_plane) {
    // The page is no place for more than 121 · 121 numbers.
    const int64_t step = field->values.size(0) > 121 ? 2 : 1;
    const Tensor values = field->values.slice(0, 0, {}, step).slice(1, 0, {}, step);
    page["axes"] = {"z1", "z2"};
    page["plane"] = {{"x", {field->box[0], field->box[1]}},
                     {"y", {field->box[2], field->box[3]}},
                     {"rows", values.size(0)},
                     {"columns", values.size(1)},
                     {"values", numbers(values)},
                     {"value_label", field->label}};
  } else {
    page["axes"] = {"x", "y", "z"};
    if (metric.chart().latent_dim() == 2) {
      constexpr int64_t kSide = 41;
      const Tensor z = grid_points(picture_box(answer), kSide, kSide);
      const Tensor surface = surface_points(metric.chart(), z).reshape({-1, 3});
      json grid = json::array();
      for (int64_t i = 0; i < surface.size(0); ++i) grid.push_back(numbers(surface[i]));
      page["surface"] = {{"rows", kSide}, {"columns", kSide}, {"points", grid}};
      if (metric.quality().form() != AnalyticQuality::Form::kConstant) {
        page["surface"]["values"] = numbers(quality_on(metric, z));
        page["surface"]["value_label"] = "quality";
      }
    }
  }
  return page;
}

json options_json(const GeodesicProgramOptions& o) {
  json object{{"method", o.method},
              {"segments", o.segments},
              {"max-iterations", o.max_iterations},
              {"tolerance", o.tolerance},
              {"epsilon", o.epsilon},
              {"init", o.init},
              {"reference", o.reference},
              {"samples", o.samples},
              {"routes", o.routes},
              {"stiffness", o.stiffness},
              {"seed", o.seed},
              {"constant-quality", o.constant_quality},
              {"pictures", o.pictures},
              {"picture-format", o.picture_format},
              {"threads", at::get_num_threads()}};
  add_texts(object, {{"manifold", &o.manifold},
                     {"parameters", &o.parameters},
                     {"embedding", &o.embedding},
                     {"metric", &o.metric},
                     {"level-set", &o.level_set},
                     {"quality", &o.quality},
                     {"from", &o.from},
                     {"to", &o.to},
                     {"pairs", &o.pairs_file},
                     {"first-path", &o.first_path},
                     {"box", &o.box}});
  if (o.example > 0) object["example"] = o.example;
  if (o.latent_dim > 0) object["latent-dim"] = o.latent_dim;
  return object;
}

json summary_of(const Setting& setting, const WeightedMetric& metric, const Outcome& outcome, double seconds,
                uint64_t seed) {
  int64_t lost = 0;
  std::vector<std::string> warnings;
  json pairs = json::array();
  for (size_t pair = 0; pair < outcome.answers.size(); ++pair) {
    const Answer& answer = outcome.answers[pair];
    const auto put = [&](json& object, const char* name, std::optional<double> value) {
      if (!value) return;
      object[name] = std::isfinite(*value) ? json(*value) : json();
      lost += !std::isfinite(*value);
    };
    json path = figures_of(metric, answer.nodes, lost);
    path["termination"] = answer.termination;
    path["start"] = answer.start;
    path["iterations"] = answer.iterations;
    if (answer.evaluations > 0) path["decoder_evaluations"] = answer.evaluations;
    path["seconds"] = answer.seconds;
    path["under_resolved"] = answer.under_resolved;
    put(path, "lower_bound", answer.lower_bound);
    put(path, "gradient_residual", answer.gradient_residual);
    put(path, "extrapolated_length", answer.extrapolated);
    put(path, "extrapolation_change", answer.extrapolation_change);
    put(path, "least_curvature", answer.least_curvature);
    if (answer.negative_directions) path["negative_directions"] = *answer.negative_directions;
    if (answer.minimum) path["minimum"] = *answer.minimum;
    if (answer.certificate) {
      const GlobalCertificate& c = *answer.certificate;
      json reference{{"method", "fast marching"},
                     {"converged", c.marching.converged},
                     {"box_suffices", c.box_suffices},
                     {"sentence", c.sentence},
                     {"evaluations", c.marching.evaluations()},
                     {"seconds", c.marching.seconds}};
      put(reference, "length", c.reference);
      put(reference, "error_estimate", c.reference_error);
      put(reference, "gap", c.gap);
      path["reference"] = reference;
    }
    if (!answer.others.empty()) {
      path["others"] = json::array();
      for (const auto& [start, length] : answer.others) {
        json other{{"start", start}};
        put(other, "length", length);
        path["others"].push_back(other);
      }
    }
    if (setting.exact && pair == 0) {
      path["exact_length"] = *setting.exact;
      put(path, "relative_error", answer.extrapolated.value_or(answer.length) / *setting.exact - 1);
    }
    for (const std::string& sentence : answer.warnings)
      warnings.push_back(outcome.answers.size() > 1 ? join_message("pair ", pair, ": ", sentence) : sentence);
    const auto row = static_cast<int64_t>(pair);
    const Tensor times = at::linspace(0, 1, answer.nodes.size(0), at::kDouble);
    const Tensor start = setting.start.narrow(0, row, 1), end = setting.end.narrow(0, row, 1);
    int64_t ignored = 0;  // the baselines' own trouble is visible where it is
    pairs.push_back({{"path", path},
                     {"linear", figures_of(metric, linear_path(start, end, times)[0], ignored)},
                     {"spherical", figures_of(metric, spherical_path(start, end, times)[0], ignored)}});
  }
  if (lost > 0) warnings.push_back(std::to_string(lost) + " figures are NaN or infinite and stand as null");
  json summary{
      {"pairs", pairs}, {"method", outcome.method}, {"seconds", seconds}, {"seed", seed}, {"cost", "chord"}};
  if (!outcome.reason.empty()) summary["method_reason"] = outcome.reason;
  if (outcome.graph_edges > 0)
    summary["graph"] = {{"edges", outcome.graph_edges}, {"evaluated", outcome.evaluated_edges}};
  if (!warnings.empty()) summary["warnings"] = warnings;
  return summary;
}

/// For people.
void print_report(const Setting& setting, const Outcome& outcome, const json& summary) {
  std::cout << std::setprecision(9);
  const size_t shown = std::min<size_t>(outcome.answers.size(), 10);
  for (size_t pair = 0; pair < shown; ++pair) {
    const Answer& answer = outcome.answers[pair];
    const json& path = summary["pairs"][pair]["path"];
    if (outcome.answers.size() > 1) std::cout << "pair " << pair << ": ";
    std::cout << "length " << answer.length;
    if (answer.extrapolated && answer.extrapolation_change &&
        std::abs(*answer.extrapolated - answer.length) > 0)
      std::cout << ", extrapolated " << *answer.extrapolated << std::setprecision(2) << " (last change "
                << *answer.extrapolation_change << ")" << std::setprecision(9);
    std::cout << "\n  " << answer.termination << " in " << answer.iterations << " iterations from the "
              << answer.start;
    if (answer.gradient_residual)
      std::cout << std::setprecision(2) << ", gradient residual " << *answer.gradient_residual;
    if (answer.minimum && *answer.minimum)
      std::cout << "; a minimum: the Hessian is positive definite";
    else if (answer.negative_directions && *answer.negative_directions > 0)
      std::cout << "; a saddle with " << *answer.negative_directions << " descending directions";
    std::cout << std::setprecision(9) << "\n  no path is shorter than " << answer.lower_bound << "\n";
    if (answer.certificate) std::cout << "  " << answer.certificate->sentence << "\n";
    for (const auto& [start, length] : answer.others)
      std::cout << "  another geodesic, from the " << start << ": length " << length << "\n";
    if (path.contains("exact_length"))
      std::cout << "  exact: " << setting.exact_formula << " = " << *setting.exact << std::setprecision(2)
                << ", relative error " << path["relative_error"].get<double>() << std::setprecision(9)
                << "\n";
  }
  if (outcome.answers.size() > shown)
    std::cout << "… and " << outcome.answers.size() - shown << " more pairs\n";
  std::cout << "method " << outcome.method;
  if (!outcome.reason.empty()) std::cout << " (" << outcome.reason << ")";
  std::cout << std::setprecision(3) << ", " << summary["seconds"].get<double>() << " s\n";
}

void run_geodesic(GeodesicProgramOptions& o) {
  if (o.example != 0) apply_example(o);
  check_options(o);
  use_threads(o.threads);
  std::optional<GuardedRunFolder> folder;
  if (!o.out.empty()) folder.emplace(o.out, o.overwrite);
  const Setting setting = make_setting(o);
  const WeightedMetric metric(setting.chart, setting.quality, o.epsilon, setting.target);
  const int64_t pairs = setting.start.size(0), dim = setting.start.size(1);
  LATENTPATH_CHECK(!interrupt_token().cancelled(), kInterrupted,
                   "interrupted before there was a path; nothing is saved");

  const auto begin = std::chrono::steady_clock::now();
  ProgressLine line("cost", o.quiet || o.print_json);
  std::string method = o.method, reason;
  if (method == "auto" && setting.from_files && !newton_pays(metric, &reason)) method = "lbfgs";
  Outcome outcome = by_find_path(o, method) ? solve_by_find_path(o, setting, method, metric, line)
                                            : solve_dense(o, setting, metric, line);
  if (method == "auto" && setting.from_files && !interrupt_token().cancelled() && !all_converged(outcome) &&
      !setting.first_path.defined())
    take_shorter(outcome, solve_by_find_path(o, setting, "lbfgs", metric, line));
  const bool cut_short = interrupt_token().cancelled();
  if (!by_find_path(o, method) && !cut_short) certify(o, setting, metric, outcome, line);
  if (!reason.empty()) outcome.reason = reason;
  line.finish();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const json summary = summary_of(setting, metric, outcome, seconds, o.seed);
  if (!o.quiet && summary.contains("warnings"))
    for (const auto& sentence : summary["warnings"])
      std::cerr << "warning: " << sentence.get<std::string>() << "\n";

  if (folder) {
    std::vector<Tensor> nodes;
    for (const Answer& answer : outcome.answers) nodes.push_back(answer.nodes);
    const Tensor path = at::stack(nodes);
    write_npy(folder->path() / "path.npy", path);
    write_npy(folder->path() / "times.npy", at::linspace(0, 1, path.size(1), at::kDouble));
    std::filesystem::create_directory(folder->path() / "frames");
    const std::string title = o.example > 0 ? "Example " + std::to_string(o.example) : metric.describe();
    const PictureFormats formats = picture_formats(o.picture_format);
    std::optional<PlaneField> first_field;
    for (int64_t pair = 0; pair < std::min(pairs, o.pictures); ++pair) {
      if (pair > 0 && interrupt_token().cancelled()) break;
      const std::string suffix = pair == 0 ? "" : "-" + std::to_string(pair);
      const Answer& answer = outcome.answers[static_cast<size_t>(pair)];
      line({"drawing", pair, std::min(pairs, o.pictures), 0});
      if (dim == 2) {
        const PlaneField field = plane_field(setting, metric, answer);
        if (pair == 0) first_field = field;
        write_picture(folder->path() / "frames" / ("plane" + suffix), draw_plane(field, answer, title),
                      formats);
      }
      if (setting.chart->output_dim() == 3)
        write_picture(folder->path() / "frames" / ("surface" + suffix),
                      draw_in_space(setting, metric, answer, title), formats);
    }
    const json run{{"program", "latentpath"},
                   {"version", kVersion},
                   {"subcommand", "geodesic"},
                   {"libtorch", TORCH_VERSION},
                   {"options", options_json(o)},
                   {"seed", o.seed},
                   {"threads", at::get_num_threads()},
                   {"metric", metric.describe()},
                   {"assumptions", json::array()},
                   {"warnings", summary.value("warnings", json::array())},
                   {"interrupted", interrupt_token().cancelled()},
                   {"latent_dim", dim},
                   {"summary", summary}};
    write_file(folder->path() / "run.json", run.dump(2) + "\n");
    if (dim == 2 && !first_field) first_field = plane_field(setting, metric, outcome.answers[0]);
    json page = page_of(setting, metric, outcome, first_field, title);
    page["version"] = kVersion;
    page["settings"] = options_json(o);
    write_report_data(folder->path(), hide_paths(page, {o.embedding, o.metric, o.level_set, o.quality}));
    write_html_report(folder->path());
    folder->commit();
  }
  line.finish();
  if (o.print_json) {
    std::cout << summary.dump(2) << "\n";
  } else {
    print_report(setting, outcome, summary);
    if (folder) std::cout << "written to " << folder->target().string() << "\n";
  }
  check_standard_output();
  LATENTPATH_CHECK(!interrupt_token().cancelled(), kInterrupted, "interrupted",
                   cut_short
                       ? ": the paths are the best ones reached until then"
                       : " after the search: the paths are complete, references or pictures may be missing",
                   folder ? "; they are in " + folder->target().string() : std::string());
}

}  // namespace

void setup_geodesic(CLI::App& program) {
  auto options = std::make_shared<GeodesicProgramOptions>();
  GeodesicProgramOptions& o = *options;
  CLI::App* command = program.add_subcommand("geodesic", "Shortest paths on manifolds, with certificates");
  command->footer(
      "Examples:\n"
      "  latentpath geodesic --example 3 --out runs/disc\n"
      "  latentpath geodesic --manifold torus --parameters 2,1 --from 0,0 --to 2.5,2.5 --out runs/torus\n"
      "  latentpath geodesic --manifold discs --parameters=-0.5,0.2,0.6,0.7,-0.3,0.5 --from=-1.5,0 --to "
      "1.6,0\n"
      "  latentpath geodesic --embedding chart.pt --quality hill.pt --from 0,0 --to 1,1\n"
      "Exit codes: 0 done; 2 bad arguments; 3 bad input file; 4 numerical failure; 130 interrupted (what was "
      "done is saved).");
  std::string names;
  for (const ChartName& n : chart_names())
    names += (names.empty() ? "" : "; ") + n.name + (n.parameters.empty() ? "" : " (" + n.parameters + ")");
  for (const QualityName& n : kQualityNames)
    names += std::string("; ") + n.name + (*n.parameters != 0 ? std::string(" (") + n.parameters + ")" : "");
  const char* g = "Manifold";
  command->add_option("--manifold", o.manifold, "Name, and what its --parameters are: " + names)->group(g);
  command->add_option("--parameters", o.parameters, "Numbers separated by commas, as the manifold takes them")
      ->group(g);
  command
      ->add_option("--embedding", o.embedding,
                   "Your own chart: TorchScript FILE, forward([n, D]) -> [n, ...]")
      ->group(g);
  command
      ->add_option(
          "--metric", o.metric,
          "A metric given directly: TorchScript FILE, G(z) [n, D] -> [n, D, D], symmetric positive definite")
      ->group(g);
  command
      ->add_option("--level-set", o.level_set,
                   "Stay on a set: TorchScript FILE with its distance d >= 0, [n, D] -> [n]; Q = exp(-K d)/2")
      ->group(g);
  command->add_option("--stiffness", o.stiffness, "K of a level set")->capture_default_str()->group(g);
  command->add_option("--quality", o.quality, "Quality in [0, 1]: TorchScript FILE, [n, D] -> [n]")->group(g);
  command->add_option("--constant-quality", o.constant_quality, "Q where nothing else says it")
      ->capture_default_str()
      ->group(g);
  command->add_option("--epsilon", o.epsilon, "Regularisation of the quality, 0 <= epsilon < 0.5")
      ->capture_default_str()
      ->group(g);
  command->add_option("--latent-dim", o.latent_dim, "Coordinates, checked against the ends")->group(g);
  command
      ->add_option("--example", o.example, "One of the paper's examples, 1 to 4: manifold and ends at once")
      ->group(g);

  g = "End points";
  command->add_option("--from", o.from, "Start: 1.0,2.0,... or FILE.npy ([D] or [pairs, D])")->group(g);
  command->add_option("--to", o.to, "End, likewise")->group(g);
  command->add_option("--pairs", o.pairs_file, "Both ends of many paths: FILE.npy of shape [pairs, 2, D]")
      ->group(g);

  g = "How they are sought";
  command
      ->add_option(
          "--method", o.method,
          "auto, newton, gauss-newton, newton-cg, georce, lbfgs, adam, sgd; auto: by size, and lbfgs for "
          "large models")
      ->capture_default_str()
      ->group(g);
  command->add_option("--segments", o.segments, "Segments of the path")->capture_default_str()->group(g);
  command
      ->add_option(
          "--init", o.init,
          "First paths: straight; graph: also several routes over samples; auto: graph for up to 64 pairs "
          "and 8 coordinates")
      ->capture_default_str()
      ->group(g);
  command
      ->add_option("--first-path", o.first_path,
                   "A first path of your own: FILE.npy, [nodes, D] or [pairs, nodes, D]")
      ->group(g);
  command->add_option("--samples", o.samples, "Samples of the graph")->capture_default_str()->group(g);
  command->add_option("--routes", o.routes, "Routes refined for each pair")->capture_default_str()->group(g);
  command->add_option("--box", o.box, "Where routes and reference may run: low,high of each coordinate")
      ->group(g);
  command
      ->add_option(
          "--reference", o.reference,
          "Compare with the global optimum by fast marching: on (up to 3 coordinates), off; auto: up to 2 "
          "coordinates and 16 pairs")
      ->capture_default_str()
      ->group(g);
  command->add_option("--max-iterations", o.max_iterations, "Iterations a level")
      ->capture_default_str()
      ->group(g);
  command
      ->add_option("--tolerance", o.tolerance, "Converged when the scale-free gradient residual falls below")
      ->capture_default_str()
      ->group(g);
  add_seed_and_threads(*command, o.seed, o.threads, g);

  g = "Output";
  command->add_option("--out", o.out, "Run folder: run.json, path.npy, times.npy, frames/, report.html")
      ->group(g);
  command->add_flag("--overwrite", o.overwrite, "Replace an existing run folder")->group(g);
  command->add_option("--pictures", o.pictures, "Pairs that get pictures, at most")
      ->capture_default_str()
      ->group(g);
  add_picture_format(*command, o.picture_format, g);
  add_quiet_and_json(*command, o.quiet, o.print_json, g);
  add_config_option(*command);
  command->callback([options] { run_geodesic(*options); });
}

}  // namespace latentpath::program
