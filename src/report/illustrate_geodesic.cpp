#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/core/thread_pool.h"
#include "latentpath/io/image.h"
#include "latentpath/metric/adaptors.h"
#include "latentpath/metric/charts.h"
#include "latentpath/metric/epsilon.h"
#include "latentpath/numerics/roadmap.h"
#include "latentpath/path/find_geodesics.h"
#include "latentpath/path/global_geodesics.h"
#include "latentpath/path/points.h"
#include "latentpath/report/html_report.h"
#include "latentpath/report/illustrate.h"
#include "latentpath/report/latent_plane.h"
#include "latentpath/report/surface_picture.h"
#include "run/json_numbers.h"
#include "run/verdict_rules.h"

namespace latentpath {
namespace {

using nlohmann::json;

Tensor tensor_of(const std::vector<double>& nodes, int64_t dim) {
  return at::tensor(nodes, at::kDouble).reshape({-1, dim});
}

Colour between(Colour a, Colour b, double share) {
  const auto mix = [share](uint8_t x, uint8_t y) {
    return static_cast<uint8_t>(std::lround(x + (y - x) * share));
  };
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

/// The stages that are drawn: the first path and a few of those on the way.
std::vector<std::pair<std::string, Tensor>> shown_stages(const GeodesicAnswer& answer) {
  std::vector<std::pair<std::string, Tensor>> stages;
  const size_t count = answer.stages.size(), most = 6;
  for (size_t k = 0; k < std::min(count, most); ++k)
    stages.push_back(answer.stages[count <= most ? k : k * (count - 1) / (most - 1)]);
  return stages;
}

std::string length_text(const char* what, double length) {
  return join_message(what, ", ", figure_text(length, 6));
}

/// The box that a picture shows: all curves and some room.
std::array<double, 4> picture_box(const GeodesicAnswer& answer) {
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

/// The same box with no coordinate longer than its period: the surface, once.
std::array<double, 4> surface_box(const AnalyticMap& chart, const GeodesicAnswer& answer) {
  std::array<double, 4> box = picture_box(answer);
  for (const Identification& g : chart.topology().identifications) {
    const size_t at = 2 * static_cast<size_t>(g.axis);
    double &low = box[at], &high = box[at + 1];
    if (high - low <= g.period) continue;
    const double middle = 0.5 * (low + high);
    low = middle - g.period / 2, high = middle + g.period / 2;
  }
  return box;
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
  for (double& value : n) value = unregularised(std::exp(-value), metric.epsilon());
  return at::tensor(n, at::kDouble).reshape({points.size(0), points.size(1)});
}

/// What colours the plane under the paths.
struct PlaneField {
  std::array<double, 4> box;
  Tensor values;  // [rows, columns]
  std::string label;
};

/// The quality; where that is the same everywhere, how much the chart magnifies areas: log10 √det g.
PlaneField plane_field(const ManifoldProblem& problem, const WeightedMetric& metric,
                       const GeodesicAnswer& answer) {
  const auto box = picture_box(answer);
  // Five points of a model are decoded for each one of its metric.
  const int64_t side = problem.from_files ? 121 : 241;
  const Tensor points = grid_points(box, side, side);
  if (metric.quality().form() == AnalyticQuality::Form::kConstant &&
      !(metric.chart().is_identity() && metric.target() == nullptr)) {
    const MetricField field =
        problem.from_files
            ? tensor_metric_field(problem.embedding, problem.tensor_quality, metric.epsilon(),
                                  OutputNorm::kSum, difference_step({{box[0], box[2]}, {box[1], box[3]}}))
            : metric_field(metric);
    const Eigen::ArrayXXd g = field(matrix_of_points(points.reshape({-1, 2})));
    const Eigen::ArrayXd area = (g.row(0) * g.row(2) - g.row(1).square()).max(1e-300).log10() / 2;
    return {box, at::tensor(std::vector<double>(area.begin(), area.end()), at::kDouble).view({side, side}),
            "log10 of area"};
  }
  return {box, quality_on(metric, points), "quality"};
}

Picture draw_plane(const PlaneField& field, const GeodesicAnswer& answer, const std::string& title) {
  LatentPlane plane;
  plane.title = title;
  plane.x0 = field.box[0], plane.x1 = field.box[1], plane.y0 = field.box[2], plane.y1 = field.box[3];
  plane.x_label = "z1", plane.y_label = "z2";
  if (vary(field.values)) {
    plane.values = field.values;
    plane.value_label = field.label;
    const Tensor finite = plane.values.index({at::isfinite(plane.values)});
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

Picture draw_in_space(const ManifoldProblem& problem, const WeightedMetric& metric,
                      const GeodesicAnswer& answer, const std::string& title) {
  SurfacePicture picture;
  picture.title = title;
  const AnalyticMap& chart = metric.chart();
  if (problem.cube) {
    picture.patches = cube_faces();
    picture.azimuth = 28, picture.elevation = 30;
  } else if (chart.latent_dim() == 2) {
    choose_view(chart, answer.nodes, picture);
    const Tensor z = grid_points(surface_box(chart, answer), 61, 61);
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

json numbers(const Tensor& values) {
  json list = json::array();
  const Tensor all = values.to(at::kDouble).contiguous();
  for (int64_t i = 0; i < all.numel(); ++i) {
    const double value = all.data_ptr<double>()[i];
    list.push_back(detail::number_or_null(value));
  }
  return list;
}

/// The rows of a matrix of points.
json rows_of(const Tensor& points) {
  json list = json::array();
  for (int64_t i = 0; i < points.size(0); ++i) list.push_back(numbers(points[i]));
  return list;
}

json figures_of(const GeodesicAnswer& answer) {
  json figures = json::array();
  figures.push_back({{"name", "geodesic"}, {"length", answer.length}, {"lower bound", answer.lower_bound}});
  for (const auto& [start, length] : answer.others)
    figures.push_back({{"name", "another, from " + detail::start_in_words(start)}, {"length", length}});
  if (answer.certificate)
    figures.push_back({{"name", "fast marching"}, {"length", answer.certificate->reference}});
  return figures;
}

json plane_of(const PlaneField& field) {
  // The page is no place for more than 121 · 121 numbers.
  const int64_t step = field.values.size(0) > 121 ? 2 : 1;
  const Tensor values = field.values.slice(0, 0, {}, step).slice(1, 0, {}, step);
  json plane{{"x", {field.box[0], field.box[1]}},
             {"y", {field.box[2], field.box[3]}},
             {"rows", values.size(0)},
             {"columns", values.size(1)}};
  if (vary(values)) plane["values"] = numbers(values), plane["value_label"] = field.label;
  return plane;
}

json surface_of(const WeightedMetric& metric, const GeodesicAnswer& answer) {
  constexpr int64_t kSide = 41;
  const Tensor z = grid_points(surface_box(metric.chart(), answer), kSide, kSide);
  json surface{{"rows", kSide},
               {"columns", kSide},
               {"points", rows_of(surface_points(metric.chart(), z).reshape({-1, 3}))}};
  if (metric.quality().form() != AnalyticQuality::Form::kConstant) {
    surface["values"] = numbers(quality_on(metric, z));
    surface["value_label"] = "quality";
  }
  return surface;
}

/// What report.html shows of the first pair: kind "geodesic" in docs/report.md.
json page_of(const GeodesicRun& run, const std::optional<PlaneField>& field) {
  const GeodesicAnswer& answer = run.answers[0];
  const WeightedMetric& metric = *run.metric;
  const bool in_space = run.problem.chart->output_dim() == 3;
  const bool in_plane = !in_space && field.has_value();
  json page{{"kind", "geodesic"},
            {"verdict", run.summary["verdict"]},
            {"warnings", std::vector<std::string>(answer.warnings.begin(), answer.warnings.end())},
            {"notes", json::array()},
            {"curves", json::array()},
            {"stages", json::array()},
            {"figures", figures_of(answer)}};
  if (run.answers.size() > 1)
    page["notes"] = {join_message("The first of ", run.answers.size(), " pairs is shown.")};
  if (!in_space && !in_plane) return page;  // nothing that can be drawn

  const auto points = [&](const Tensor& nodes) {
    return rows_of(in_space ? lifted(metric.chart(), nodes) : nodes);
  };
  page["curves"].push_back({{"name", "geodesic"}, {"role", "path"}, {"points", points(answer.nodes)}});
  for (size_t k = 0; k < answer.other_nodes.size(); ++k)
    page["curves"].push_back({{"name", length_text("another geodesic", answer.others[k].second)},
                              {"role", "other"},
                              {"points", points(answer.other_nodes[k])}});
  for (const auto& [name, nodes] : shown_stages(answer))
    page["stages"].push_back({{"name", name}, {"points", points(nodes)}});
  if (in_plane) {
    page["axes"] = {"z1", "z2"};
    page["plane"] = plane_of(*field);
  } else {
    page["axes"] = {"x", "y", "z"};
    if (metric.chart().latent_dim() == 2) page["surface"] = surface_of(metric, answer);
  }
  return page;
}

}  // namespace

void illustrate(const GeodesicJob& job, const GeodesicRun& run, const std::filesystem::path& folder,
                const ProgressObserver& progress, const CancellationToken& cancellation) {
  if (run.answers.empty()) return;  // distances or ends of geodesics: numbers
  std::optional<SerialOperations> serial;
  if (too_small_to_share(*run.metric)) serial.emplace();
  const int64_t pairs = std::min(run.problem.start.size(0), job.pictures), dim = run.problem.start.size(1);
  const std::string title =
      job.example > 0 ? "Example " + std::to_string(job.example) : run.metric->describe();
  const PictureFormats formats = picture_formats(job.picture_format);
  std::optional<PlaneField> first_field;
  for (int64_t pair = 0; pair < pairs; ++pair) {
    if (pair > 0 && cancellation.cancelled()) break;
    const std::string suffix = pair == 0 ? "" : "-" + std::to_string(pair);
    const GeodesicAnswer& answer = run.answers[static_cast<size_t>(pair)];
    if (progress)
      progress({.stage = "drawing", .done = pair, .total = pairs, .activity = Activity::kPictures});
    if (dim == 2) {
      const PlaneField field = plane_field(run.problem, *run.metric, answer);
      if (pair == 0) first_field = field;
      write_picture(folder / "frames" / ("plane" + suffix), draw_plane(field, answer, title), formats);
    }
    if (run.problem.chart->output_dim() == 3)
      write_picture(folder / "frames" / ("surface" + suffix),
                    draw_in_space(run.problem, *run.metric, answer, title), formats);
  }
  if (dim == 2 && !first_field) first_field = plane_field(run.problem, *run.metric, run.answers[0]);
  write_report_data(folder, shareable_page(run, folder, page_of(run, first_field)), run.words);
  write_html_report(folder);
}

}  // namespace latentpath
