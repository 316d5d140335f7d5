#include "evaluation_profiles.h"

namespace latentpath::detail {

Profile profile_of(const std::vector<EvaluatedPath>& paths,
                   const std::function<std::vector<double>(const EvaluatedPath&)>& curve) {
  std::vector<std::vector<double>> columns;
  for (const EvaluatedPath& path : paths) {
    if (path.failed) continue;
    const auto values = curve(path);
    columns.resize(values.size());
    for (size_t i = 0; i < values.size(); ++i) columns[i].push_back(values[i]);
  }
  Profile profile;
  for (const auto& column : columns) {
    const FigureStatistics statistics = statistics_of(column);
    profile.mean.push_back(statistics.mean);
    profile.error.push_back(statistics.standard_error);
  }
  return profile;
}

std::vector<double> squared_steps(const EvaluatedPath& path) {
  std::vector<double> squares;
  for (const double step : path.step) squares.push_back(step * step);
  return squares;
}
std::vector<double> quality_along(const EvaluatedPath& path) { return path.quality; }
std::vector<double> probability_along(const EvaluatedPath& path) { return path.probability; }

}  // namespace latentpath::detail
