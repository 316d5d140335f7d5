#pragma once
// Tables of numbers as text (.csv, .tsv, .txt): one point a line.
//
//   Tensor points = read_csv("sample.csv");   // [lines, columns] float64
//
// Values are separated by semicolons, tabs, commas or spaces (the first of these that the first line has); a
// separator behind every line, decimal commas between semicolons or in quotes, quotes, and lines ended by CR,
// LF or both are understood (text_lines.h). A first line that holds a word is a heading, as is one that
// counts the columns from 0 where no other line holds whole numbers alone; under a heading without a name for
// it, a first column that counts the lines is left out. Empty lines and lines that begin with # are skipped.

#include <filesystem>
#include <string>
#include <vector>

#include "latentpath/core/tensor.h"

namespace latentpath {

/// Throws Error kInput with one sentence that names file and line when there are no numbers, lines have
/// different numbers of values, or a value is missing, not a number, NaN or infinite.
/// What was decided about headings, indices and commas is added to `notes`, a sentence each.
Tensor read_csv(const std::filesystem::path& path, std::vector<std::string>* notes = nullptr);

}  // namespace latentpath
