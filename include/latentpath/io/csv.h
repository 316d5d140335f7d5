#pragma once
// Tables of numbers as text (.csv, .tsv, .txt): one point a line.
//
//   Tensor points = read_csv("sample.csv");   // [lines, columns] float64
//
// Values are separated by commas, semicolons, tabs or spaces (the first of these that the first line has). A
// first line that holds a word is a heading; empty lines and lines that begin with # are skipped.

#include <filesystem>

#include "latentpath/core/tensor.h"

namespace latentpath {

/// Throws Error kInput with one sentence that names file and line when there are no numbers, lines have
/// different numbers of values, or a value is missing, not a number, NaN or infinite.
Tensor read_csv(const std::filesystem::path& path);

}  // namespace latentpath
