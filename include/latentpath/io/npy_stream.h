#pragma once
// NumPy's array files (io/npy.h) in parts, where a whole array would not fit into memory.
//
//   NpyReader ends("shard-1/ends.npy");                  // [features, pairs, 2, latent]
//   NpyWriter all("ends.npy", ends.dtype(), {2, 1000, 2, 8});
//   all.append(ends.read(0, 160));                       // ten pairs of the first feature
//
// What is written is what write_npy() writes, byte for byte.

#include <filesystem>
#include <fstream>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/io/file_writer.h"

namespace latentpath {

class NpyReader {
 public:
  /// Throws Error kInput, as read_npy() does, for what is no whole array of float32 or float64 in C order and
  /// in this machine's byte order: such are those that write_npy() writes.
  explicit NpyReader(const std::filesystem::path& path);

  const std::vector<int64_t>& shape() const { return shape_; }
  at::ScalarType dtype() const { return dtype_; }
  /// The numbers first … first + count − 1 of the array, as they lie in the file: [count].
  Tensor read(int64_t first, int64_t count);

 private:
  std::string name_;
  std::ifstream file_;
  std::vector<int64_t> shape_;
  at::ScalarType dtype_;
  int64_t offset_ = 0;  ///< of the first number
};

class NpyWriter {
 public:
  NpyWriter(const std::filesystem::path& path, at::ScalarType dtype, const std::vector<int64_t>& shape);
  /// The next numbers, of that dtype.
  void append(const Tensor& numbers);
  /// When all numbers of the shape have been written.
  void close();

 private:
  FileWriter file_;
  at::ScalarType dtype_;
  int64_t left_ = 0;
};

}  // namespace latentpath
