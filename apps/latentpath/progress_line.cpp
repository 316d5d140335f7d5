#include "progress_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>

#include "latentpath/core/error.h"
#include "program.h"

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

/// Columns of the terminal that stderr is.
static size_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// What a line of the terminal has room for: the value goes first, then the bar, then the end of the stage's
/// name. A line that is longer is broken, and its beginning never overwritten.
static std::string fitted(const std::string& bar, std::string stage, std::string value, std::string left) {
  const size_t room = terminal_columns() - 1;
  if (left.size() > room) left.clear();
  if (bar.size() + stage.size() + value.size() + left.size() > room) value.clear();
  const bool with_bar = bar.size() + stage.size() + left.size() <= room;
  const size_t others = (with_bar ? bar.size() : 0) + left.size();
  size_t kept = std::min(stage.size(), room > others ? room - others : 0);
  while (kept > 0 && kept < stage.size() && (stage[kept] & 0xC0) == 0x80) --kept;  // whole signs of UTF-8
  stage.resize(kept);
  return (with_bar ? bar : "") + stage + value + left;
}

void ProgressLine::show(const Progress& progress) {
  shown_ = true;
  std::string stage = progress.stage;
  if (progress.total > 0) stage += join_message(" ", progress.done, "/", progress.total);
  char value[64] = "";
  if (progress.value != 0) std::snprintf(value, sizeof value, ", %s %.5g", value_name_, progress.value);
  if (!terminal_) {
    std::cerr << stage << value << "\n" << std::flush;
    return;
  }
  std::string bar = "[";
  for (int i = 0; i < 20; ++i) bar += i < static_cast<int>(20 * whole_.share()) ? '#' : '.';
  const auto left = whole_.seconds_left();
  std::cerr << "\r\033[K"
            << fitted(bar + "] ", stage, value, left ? ", " + duration_text(*left) + " left" : "")
            << std::flush;
}

}  // namespace latentpath::program
