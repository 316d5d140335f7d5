#include "latentpath/report/path_pictures.h"

#include <ATen/ATen.h>

#include <cmath>
#include <cstdio>
#include "latentpath/core/device.h"

#include "latentpath/core/figure_text.h"
#include "latentpath/path/even_frame_times.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/quality_of_pair.h"
#include "latentpath/report/evaluation_report.h"
#include "latentpath/report/latent_plane.h"
#include "latentpath/report/strip.h"
#include "report/curve_title.h"
#include "report/decoded_images.h"

namespace latentpath {
namespace {

constexpr int64_t kPointsPerBatch = 512;

struct NamedCurve {
  const char* row;  // as options call it
  Tensor nodes;     // [n + 1, D]
  const CurveFigures<Tensor>* figures;
};

std::vector<NamedCurve> three_curves(const PathProblem& problem, const PathResult& result, int64_t pair) {
  const Tensor start = problem.start.narrow(0, pair, 1), end = problem.end.narrow(0, pair, 1);
  return {{"linear", linear_path(start, end, result.times)[0], &result.linear},
          {"spherical", spherical_path(start, end, result.times)[0], &result.spherical},
          {"ours", result.nodes[pair], &result.path}};
}

/// Those of them that are asked for, in that order.
std::vector<NamedCurve> curves_of(const PathProblem& problem, const PathResult& result, int64_t pair,
                                  const std::vector<std::string>& rows) {
  std::vector<NamedCurve> chosen;
  for (const std::string& row : rows)
    for (NamedCurve& curve : three_curves(problem, result, pair))
      if (row == curve.row) chosen.push_back(std::move(curve));
  return chosen;
}

/// What is printed under a frame: the feature, or else the quality as a pair's path asks for it.
QualityPointer captioned(const PathProblem& problem, int64_t pair) {
  return problem.feature || !problem.quality ? problem.feature : quality_of_pair(problem, pair);
}

Tensor caption_values(const Quality& quality, const Tensor& z, const Tensor& decoded, const Tensor& times) {
  return quality.evaluate({z, times.to(z.options()), decoded}).to(at::kDouble);
}

}  // namespace

bool decodes_images(const Embedding& embedding, int64_t latent_dim) {
  const at::NoGradGuard no_gradient;
  return detail::are_images(embedding(at::zeros({1, latent_dim})));
}

Tensor frame_times(const Embedding& embedding, const Tensor& nodes, const Tensor& times,
                   const PictureOptions& options) {
  return options.by_arc_length ? even_frame_times(embedding, nodes, times, options.frames)
                               : uniform_times(options.frames - 1);
}

Picture draw_path_strip(const PathProblem& problem, const PathResult& result, int64_t pair,
                        const PictureOptions& options) {
  const at::NoGradGuard no_gradient;
  std::vector<StripRow> rows;
  const bool asked = problem.feature != nullptr || result.weighted;
  const QualityPointer caption = asked ? captioned(problem, pair) : nullptr;
  for (const NamedCurve& curve : curves_of(problem, result, pair, options.rows)) {
    const Tensor times = frame_times(*problem.embedding, curve.nodes, result.times, options);
    const Tensor z = interpolate_polyline(curve.nodes.unsqueeze(0).to(at::kDouble), result.times, times)[0];
    const Tensor decoded = (*problem.embedding)(z);
    StripRow row;
    row.title = detail::curve_title(curve.row);
    row.subtitle = "cost " + figure_text(curve.figures->cost_refined[pair].item<double>());
    if (curve.figures->mean_feature.defined())
      row.subtitle += ", mean " + options.feature_name + " " +
                      share_text(curve.figures->mean_feature[pair].item<double>());
    const Tensor images = detail::as_images(decoded).to(at::kFloat);
    row.images = detail::in_unit_range(images, options.output_range, images);
    if (caption) detail::add_captions(row, caption_values(*caption, z, decoded, times));
    rows.push_back(std::move(row));
  }
  StripOptions strip;
  strip.title = problem.feature ? "Path that seeks high " + options.feature_name
                : asked         ? "Path through points of high quality"
                                : "Shortest path";
  strip.bar_label = problem.feature ? options.feature_name : "quality";
  strip.note = options.by_arc_length ? "Frames are evenly spaced in image space."
                                     : "Frames are evenly spaced in time.";
  return draw_strip(rows, strip);
}

Picture draw_path_curves(const PathProblem& problem, const PathResult& result, int64_t pair,
                         const PictureOptions& options) {
  constexpr int64_t kIntervals = 100;
  const at::NoGradGuard no_gradient;
  const Tensor times = uniform_times(kIntervals);
  const auto profile = [](const Tensor& values) {
    const Tensor flat = on_host(values).contiguous();
    EvaluationProfile curve;
    curve.mean.assign(flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel());
    curve.error.assign(curve.mean.size(), std::nan(""));  // of one path there is none
    return curve;
  };
  std::vector<EvaluationRow> rows;
  for (const NamedCurve& curve : curves_of(problem, result, pair, options.rows)) {
    const Tensor z = interpolate_polyline(curve.nodes.unsqueeze(0).to(at::kDouble), result.times, times)[0];
    const Tensor decoded = (*problem.embedding)(z);
    const Tensor flat = decoded.flatten(1).to(at::kDouble);
    EvaluationRow row;
    row.method = curve.row;
    row.pairs = 1;
    row.squared_step =
        profile((flat.narrow(0, 1, kIntervals) - flat.narrow(0, 0, kIntervals)).square().sum(1));
    if (problem.feature) row.probability = profile(caption_values(*problem.feature, z, decoded, times));
    rows.push_back(std::move(row));
  }
  std::vector<const EvaluationRow*> members;
  for (const EvaluationRow& row : rows) members.push_back(&row);
  return draw_profiles(
      members, problem.feature ? "Along the path that seeks high " + options.feature_name : "Along the path");
}

PathPlane evaluate_path_plane(const PathProblem& problem, const PathResult& result, bool normal_prior,
                              int64_t side) {
  const at::NoGradGuard no_gradient;
  PathPlane plane;
  plane.reach = normal_prior ? 3.3 : 0;
  plane.reach = std::max(plane.reach, 1.1 * result.nodes.abs().max().item<double>());
  // The great circle turns about the origin, as far out as its ends.
  for (const Tensor& ends : {problem.start, problem.end})
    plane.reach = std::max(plane.reach, 1.1 * ends.norm(2, {1}).max().item<double>());
  if (!(plane.reach > 0) || !std::isfinite(plane.reach)) plane.reach = 1;
  const Tensor axis = at::linspace(-plane.reach, plane.reach, side, at::kDouble);
  const Tensor z =
      at::stack({axis.unsqueeze(0).expand({side, side}), axis.unsqueeze(1).expand({side, side})}, 2)
          .reshape({-1, 2})
          .contiguous();
  // Of several pairs the plane shows what is asked of all.
  const QualityPointer shown =
      problem.feature || problem.start.size(0) > 1 ? problem.feature : captioned(problem, 0);
  const Quality& quality = shown ? *shown : *problem.quality;
  std::vector<Tensor> values;
  for (const Tensor& part : z.split(kPointsPerBatch))
    values.push_back(caption_values(quality, part, (*problem.embedding)(part),
                                    at::full({part.size(0)}, 0.5, at::kDouble)));
  plane.values = at::cat(values).view({side, side});
  return plane;
}

Picture draw_path_plane(const PathProblem& problem, const PathResult& result, int64_t pair,
                        const PathPlane& shown, bool normal_prior, const PictureOptions& options) {
  LatentPlane plane;
  const auto curves = three_curves(problem, result, pair);
  plane.x0 = plane.y0 = -shown.reach;
  plane.x1 = plane.y1 = shown.reach;
  plane.title = "Latent plane: three paths";
  if (vary(shown.values)) {
    plane.values = shown.values;
    plane.value_label = problem.feature ? options.feature_name : "quality";
    if (problem.feature && problem.feature->depends_on_time()) plane.value_label += ", at time 1/2";
    plane.title = "Latent plane: " + plane.value_label + " and three paths";
  }
  if (normal_prior)
    for (const double mass : {0.5, 0.9, 0.99}) {
      char label[16];
      std::snprintf(label, sizeof label, "%.0f %%", 100 * mass);
      plane.contours.push_back(
          {.radius = std::sqrt(-2 * std::log(1 - mass)), .label = label, .centre = {0, 0}});
    }
  const Colour colours[] = {kLinearColour, kSphericalColour, kPathColour};
  for (size_t i = 0; i < curves.size(); ++i)
    plane.curves.push_back({.name = detail::curve_title(curves[i].row),
                            .colour = colours[i],
                            .points = curves[i].nodes.to(at::kDouble),
                            .dashed = i < 2});
  if (options.reference.defined())
    plane.curves.push_back({.name = "fast marching",
                            .colour = kReferenceColour,
                            .points = options.reference.to(at::kDouble),
                            .dashed = true,
                            .thin = true});
  return draw_latent_plane(plane);
}

}  // namespace latentpath
