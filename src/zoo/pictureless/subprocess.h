#pragma once
// Runs another program without a shell, so that file names need no quoting.

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

}  // namespace latentpath
