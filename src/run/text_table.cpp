#include "run/text_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "latentpath/core/figure_text.h"

namespace latentpath::detail {
namespace {

/// Columns as UTF-8 text counts them.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::vector<size_t> widths_of(const TextTable& table) {
  std::vector<size_t> widths(table.lines.at(0).size(), 0);
  for (const auto& line : table.lines)
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width_of(line[i]));
  return widths;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

/// As LaTeX sets it. What it takes for commands is written out; signs that are no letters are mathematics.
std::string latex_cell(const std::string& text) {
  std::string plain;
  for (const char c : text) {
    if (c == '\\')
      plain += "\\textbackslash{}";
    else if (c == '~' || c == '^')
      plain += std::string("\\") + c + "{}";
    else if (std::string("&%$#_{}").find(c) != std::string::npos)
      plain += std::string("\\") + c;
    else
      plain += c;
  }
  for (const auto& [sign, command] : {std::pair("±", "$\\pm$"), std::pair("ε", "$\\varepsilon$"),
                                      std::pair("×", "$\\times$"), std::pair("−", "$-$")})
    plain = replaced(std::move(plain), sign, command);
  const bool negative =
      plain.size() > 1 && plain[0] == '-' && std::isalnum(static_cast<unsigned char>(plain[1]));
  return negative ? "$-$" + plain.substr(1) : plain;
}

}  // namespace

std::string plain_text(const TextTable& table) {
  const std::vector<size_t> widths = widths_of(table);
  std::string text;
  for (const auto& line : table.lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      const std::string blank(widths[i] - width_of(line[i]), ' ');
      if (i > 0) text += "  ";
      text += i < table.words ? line[i] + blank : blank + line[i];  // words to the left, figures to the right
    }
    text += '\n';
  }
  return text;
}

std::string markdown_text(const TextTable& table) {
  std::string text;
  for (size_t row = 0; row < table.lines.size(); ++row) {
    for (const std::string& cell : table.lines[row]) text += "| " + replaced(cell, "|", "\\|") + " ";
    text += "|\n";
    if (row > 0) continue;
    for (size_t i = 0; i < table.lines[0].size(); ++i) text += i < table.words ? "|---" : "|---:";
    text += "|\n";
  }
  return text;
}

std::string latex_text(const TextTable& table) {
  const size_t columns = table.lines.at(0).size();
  std::string text = "% \\usepackage{booktabs}\n\\begin{tabular}{" +
                     std::string(std::min(table.words, columns), 'l') +
                     std::string(columns - std::min(table.words, columns), 'r') + "}\n\\toprule\n";
  for (size_t row = 0; row < table.lines.size(); ++row) {
    for (size_t i = 0; i < columns; ++i) text += (i > 0 ? " & " : "") + latex_cell(table.lines[row][i]);
    text += row == 0 ? " \\\\\n\\midrule\n" : " \\\\\n";
  }
  return text + "\\bottomrule\n\\end{tabular}\n";
}

std::string all_digits(double value) {
  if (!std::isfinite(value)) return {};
  std::array<char, 40> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string text_with_error(const FigureStatistics& value) {
  if (value.count == 0) return "-";
  if (!(value.standard_error > 0)) return figure_text(value.mean);
  const double place = std::floor(std::log10(value.standard_error));
  if (place < -5 || place > 6) return figure_text(value.mean) + " ± " + figure_text(value.standard_error);
  const int decimals = std::max(0, 1 - static_cast<int>(place));
  return fixed_text(value.mean, decimals) + " ± " + fixed_text(value.standard_error, decimals);
}

}  // namespace latentpath::detail
