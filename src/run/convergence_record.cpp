#include "latentpath/run/convergence_record.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "run/json_numbers.h"

namespace latentpath {

void ConvergenceRecord::progress(const Progress& progress) {
  if (progress.note.empty()) last_ = progress;
}

void ConvergenceRecord::snapshot(const PathSnapshot& snapshot) {
  if (stages_.empty() || stages_.back() != last_.stage) stages_.push_back(last_.stage);
  double sum = 0;
  for (const int64_t count : snapshot.decoder_evaluations) sum += static_cast<double>(count);
  entries_.push_back({stages_.size() - 1, last_.value,
                      sum / static_cast<double>(std::max<size_t>(1, snapshot.decoder_evaluations.size())),
                      snapshot.nodes.size(0)});
}

nlohmann::json ConvergenceRecord::json() const {
  nlohmann::json record = nlohmann::json::object();
  if (entries_.empty()) return record;
  nlohmann::json stage, cost, evaluations, paths;
  // A thousand points draw the same curve as a million; the last one is always among them.
  const size_t every = (entries_.size() + 999) / 1000;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (i % every != 0 && i + 1 != entries_.size()) continue;
    stage.push_back(entries_[i].stage);
    cost.push_back(detail::short_number(entries_[i].cost, 5));
    evaluations.push_back(std::llround(entries_[i].evaluations));
    paths.push_back(entries_[i].paths);
    record["iteration"].push_back(i + 1);
  }
  record["stages"] = stages_;
  record["stage"] = stage;
  record["cost"] = cost;
  record["evaluations"] = evaluations;
  record["paths"] = paths;
  return record;
}

}  // namespace latentpath
