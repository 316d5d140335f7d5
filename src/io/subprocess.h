#pragma once
// Runs another program without a shell, so that file names need no quoting.

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"

namespace latentpath {

struct ProcessResult {
  int exit_code = 0;   ///< 127 when the program does not exist
  std::string output;  ///< standard output and standard error
};

/// Waits for the program; a raised token ends it.
/// @param line  called with each line of output as it comes
ProcessResult run_process(const std::vector<std::string>& command, const std::filesystem::path& folder = ".",
                          const CancellationToken& token = {},
                          const std::function<void(const std::string&)>& line = {});

struct ProcessAnswer {
  int start_error = 0;        ///< errno, where the program could not be started
  int exit_code = 0;          ///< 128 + the signal's number, where a signal ended it
  bool timed_out = false;     ///< it was ended after the time limit
  bool too_long = false;      ///< it was ended when it had printed more than `most`
  std::string output, words;  ///< standard output; the end of standard error
};

/// Runs a program that reads `input` and answers: a filter. It and whatever it started are ended when it
/// exits, when the time is up, when it prints too much and when the token is raised, which throws
/// Error(kInterrupted).
/// @param most  bytes of output
ProcessAnswer ask_process(const std::vector<std::string>& command, const std::string& input,
                          std::chrono::duration<double> limit, const CancellationToken& token = {},
                          std::size_t most = std::size_t{64} << 20);

}  // namespace latentpath
