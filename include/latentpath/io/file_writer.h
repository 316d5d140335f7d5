#pragma once
// A file that is written piece by piece, where its whole would not fit into memory; every step is checked, as
// in io/file.h.
//
//   FileWriter table(folder / "paths.csv");
//   table.append("pair,cost\n");
//   table.close();

#include <filesystem>
#include <string>
#include <string_view>

namespace latentpath {

class FileWriter {
 public:
  /// Creates or replaces the file. Throws Error kArgument, naming it, here as below.
  explicit FileWriter(std::filesystem::path path);
  /// Without close() the file is not whole: it is removed.
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  void append(std::string_view bytes);
  void close();

 private:
  void flush();

  std::filesystem::path path_;
  std::string pending_;
  int descriptor_ = -1;
};

}  // namespace latentpath
