#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "latentpath/core/error.h"
#include "latentpath/metric/topology.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/points.h"
#include "latentpath/run/geodesic_job.h"
#include "latentpath/run/verdict.h"
#include "run/json_numbers.h"
#include "run/verdict_rules.h"

namespace latentpath {
namespace {

using nlohmann::json;

/// Figures of a polyline [n + 1, D], by the contract of run.json; only finite ones.
json figures_of(const ManifoldProblem& problem, const WeightedMetric& metric, const Tensor& nodes,
                int64_t& lost) {
  const CurveFigures<double> figures = metric.measure(row_major(nodes));
  json object = json::object();
  for (const CurveFigure<double>& figure : kCurveFigures<double>) {
    // Without a quality there is nothing to say of it.
    const bool told = figure.of == FigureOf::kCurve || (figure.of == FigureOf::kQuality && problem.weighted);
    if (!told || !figure.recorded) continue;
    const double value = figures.*figure.value;
    object[figure.name] = detail::number_or_null(value);
    lost += !std::isfinite(value);
  }
  object["refinement"] = figures.subdivisions;
  return object;
}

/// An optional figure: absent where there is none, null where it is not finite.
void put(json& object, const char* name, std::optional<double> value, int64_t& lost) {
  if (!value) return;
  object[name] = std::isfinite(*value) ? json(*value) : json();
  lost += !std::isfinite(*value);
}

json reference_of(const GlobalCertificate& c, int64_t& lost) {
  json reference{{"method", "fast marching"},
                 {"converged", c.marching.converged},
                 {"box_suffices", c.box_suffices},
                 {"sentence", c.sentence},
                 {"evaluations", c.marching.evaluations()},
                 {"seconds", c.marching.seconds},
                 {"uncertain", c.uncertain},
                 {"below_lower_bound", c.reference + c.reference_error < c.lower_bound * (1 - 1e-9)}};
  if (!c.marching.levels.empty())
    reference["grid"] = {{"spacing", c.marching.levels.back().spacing},
                         {"nodes", c.marching.levels.back().nodes}};
  reference["box"] = json::array();
  for (size_t d = 0; d < c.marching.box.lower.size(); ++d)
    reference["box"].push_back({c.marching.box.lower[d], c.marching.box.upper[d]});
  put(reference, "length", c.reference, lost);
  put(reference, "error_estimate", c.reference_error, lost);
  put(reference, "gap", c.gap, lost);
  if (c.reference > 0) put(reference, "relative_error", c.reference_error / c.reference, lost);
  return reference;
}

/// The shortest of the others that winds another way.
std::optional<size_t> second_shortest(const GeodesicAnswer& answer) {
  std::optional<size_t> second;
  for (size_t k = 0; k < answer.other_windings.size(); ++k)
    if (answer.other_windings[k] != answer.winding &&
        (!second || answer.others[k].second < answer.others[*second].second))
      second = k;
  return second;
}

json path_of(const GeodesicAnswer& answer, const ManifoldProblem& problem, const WeightedMetric& metric,
             int64_t& lost) {
  json path = figures_of(problem, metric, answer.nodes, lost);
  path["weighted"] = problem.weighted;
  if (!answer.winding.empty()) path["winding"] = answer.winding;
  path["termination"] = termination_name(answer.termination);
  path["start"] = answer.start;
  path["iterations"] = answer.iterations;
  if (answer.evaluations > 0) path["decoder_evaluations"] = answer.evaluations;
  path["seconds"] = answer.seconds;
  path["under_resolved"] = answer.under_resolved;
  put(path, "ends_distance", (answer.nodes[-1] - answer.nodes[0]).norm().item<double>(), lost);
  put(path, "lower_bound", answer.lower_bound, lost);
  put(path, "gradient_residual", answer.gradient_residual, lost);
  put(path, "extrapolated_length", answer.extrapolated, lost);
  put(path, "extrapolation_change", answer.extrapolation_change, lost);
  put(path, "least_curvature", answer.least_curvature, lost);
  if (answer.negative_directions) path["negative_directions"] = *answer.negative_directions;
  if (answer.minimum) path["minimum"] = *answer.minimum;
  if (answer.certificate) path["reference"] = reference_of(*answer.certificate, lost);
  for (size_t k = 0; k < answer.others.size(); ++k) {
    json other{{"start", answer.others[k].first}};
    put(other, "length", answer.others[k].second, lost);
    if (k < answer.other_windings.size() && !answer.other_windings[k].empty())
      other["winding"] = answer.other_windings[k];
    path["others"].push_back(other);
  }
  if (const auto second = second_shortest(answer)) path["second_shortest"] = path["others"][*second];
  return path;
}

/// "(−1, 0)".
std::string winding_text(const std::vector<int>& winding) {
  std::string text;
  for (const int k : winding)
    text += (text.empty() ? "(" : ", ") + std::string(k < 0 ? "−" : "") + std::to_string(std::abs(k));
  return text + ")";
}

/// One pair's paragraph for people.
void describe(const GeodesicAnswer& answer, const ManifoldProblem& problem, const json& path,
              std::ostringstream& text) {
  const char* what = problem.weighted ? "weighted length " : "length ";
  // The figure that summary and verdict have.
  const double length = path["length"].is_number() ? path["length"].get<double>() : answer.length;
  text << std::setprecision(9) << what << length;
  if (answer.extrapolated && answer.extrapolation_change && std::abs(*answer.extrapolated - length) > 0)
    text << ", extrapolated " << *answer.extrapolated << std::setprecision(2) << " (last change "
         << *answer.extrapolation_change << ")";
  if (problem.weighted && path["embedding_length"].is_number())
    text << std::setprecision(9) << "; unweighted " << path["embedding_length"].get<double>();
  if (std::any_of(answer.winding.begin(), answer.winding.end(), [](int k) { return k != 0; }))
    text << ", to the copy of the end " << winding_text(answer.winding) << " periods on";
  text << "\n  " << termination_name(answer.termination) << " in " << answer.iterations << " iterations from "
       << detail::start_in_words(answer.start);
  if (answer.gradient_residual)
    text << std::setprecision(2) << ", gradient residual " << *answer.gradient_residual;
  if (answer.minimum && *answer.minimum)
    text << "; a minimum: the Hessian is positive definite";
  else if (answer.negative_directions && *answer.negative_directions > 0)
    text << "; a saddle with " << *answer.negative_directions << " descending directions";
  text << std::setprecision(9) << "\n  no path has a " << what << "below " << answer.lower_bound << "\n";
  const std::optional<size_t> second = second_shortest(answer);
  for (size_t k = 0; k < answer.others.size(); ++k) {
    text << (second == k ? "  the shortest that winds another way, from " : "  another geodesic, from ")
         << detail::start_in_words(answer.others[k].first) << ": " << what << answer.others[k].second;
    if (k < answer.other_windings.size() && answer.other_windings[k] != answer.winding)
      text << ", " << winding_text(answer.other_windings[k]) << " periods on";
    text << "\n";
  }
  if (path.contains("exact_length") && path["relative_error"].is_number())
    text << "  exact: " << (problem.exact ? problem.exact_formula : "the closed form") << " = "
         << path["exact_length"].get<double>() << std::setprecision(2) << ", relative error "
         << path["relative_error"].get<double>() << "\n";
}

std::string text_of(const GeodesicRun& run) {
  std::ostringstream text;
  const size_t shown = std::min<size_t>(run.answers.size(), 10);
  for (size_t pair = 0; pair < shown; ++pair) {
    if (run.answers.size() > 1) text << "pair " << pair + 1 << ": ";
    const json& path = run.summary["pairs"][pair]["path"];
    describe(run.answers[pair], run.problem, path, text);
    if (run.answers.size() == 1) continue;  // whose verdict stands below
    text << "  verdict: " << path["verdict"].get<std::string>() << "\n";
    for (const json& reason : path["verdict_reasons"])
      if (reason["topic"] == "certificate") text << "  " << reason["text"].get<std::string>() << "\n";
  }
  if (run.answers.size() > shown) text << "… and " << run.answers.size() - shown << " more pairs\n";
  text << "method " << run.method;
  if (!run.reason.empty()) text << " (" << run.reason << ")";
  text << ", " << run.problem.dtype << std::setprecision(3) << ", " << run.search_seconds << " s\n";
  return text.str();
}

/// The distance, where it is known: of an example's first pair, or in closed form.
std::optional<double> exact_length(const GeodesicRun& run, int64_t pair) {
  if (run.problem.exact) return pair == 0 ? run.problem.exact : std::nullopt;
  if (run.problem.from_files || !std::isfinite(run.answers[static_cast<size_t>(pair)].length))
    return std::nullopt;
  const auto exact =
      run.metric->closed_form_distance(row_major(run.problem.start[pair]), row_major(run.problem.end[pair]));
  return exact && std::isfinite(*exact) ? exact : std::nullopt;
}

}  // namespace

void summarise(GeodesicRun& run) {
  int64_t lost = 0;
  json pairs = json::array();
  for (size_t pair = 0; pair < run.answers.size(); ++pair) {
    const GeodesicAnswer& answer = run.answers[pair];
    json path = path_of(answer, run.problem, *run.metric, lost);
    if (const auto exact = exact_length(run, static_cast<int64_t>(pair)); exact && *exact > 0) {
      path["exact_length"] = *exact;
      put(path, "relative_error", answer.extrapolated.value_or(answer.length) / *exact - 1, lost);
    }
    for (const Warning& each : answer.warnings)
      run.warnings.push_back(run.answers.size() > 1
                                 ? Warning(join_message("pair ", pair + 1, ": ", std::string(each)),
                                           each.kind, static_cast<int64_t>(pair))
                                 : each);
    const auto row = static_cast<int64_t>(pair);
    const Tensor times = at::linspace(0, 1, answer.nodes.size(0), at::kDouble);
    const Tensor start = run.problem.start.narrow(0, row, 1), end = run.problem.end.narrow(0, row, 1);
    int64_t ignored = 0;  // the baselines' own trouble is visible where it is
    pairs.push_back(
        {{"path", path},
         {"linear", figures_of(run.problem, *run.metric, linear_path(start, end, times)[0], ignored)},
         {"spherical", figures_of(run.problem, *run.metric, spherical_path(start, end, times)[0], ignored)}});
  }
  if (lost > 0)
    run.warnings.push_back(std::to_string(lost) + " figures are NaN or infinite and stand as null");
  run.summary = {
      {"pairs", pairs},  {"method", run.method},       {"seconds", run.search_seconds},   {"seed", run.seed},
      {"cost", "chord"}, {"dtype", run.problem.dtype}, {"weighted", run.problem.weighted}};
  if (const std::string topology = run.problem.chart->topology().describe(); !topology.empty())
    run.summary["topology"] = topology;
  if (!run.reason.empty()) run.summary["method_reason"] = run.reason;
  if (run.graph_edges > 0)
    run.summary["graph"] = {{"edges", run.graph_edges}, {"evaluated", run.evaluated_edges}};
  write_warnings(run.summary, run.warnings);
  const int64_t example = run.options.value("example", int64_t{0});
  run.summary["title"] = example > 0 ? "Example " + std::to_string(example) : run.metric->describe();
  add_verdicts(run.summary, RunKind::kGeodesic);
  run.text = text_of(run) + verdict_text(run.summary["verdict"]);
}

}  // namespace latentpath
