#include "progress_line.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>

#include "interrupt_answer.h"

namespace latentpath::program {

ProgressLine::ProgressLine(const char* value_name, bool quiet, std::vector<RunPhase> phases)
    : value_name_(value_name), whole_(phases), quiet_(quiet), terminal_(isatty(STDERR_FILENO) != 0) {
  if (!terminal_ || quiet_) return;
  answer_first_interrupt();
  if (!phases.empty()) show({.stage = "loading"});
}

ProgressLine::~ProgressLine() { finish(); }

void ProgressLine::finish() {
  if (terminal_ && shown_) std::cerr << "\r\033[K" << std::flush;
  shown_ = false;
}

void ProgressLine::operator()(const Progress& progress) {
  if (quiet_) return;
  if (!progress.note.empty()) {
    finish();
    std::cerr << progress.note << "\n" << std::flush;
    return;
  }
  const bool whole_run = whole_.seconds_left().has_value();
  if (whole_(progress) >= 1 && whole_run) return finish();
  const auto now = std::chrono::steady_clock::now();
  const double since = std::chrono::duration<double>(now - last_).count();
  if (shown_ && since < (terminal_ ? 0.1 : 10.0)) return;
  if (!shown_ && !terminal_) {  // short runs leave a log quiet
    if (last_.time_since_epoch().count() == 0) last_ = now;
    if (std::chrono::duration<double>(now - last_).count() < 5) return;
  }
  last_ = now;
  show(progress);
}

void ProgressLine::show(const Progress& progress) {
  shown_ = true;
  std::string bar;
  if (terminal_) {
    bar = "[";
    for (int i = 0; i < 20; ++i) bar += i < static_cast<int>(20 * whole_.share()) ? '#' : '.';
    bar += "] ";
  }
  char figures[64] = "";
  if (progress.value != 0) std::snprintf(figures, sizeof figures, ", %s %.5g", value_name_, progress.value);
  std::cerr << (terminal_ ? "\r\033[K" : "") << bar << progress.stage;
  if (progress.total > 0) std::cerr << " " << progress.done << "/" << progress.total;
  std::cerr << figures;
  if (const auto left = whole_.seconds_left(); left && terminal_)
    std::cerr << ", " << duration_text(*left) << " left";
  std::cerr << (terminal_ ? "" : "\n") << std::flush;
}

}  // namespace latentpath::program
