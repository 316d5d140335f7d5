#pragma once
// How progress looks on stderr: one line that is rewritten on a terminal, plain lines elsewhere.

#include <chrono>

#include "latentpath/core/progress.h"

namespace latentpath::program {

class ProgressLine {
 public:
  /// `value_name` says what Progress::value is: "cost", "loss". A quiet line shows nothing.
  ProgressLine(const char* value_name, bool quiet);
  /// Ends the line, so that what is printed next starts on its own.
  ~ProgressLine();
  void operator()(const Progress& progress);
  void finish();

 private:
  const char* value_name_;
  bool quiet_, terminal_, shown_ = false;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace latentpath::program
