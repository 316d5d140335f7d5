#pragma once
// Progress and cancellation, shared by everything that takes long.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
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

/// How far a computation is.
struct Progress {
  std::string stage;  ///< what is being done now, for example "32 segments"
  int64_t done = 0;   ///< units finished
  int64_t total = 0;  ///< units in all; 0 when unknown
  double value = 0;   ///< the figure worth watching: mean cost, loss
  /// Where not empty: a sentence to be said once, in the place of all that.
  std::string note = {};
};

using ProgressObserver = std::function<void(const Progress&)>;

}  // namespace latentpath
