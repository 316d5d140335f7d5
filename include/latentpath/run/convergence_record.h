#pragma once
// How the cost fell while paths were sought: recorded from find_path's observers, shown by the report.
//
//   ConvergenceRecord record;
//   options.snapshot = [&](const PathSnapshot& s) { record.snapshot(s); };
//   find_path(problem, options, [&](const Progress& p) { record.progress(p); });
//   nlohmann::json convergence = record.json();
//
// An entry is the mean cost over the paths not pruned yet, on the grid that its level optimises, and the
// points decoded until then for one pair, on average. Levels and pruning make it jump, which is
// why each entry names its stage.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/path/find_path.h"

namespace latentpath {

class ConvergenceRecord {
 public:
  /// To be called with every report of progress; remembers stage and cost of the iteration.
  void progress(const Progress& progress);
  /// To be called after every iteration: adds an entry.
  void snapshot(const PathSnapshot& snapshot);

  /// {"stages": ["8 segments", …], "stage": [index], "cost": […], "evaluations": […], "paths": […]}, one
  /// number an iteration; a cost that is not finite is null. Empty object without entries.
  nlohmann::json json() const;

 private:
  struct Entry {
    size_t stage;
    double cost, evaluations;
    int64_t paths;
  };
  std::vector<std::string> stages_;
  std::vector<Entry> entries_;
  Progress last_;
};

}  // namespace latentpath
