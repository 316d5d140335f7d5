#pragma once
// Files that hold one array of numbers, in the forms in which people keep latents and codes:
//
//   .npy              NumPy's array (io/npy.h)
//   .npz              NumPy's archive, of one array, or with its name behind a colon: codes.npz:z
//   .csv .tsv .txt    a table, one point a line (io/csv.h)
//   .pt .pth          a tensor saved by torch.save, alone or as the only one among numbers and texts
//
//   Tensor ends = read_tensor_file("ends.pt");   // [pairs, 2, latent]

#include <string>

#include "latentpath/core/tensor.h"

namespace latentpath {

/// Whether a text names such a file, by its ending.
bool names_tensor_file(const std::string& text);

/// The file that such a text names: "codes.npz:z" → "codes.npz".
std::string tensor_file_path(const std::string& text);

/// "FILE.npy, FILE.npz, FILE.csv, FILE.txt or FILE.pt": for sentences.
extern const char* const kTensorFiles;

/// The array, on the CPU; of .csv and .txt float64, a single line or column as [n]; half precision of .pt and
/// bfloat16 as float32. Throws Error(kInput) with one sentence that names the file and what is wrong with it.
Tensor read_tensor_file(const std::string& text);

}  // namespace latentpath
