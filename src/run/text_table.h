#pragma once
// Tables of words and figures, the same cells for a terminal, Markdown and LaTeX; and how cells of CSV are
// written.

#include <cstddef>
#include <string>
#include <vector>

#include "latentpath/run/evaluation_row.h"

namespace latentpath::detail {

struct TextTable {
  std::vector<std::vector<std::string>> lines;  ///< the first is the heading; all of the same length
  size_t words = 1;  ///< columns at the left that are words; the others are figures
};

/// Columns aligned by blanks.
std::string plain_text(const TextTable& table);
/// A table as GitHub and Pandoc take it.
std::string markdown_text(const TextTable& table);
/// An environment `tabular` with the rules of LaTeX's package booktabs, to be \input.
std::string latex_text(const TextTable& table);

/// All digits that tell the number from its neighbours: what JSON writes too. Nothing for NaN.
std::string all_digits(double value);
/// Quoted where it must be.
std::string csv_cell(const std::string& text);
/// "0.938 ± 0.012": two digits of the error, three where there is none.
std::string text_with_error(const FigureStatistics& value);

}  // namespace latentpath::detail
