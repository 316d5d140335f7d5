#pragma once
// Progress and cancellation, shared by everything that takes long.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace latentpath {

/// A flag that one thread (or a signal handler) raises and a long computation polls.
class CancellationToken {
 public:
  CancellationToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  void cancel() const noexcept { flag_->store(true); }
  bool cancelled() const noexcept { return flag_->load(); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

/// What a computation is at: by this, and not by its words, a whole run is put together
/// (run/run_progress.h).
enum class Activity {
  kSearch,      ///< the work itself, and whatever is none of the others
  kPrior,       ///< density or rank of the prior
  kFreeEnd,     ///< looking for an end that is wherever a condition holds
  kCandidates,  ///< good places of the prior, through which first paths lead
  kTransport,   ///< of measures: their distance, and the paths that belong to it
  kCheck,       ///< of what was found: a finer grid, the global optimum
  kPictures,
  kFilm
};

/// How far a computation is.
struct Progress {
  std::string stage;  ///< what is being done now, for example "32 segments"
  int64_t done = 0;   ///< units finished
  int64_t total = 0;  ///< units in all; 0 when unknown
  double value = 0;   ///< the figure worth watching: mean cost, loss
  /// Where not empty: a sentence to be said once, in the place of all that.
  std::string note = {};
  Activity activity = Activity::kSearch;
  int64_t segments = 0;  ///< of the grid that is searched on; 0: on none
  /// Where units of a table are counted: what is being done for the one at hand.
  std::optional<Activity> of_unit = {};
};

using ProgressObserver = std::function<void(const Progress&)>;

}  // namespace latentpath
