#pragma once
// How progress looks on stderr: one line that is rewritten on a terminal, plain lines elsewhere.

#include <chrono>

#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/run/run_progress.h"

namespace latentpath::program {

class ProgressLine {
 public:
  /// `value_name` says what Progress::value is: "cost", "loss". A quiet line shows nothing. With `phases` the
  /// line is there at once, and tells of the whole run; it is gone when that has ended.
  ProgressLine(const char* value_name, bool quiet, std::vector<RunPhase> phases = {});
  /// Ends the line, so that what is printed next starts on its own.
  ~ProgressLine();
  void operator()(const Progress& progress);
  void finish();

 private:
  void show(const Progress& progress);

  const char* value_name_;
  RunProgress whole_;
  bool quiet_, terminal_, shown_ = false;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace latentpath::program
