#pragma once
// A run folder that leaves nothing half-written behind even when the program is told twice to end.

#include <filesystem>
#include <optional>

#include "latentpath/run/run_folder.h"

namespace latentpath::program {

/// A RunFolder whose temporary files a second Ctrl-C removes before it ends the program.
class GuardedRunFolder {
 public:
  GuardedRunFolder(const std::filesystem::path& target, bool overwrite);
  ~GuardedRunFolder();
  GuardedRunFolder(const GuardedRunFolder&) = delete;
  GuardedRunFolder& operator=(const GuardedRunFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const std::filesystem::path& target() const { return target_; }
  void commit();

 private:
  std::optional<RunFolder> folder_;  ///< guarded by the mutex of on_abandon()
  std::filesystem::path path_, target_;
};

}  // namespace latentpath::program
