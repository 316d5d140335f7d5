#pragma once
// The folder of a run (--out): whole or absent. Files are written into a hidden sibling of the target,
// `.NAME.partial-PID`, which takes the target's name when everything is in it.
//
//   RunFolder folder("out", /*overwrite=*/false);   // before the long computation: fails early
//   write_npy(folder.path() / "path.npy", nodes);
//   folder.commit();                                 // now out/ exists

#include <filesystem>
#include <vector>

namespace latentpath {

class RunFolder {
 public:
  /// Throws Error kArgument when the target exists (and may not be overwritten), when it is a file, or when
  /// its parent cannot be created or written. Missing parents are created. With `overwrite` only an empty
  /// folder or an earlier run (a folder with run.json) is ever replaced.
  explicit RunFolder(const std::filesystem::path& target, bool overwrite = false);

  /// Without commit(): removes the temporary folder and the parents that the constructor created.
  ~RunFolder();

  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  /// The folder to write into: the temporary one, and after commit() the target.
  const std::filesystem::path& path() const noexcept { return committed_ ? target_ : temporary_; }

  /// The final name, absolute.
  const std::filesystem::path& target() const noexcept { return target_; }

  /// Gives the folder its final name; an earlier run is moved away first and removed afterwards.
  /// Throws Error kArgument when someone else took the name or the rename fails: then the temporary folder
  /// is kept, and the message says where it is.
  void commit();

 private:
  std::filesystem::path target_, temporary_;
  std::vector<std::filesystem::path> created_parents_;  // outermost first
  bool overwrite_ = false, committed_ = false, kept_ = false;
};

}  // namespace latentpath
