#include "latentpath/io/csv.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/core/read_number.h"
#include "latentpath/io/text_lines.h"

namespace latentpath {
namespace {

std::optional<double> number(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc::result_out_of_range && end == text.data() + text.size())
    return text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos
               ? std::optional<double>(0.0)
               : std::optional<double>(INFINITY);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

class Reader {
 public:
  Reader(std::string file, std::vector<std::string>* notes) : file_(std::move(file)), notes_(notes) {}

  Tensor read(std::string_view text) {
    LATENTPATH_CHECK(text.find('\0') == std::string_view::npos, kInput, file_,
                     " is not a text file of numbers: it holds binary data");
    for (const std::string_view whole : lines_of(text)) {
      const std::string_view line = trimmed(whole);
      ++line_;
      if (!line.empty() && line.front() != '#') read_line(line);
    }
    LATENTPATH_CHECK(rows_ > 0, kInput, file_, " holds no numbers: it must have one point a line");
    return finish();
  }

 private:
  void say(const std::string& sentence) {
    if (notes_ != nullptr) notes_->push_back(file_ + ": " + sentence);
  }
  std::string at_line() const { return join_message(file_, ", line ", line_); }

  void read_line(std::string_view line) {
    if (separator_ == '\0') separator_ = separator_of(line);
    std::vector<std::string> values = fields_of(line, separator_);
    const bool first = !begun_;
    begun_ = true;
    // A separator behind every value of every line ends a last column of nothing.
    if (first || ends_in_separator_) {
      const bool empty_end = values.size() > 1 && values.back().empty();
      if (first) ends_in_separator_ = empty_end;
      if (empty_end) values.pop_back();
    }
    if (first && is_heading(values)) {
      unnamed_first_ = values.size() > 1 && values.front().empty();
      if (values.size() == 1) separator_ = '\0';  // a heading of one word does not show it
      return;
    }
    add_row(values);
  }

  /// Words; or nothing, and then the numbers of the columns: how tables with an index are written.
  static bool is_heading(const std::vector<std::string>& values) {
    bool words = false, counts = values.size() > 1 && values.front().empty();
    for (size_t c = 0; c < values.size(); ++c) {
      words = words || (!values[c].empty() && !decimal(values[c]));
      if (c > 0) counts = counts && read_number<int64_t>(values[c]) == static_cast<int64_t>(c) - 1;
    }
    return words || counts;
  }

  /// A number with a decimal comma, which a comma that separates cannot be.
  static std::optional<double> decimal(std::string_view text) {
    if (const auto plain = number(text)) return plain;
    const size_t comma = text.find(',');
    if (comma == std::string_view::npos || text.find_first_of(".,", comma + 1) != std::string_view::npos ||
        text.find('.') != std::string_view::npos)
      return std::nullopt;
    std::string pointed(text);
    pointed[comma] = '.';
    return number(pointed);
  }

  /// "1,234": between semicolons commas are decimal, in quotes between commas nobody knows.
  static bool may_be_thousands(const std::string& text) {
    const size_t comma = text.find(','), first = text.find_first_not_of("+-");
    return comma != std::string::npos && text.size() == comma + 4 && text.substr(first, comma - first) != "0";
  }

  void add_row(const std::vector<std::string>& values) {
    if (columns_ == 0) {
      columns_ = values.size();
      first_line_ = line_;
      whole_.assign(columns_, true);
    }
    LATENTPATH_CHECK(values.size() == columns_, kInput, at_line(), " has ", values.size(),
                     values.size() == 1 ? " value" : " values", " where line ", first_line_, " has ",
                     columns_, ": every point needs the same number of coordinates");
    bool all_whole = true, counts = true;
    for (size_t c = 0; c < columns_; ++c) {
      const std::string shown(values[c].substr(0, 40));
      const std::optional<double> value = decimal(values[c]);
      LATENTPATH_CHECK(value.has_value(), kInput, at_line(), ", column ", c + 1,
                       shown.empty() ? std::string(" is empty") : " is '" + shown + "'",
                       ": it must be a number");
      LATENTPATH_CHECK(std::isfinite(*value), kInput, at_line(), ", column ", c + 1, " is ", shown,
                       ": numbers must be finite");
      LATENTPATH_CHECK(separator_ != ',' || !may_be_thousands(values[c]), kInput, at_line(), ", column ",
                       c + 1, " is '", shown,
                       "', with a comma that is decimal or one between thousands: write it with a point, or "
                       "without");
      const auto whole = read_number<int64_t>(values[c]);
      all_whole = all_whole && whole;
      counts = counts && whole == static_cast<int64_t>(c);
      if (!whole) whole_[c] = false;
      decimal_commas_ = decimal_commas_ || values[c].find(',') != std::string::npos;
      numbers_.push_back(*value);
    }
    if (rows_ == 0)
      first_counts_ = counts;
    else
      others_whole_ = others_whole_ || all_whole;
    ++rows_;
  }

  /// True where the column is 0, 1, 2, … or 1, 2, 3, … downwards.
  static bool counts_lines(const Tensor& column) {
    const double first = column[0].item<double>();
    if (first != 0 && first != 1) return false;
    return at::equal(column - first, at::arange(column.size(0), at::kDouble));
  }

  Tensor finish() {
    Tensor table = at::tensor(numbers_, at::kDouble).view({-1, static_cast<int64_t>(columns_)});
    if (decimal_commas_) say("commas within numbers are read as decimal points");
    // "0,1" over numbers with points is how tables without names are written.
    if (first_counts_ && rows_ > 1 && !others_whole_ && first_line_ == 1) {
      say("line 1 counts the columns from 0 and is taken as a heading, not as a point");
      table = table.narrow(0, 1, table.size(0) - 1).clone();
    }
    const bool counted = columns_ > 1 && table.size(0) > 2 && whole_[0] && counts_lines(table.select(1, 0));
    if (unnamed_first_) {
      LATENTPATH_CHECK(counted || (columns_ > 1 && counts_lines(table.select(1, 0))), kInput, file_,
                       ", line 1: column 1 has no name and does not count the lines; give it one if it is a "
                       "coordinate, and leave it out if it is not");
      say("column 1 has no name and counts the lines: it is left out");
      return table.narrow(1, 1, table.size(1) - 1).clone();
    }
    if (counted && std::find(whole_.begin(), whole_.end(), false) != whole_.end())
      say("column 1 counts the lines and is taken as a coordinate; leave it out if it is an index");
    return table;
  }

  std::string file_;
  std::vector<std::string>* notes_;
  std::vector<double> numbers_;
  std::vector<bool> whole_;  ///< by column: all its numbers are whole
  size_t columns_ = 0, rows_ = 0, line_ = 0, first_line_ = 0;
  char separator_ = '\0';
  bool begun_ = false, ends_in_separator_ = false, unnamed_first_ = false, decimal_commas_ = false;
  bool first_counts_ = false;  ///< the first row is 0, 1, 2, …
  bool others_whole_ = false;  ///< another row holds whole numbers alone
};

}  // namespace

Tensor read_csv(const std::filesystem::path& path, std::vector<std::string>* notes) {
  return Reader(path.string(), notes).read(read_text(path));
}

}  // namespace latentpath
