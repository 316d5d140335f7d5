#include "latentpath/report/measure_report.h"

#include <ATen/ATen.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/report/scatter_strip.h"
#include "latentpath/run/measure_summary.h"
#include "latentpath/run/verdict.h"
#include "run/json_numbers.h"

namespace latentpath {
namespace {

using nlohmann::json;

using detail::number_or_null;

Tensor pick(const Tensor& all, int64_t frames) {
  const int64_t last = all.size(0) - 1, count = std::min(frames, last + 1);
  std::vector<int64_t> which;
  for (int64_t f = 0; f < count; ++f)
    which.push_back(count == 1 ? 0 : (f * last + (count - 1) / 2) / (count - 1));
  return all.index_select(0, at::tensor(which, at::kLong));
}

}  // namespace

Picture draw_measure_strip(const MeasureProblem& problem, const MeasureResult& result,
                           const MeasurePictureOptions& options) {
  LATENTPATH_CHECK(options.frames >= 2, kArgument, "the number of frames must be at least 2, not ",
                   options.frames);
  std::vector<ScatterRow> rows;
  const Tensor times = pick(result.times, options.frames);
  const auto add = [&](const std::string& title, const MeasurePath& path, const MeasureFigures& f) {
    ScatterRow row;
    row.title = title;
    if (std::isfinite(f.cost_over_bound)) row.subtitle = "K·cost/MMD² = " + figure_text(f.cost_over_bound, 5);
    if (f.mean_quality) row.subtitle += "\nmean quality " + figure_text(*f.mean_quality, 5);
    row.points = pick(path.points, options.frames);
    if (!path.uniform) row.weights = pick(path.weights, options.frames);
    for (int64_t f_index = 0; f_index < times.size(0); ++f_index)
      row.captions.push_back("t = " + figure_text(times[f_index].item<double>(), 5));
    rows.push_back(std::move(row));
  };
  if (result.candidates.empty()) add(measure_kind_name(result.kind), result.path, result.figures);
  for (const MeasureCandidate& c : result.candidates) {
    if (!options.baselines && &c != &result.candidates[0]) break;
    add(c.title, c.path, c.figures);
  }
  if (options.baselines) {
    if (result.mixture && result.kind != MeasureKind::kMixture)
      add("mixture", *result.mixture, *result.mixture_figures);
    if (result.displacement && result.kind != MeasureKind::kDisplacement)
      add("displacement", *result.displacement, *result.displacement_figures);
  }
  ScatterStripOptions strip;
  strip.title = "From one sample to the other";
  strip.note = "Kernel " + result.kernel +
               ". No path costs less than MMD²/K: K·cost/MMD² is 1 for the mixture, the geodesic.";
  if (problem.quality && problem.start.size(1) == 2) {
    const at::NoGradGuard no_gradient;
    const Box extent = scatter_extent(rows);
    constexpr int64_t kCells = 92;
    const Tensor x = extent.x + (at::arange(kCells, at::kDouble) + 0.5) * (extent.width / kCells);
    const Tensor y = extent.y + (at::arange(kCells, at::kDouble) + 0.5) * (extent.height / kCells);
    const Tensor points = at::stack({x.repeat({kCells}), y.repeat_interleave(kCells)}, 1);
    strip.shade = problem.quality->evaluate({points, at::zeros({points.size(0)}, at::kDouble), {}})
                      .view({kCells, kCells});
  }
  return draw_scatter_strip(rows, strip);
}

json measure_report_data(const MeasureResult& result) {
  constexpr int64_t kMostPoints = 1000;
  json methods = json::array(), notes = json::array();
  const int64_t dim = result.path.points.size(2);
  if (dim > 2) notes.push_back(join_message("Points have ", dim, " coordinates; the first two are drawn."));
  bool thinned = false;
  const auto add = [&](const std::string& name, const MeasurePath& path, const MeasureFigures& figures) {
    const int64_t all = path.points.size(1), step = (all + kMostPoints - 1) / kMostPoints;
    thinned = thinned || step > 1;
    const Tensor points =
        path.points.slice(1, 0, all, step).narrow(2, 0, std::min<int64_t>(dim, 2)).contiguous();
    const Tensor weights = path.weights.slice(1, 0, all, step).contiguous();
    json method{{"name", name}, {"times", json::array()}, {"points", json::array()}};
    const double* x = points.data_ptr<double>();
    const double* w = weights.data_ptr<double>();
    for (int64_t k = 0; k < points.size(0); ++k) {
      method["times"].push_back(static_cast<double>(k) /
                                static_cast<double>(std::max<int64_t>(1, points.size(0) - 1)));
      json sample = json::array(), mass = json::array();
      for (int64_t i = 0; i < points.size(1); ++i) {
        json point = json::array();
        for (int64_t d = 0; d < points.size(2); ++d) point.push_back(number_or_null(*x++));
        sample.push_back(std::move(point));
        mass.push_back(number_or_null(*w++));
      }
      method["points"].push_back(std::move(sample));
      if (!path.uniform) method["weights"].push_back(std::move(mass));
    }
    method["figures"] = {{"cost", number_or_null(figures.cost)},
                         {"ratio_to_bound", number_or_null(figures.cost_over_bound)},
                         {"length", number_or_null(figures.length)},
                         {"step_spread", number_or_null(figures.step_spread)}};
    if (name == "displacement" && !result.transport.empty())
      method["figures"]["squared_wasserstein"] = number_or_null(result.transport_cost);
    methods.push_back(std::move(method));
  };
  if (result.candidates.empty()) add(measure_kind_name(result.kind), result.path, result.figures);
  for (const MeasureCandidate& candidate : result.candidates)
    add(candidate.title, candidate.path, candidate.figures);
  if (result.mixture && result.mixture_figures && result.kind != MeasureKind::kMixture)
    add("mixture", *result.mixture, *result.mixture_figures);
  if (result.displacement && result.displacement_figures && result.kind != MeasureKind::kDisplacement)
    add("displacement", *result.displacement, *result.displacement_figures);
  if (thinned)
    notes.push_back(
        join_message("Of each sample at most ", kMostPoints, " points are drawn, evenly picked."));

  return {{"kind", "measures"},
          {"verdict", run_verdict(measure_summary(result), RunKind::kMeasures)},
          {"axes", {"x1", "x2"}},
          {"methods", methods},
          {"notes", notes},
          {"warnings", std::vector<std::string>(result.warnings.begin(), result.warnings.end())}};
}

}  // namespace latentpath
