#include "latentpath/run/evaluation_row.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "latentpath/run/verdict.h"
#include "run/json_numbers.h"

namespace latentpath {
namespace {

using nlohmann::json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// As it would stand in the pairs of a summary, for the rules of the verdict.
json as_pair(const EvaluatedPath& path) {
  json figures{{"cost", detail::number_or_null(path.cost)}, {"under_resolved", path.under_resolved}};
  for (size_t i = 0; i < kPathFigures; ++i)
    if (std::isfinite(path.figures[i])) figures[path_figure_descriptions()[i].id] = path.figures[i];
  return {{"pair", path.pair}, {"path", figures}};
}

}  // namespace

FigureStatistics::FigureStatistics()
    : mean(kNaN), standard_error(kNaN), median(kNaN), low(kNaN), high(kNaN) {}

FigureStatistics statistics_of(const std::vector<double>& values) {
  std::vector<double> sorted;
  std::copy_if(values.begin(), values.end(), std::back_inserter(sorted),
               [](double value) { return std::isfinite(value); });
  FigureStatistics statistics;
  statistics.count = static_cast<int64_t>(sorted.size());
  if (sorted.empty()) return statistics;
  std::sort(sorted.begin(), sorted.end());
  const double n = static_cast<double>(sorted.size());
  double sum = 0, squares = 0;
  for (const double value : sorted) sum += value;
  statistics.mean = sum / n;
  for (const double value : sorted) squares += (value - statistics.mean) * (value - statistics.mean);
  if (sorted.size() > 1) statistics.standard_error = std::sqrt(squares / (n - 1) / n);
  const auto quantile = [&](double share) {
    const double place = share * (n - 1);
    const auto below = static_cast<size_t>(place);
    const size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
  };
  statistics.median = quantile(0.5);
  statistics.low = quantile(0.05);
  statistics.high = quantile(0.95);
  return statistics;
}

void ProfileSums::add(const std::vector<double>& values) {
  if (values.size() > count_.size()) {
    count_.resize(values.size(), 0);
    mean_.resize(values.size(), 0);
    squares_.resize(values.size(), 0);
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    ++count_[i];
    const double difference = values[i] - mean_[i];
    mean_[i] += difference / static_cast<double>(count_[i]);
    squares_[i] += difference * (values[i] - mean_[i]);
  }
}

EvaluationProfile ProfileSums::profile() const {
  EvaluationProfile profile;
  for (size_t i = 0; i < count_.size(); ++i) {
    const double n = static_cast<double>(count_[i]);
    profile.mean.push_back(n > 0 ? mean_[i] : kNaN);
    profile.error.push_back(n > 1 ? std::sqrt(squares_[i] / (n - 1) / n) : kNaN);
  }
  return profile;
}

void EvaluationRowBuilder::add(const EvaluatedPath& path) {
  ++counted_.pairs;
  counted_.failures += path.failed;
  if (path.failed) return;
  counted_.under_resolved += path.under_resolved;
  for (size_t figure = 0; figure < kPathFigures; ++figure)
    if (std::isfinite(path.figures[figure])) values_[figure].push_back(path.figures[figure]);
  std::vector<double> squares;
  for (const double step : path.step) squares.push_back(step * step);
  squared_step_.add(squares);
  quality_.add(path.quality);
  probability_.add(path.probability);
  if (!path.termination.empty()) add_objections(as_pair(path), counted_.objections);
}

EvaluationRow EvaluationRowBuilder::row() const {
  EvaluationRow row = counted_;
  for (size_t figure = 0; figure < kPathFigures; ++figure)
    row.figures[figure] = statistics_of(values_[figure]);
  row.squared_step = squared_step_.profile();
  row.quality = quality_.profile();
  row.probability = probability_.profile();
  return row;
}

EvaluationRow summarise(const std::vector<EvaluatedPath>& paths) {
  EvaluationRowBuilder builder;
  for (const EvaluatedPath& path : paths) builder.add(path);
  return builder.row();
}

}  // namespace latentpath
