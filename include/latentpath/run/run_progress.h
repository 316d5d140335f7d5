#pragma once
// How far a whole run is, from what its stages report one after the other: one share that never goes back,
// and the time that is left.
//
//   RunProgress whole(run_phases(job));
//   observer.progress = [&](const Progress& progress) { std::cerr << whole(progress) << "\n"; };

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/run/evaluate_job.h"
#include "latentpath/run/geodesic_job.h"
#include "latentpath/run/interpolate_job.h"
#include "latentpath/run/measures_job.h"

namespace latentpath {

/// A part of a run.
struct RunPhase {
  double weight = 1;  ///< roughly its share of the time
  std::vector<Activity> activities = {Activity::kSearch};
  /// Grids (Progress::segments) that become as fine as this: each takes time as its number says. 0: stages
  /// of which nobody knows how many follow.
  int64_t finest = 0;
  /// Phases of each unit of work that its stages count (Progress::of_unit).
  std::vector<RunPhase> of_each = {};
  bool last = false;  ///< where its stage is done, so is the run
};

class RunProgress {
 public:
  /// Without phases each stage is told by itself.
  explicit RunProgress(std::vector<RunPhase> phases);

  /// The share of the run that is done, in [0, 1], after this was reported.
  double operator()(const Progress& progress);
  double share() const { return share_; }
  /// As long as until now, by the share that is left; none at the very beginning.
  std::optional<double> seconds_left() const;

 private:
  size_t phase_of(Activity activity) const;
  double share_of_units(const Progress& progress);

  std::vector<RunPhase> phases_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  size_t phase_ = 0;
  std::string stage_;
  double reached_ = 0, end_ = 0;  ///< of the phase, before the stage and after it
  std::unique_ptr<RunProgress> unit_;
  int64_t units_ = 0;
  double share_ = 0;
};

// What runs are made of.
std::vector<RunPhase> run_phases(const InterpolateJob& job);
std::vector<RunPhase> run_phases(const EvaluateJob& job);
std::vector<RunPhase> run_phases(const GeodesicJob& job);
std::vector<RunPhase> run_phases(const MeasuresJob& job);
/// Of another job nothing is known.
template <class Job>
std::vector<RunPhase> run_phases(const Job&) {
  return {};
}
/// The same with a film of so many frames at the end.
std::vector<RunPhase> with_film(std::vector<RunPhase> phases, int64_t frames);

/// "4 s", "3 min", "2 h".
std::string duration_text(double seconds);

}  // namespace latentpath
