#include "latentpath/run/measure_summary.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/run/run_record.h"

namespace latentpath {
namespace {

using nlohmann::json;

class Writer {
 public:
  json number(double value) {
    if (std::isfinite(value)) return value;
    ++lost_;
    return nullptr;
  }
  json figures(const MeasureFigures& f) {
    json object{{"cost", number(f.cost)},     {"cost_over_lower_bound", number(f.cost_over_bound)},
                {"steps", json::array()},     {"step_spread", number(f.step_spread)},
                {"length", number(f.length)}, {"cost_rounding", number(f.rounding)}};
    for (const double step : f.steps) object["steps"].push_back(number(step));
    if (f.clamped > 0) object["clamped"] = f.clamped;
    if (f.weighted_cost) object["weighted_cost"] = number(*f.weighted_cost);
    if (f.mean_quality) object["mean_quality"] = number(*f.mean_quality);
    if (f.min_quality) object["min_quality"] = number(*f.min_quality);
    return object;
  }
  json candidate(const MeasureCandidate& c) {
    json object = figures(c.figures);
    object["start"] = c.name;
    object["termination"] = termination_name(c.termination);
    object["iterations"] = c.iterations;
    object["cost_evaluations"] = c.evaluations;
    object["gradient_residual"] = number(c.gradient_residual);
    object["seconds"] = c.seconds;
    return object;
  }
  int64_t lost() const { return lost_; }

 private:
  int64_t lost_ = 0;
};

}  // namespace

json measure_summary(const MeasureResult& result) {
  Writer writer;
  std::vector<Warning> warnings = result.warnings;
  json path =
      result.candidates.empty() ? writer.figures(result.figures) : writer.candidate(result.candidates[0]);
  path["termination"] = termination_name(result.termination());
  path["lower_bound"] = writer.number(result.lower_bound);
  path["squared_mmd"] = writer.number(result.squared_mmd);
  path["squared_mmd_error"] = writer.number(result.squared_mmd_error);
  path["seconds"] = result.seconds;
  json pair{{"path", path}};
  if (result.mixture_figures) pair["mixture"] = writer.figures(*result.mixture_figures);
  if (result.displacement_figures) {
    pair["displacement"] = writer.figures(*result.displacement_figures);
    pair["displacement"]["transport"] = result.transport;
    pair["displacement"]["squared_wasserstein"] = writer.number(result.transport_cost);
    pair["displacement"]["squared_wasserstein_bounds"] = {writer.number(result.transport_lower_bound),
                                                          writer.number(result.transport_upper_bound)};
    pair["displacement"]["duality_gap"] =
        writer.number(result.transport_upper_bound - result.transport_lower_bound);
    if (result.coupling.defined()) pair["displacement"]["moves"] = result.coupling.size(0);
    if (result.transport == "entropic") {
      pair["displacement"]["blur"] = result.entropic_blur;
      pair["displacement"]["end_gap"] = writer.number(result.entropic_end_gap);
    }
  }
  if (!result.candidates.empty()) {
    pair["starts"] = json::array();
    for (const MeasureCandidate& c : result.candidates) pair["starts"].push_back(writer.candidate(c));
  }
  if (writer.lost() > 0)
    warnings.push_back(join_message(writer.lost(), " figures are NaN or infinite and shown as null"));
  json summary{{"pairs", json::array({pair})}, {"kind", measure_kind_name(result.kind)},
               {"kernel", result.kernel},      {"step_count", result.times.size(0) - 1},
               {"seconds", result.seconds},    {"seed", result.seed},
               {"warnings", json::array()}};
  if (!result.method.empty()) summary["method"] = result.method;
  write_warnings(summary, warnings);
  return summary;
}

}  // namespace latentpath
