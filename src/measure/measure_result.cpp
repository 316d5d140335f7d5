// MeasureResult: a paragraph for people.

#include <cmath>
#include <cstdio>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/measure/measure_result.h"

namespace latentpath {

std::string MeasureResult::brief_report() const {
  std::string text;
  const auto line = [&](const std::string& name, const MeasureFigures& f, const std::string& more) {
    char buffer[512], ratio[64] = "";
    if (std::isfinite(f.cost_over_bound))
      std::snprintf(ratio, sizeof ratio, "K*cost/MMD2 %-8.5g ", f.cost_over_bound);
    std::snprintf(buffer, sizeof buffer, "%-24s cost %-10.6g %ssteps equal within %.2g %%%s\n", name.c_str(),
                  f.cost, ratio, 100 * f.step_spread, more.c_str());
    text += buffer;
  };
  char buffer[512];
  std::snprintf(buffer, sizeof buffer,
                "MMD2 between the samples %.6g (%s); no path of %ld steps costs less than %.6g\n",
                squared_mmd, kernel.c_str(), static_cast<long>(times.size(0) - 1), lower_bound);
  text += buffer;
  const auto quality_of = [](const MeasureFigures& f) {
    return f.mean_quality ? join_message(", mean quality ", *f.mean_quality) : std::string();
  };
  for (const MeasureCandidate& candidate : candidates)
    line(candidate.title, candidate.figures,
         join_message(quality_of(candidate.figures), ", ", candidate.iterations, " iterations, ",
                      termination_name(candidate.termination)));
  if (mixture_figures) line("mixture", *mixture_figures, " (the geodesic)");
  if (displacement_figures) line("displacement", *displacement_figures, quality_of(*displacement_figures));
  if (transport == "exact")
    text += join_message("W2^2 between the samples ", figure_text(transport_cost, 6),
                         ": the optimal coupling has ", coupling.size(0), " moves\n");
  if (transport == "entropic")
    text += join_message("W2^2 between the samples lies between ", figure_text(transport_lower_bound, 6),
                         " and ", figure_text(transport_upper_bound, 6),
                         " (entropic: ", figure_text(transport_cost, 6), ")\n");
  std::snprintf(buffer, sizeof buffer, "%.3g s in all\n", seconds);
  return text + buffer;
}

}  // namespace latentpath
