#pragma once
// The four files of each data set, as they are when nothing is missing or damaged.

#include <array>
#include <string>
#include <vector>

#include "latentpath/zoo/data_set_facts.h"

namespace latentpath {

struct OriginalFile {
  std::string name;
  std::vector<int64_t> shape;
  std::string sha256;
};

/// For example train-images-idx3-ubyte: the digit is the number of dimensions.
std::string image_file_name(const DataSetFacts& facts, bool training);
std::string label_file_name(const DataSetFacts& facts, bool training);

/// Training images, training labels, test images, test labels.
std::array<OriginalFile, 4> original_files(const DataSetFacts& facts);

}  // namespace latentpath
