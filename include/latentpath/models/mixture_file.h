#pragma once
// Gaussian mixtures as JSON files, to be written by hand or by a program:
//
//   {"weights":     [0.5, 0.5],                        // optional: equal
//    "means":       [[0, 3], [0, -3]],                 // [k][D]
//    "covariances": [[[1, 0.5], [0.5, 1]], [1, 2]]}    // each a matrix, a diagonal, or a number
//
//   auto density = latentpath::read_mixture("prior.json");

#include <filesystem>
#include <memory>

#include "latentpath/metric/density.h"

namespace latentpath {

/// Throws Error(kInput) with one sentence that names the file and what is wrong with it.
std::shared_ptr<const GaussianMixture> read_mixture(const std::filesystem::path& file);

/// Writes what read_mixture() reads, to the last bit; whole or not at all.
void write_mixture(const std::filesystem::path& file, const GaussianMixture& mixture);

}  // namespace latentpath
