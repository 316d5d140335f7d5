#pragma once
// Text from users, taken apart into lines and fields: one rule for every table and list that is read by
// lines.
//
//   const std::string text = read_text("pairs.csv");
//   for (const std::string_view line : lines_of(text))
//     for (const std::string& field : fields_of(line, separator_of(line))) std::cout << field << "\n";
//
// A byte order mark, as Windows' programs write one, is no part of the text. Lines end in LF, CR or both.
// Fields are quoted as in RFC 4180: within double quotes separators are text, and "" is one quote.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace latentpath {

/// The file's text in UTF-8, without a byte order mark.
/// Throws Error kInput where the file cannot be read or is in UTF-16.
std::string read_text(const std::filesystem::path& file);

/// Without the ends of the lines; what follows the last of them is a line unless it is empty.
std::vector<std::string_view> lines_of(std::string_view text);

/// Without blanks (spaces, tabs, CR) around it.
std::string_view trimmed(std::string_view text);

/// The first of semicolon, tab and comma that the line has outside of quotes; else a space. A semicolon
/// separates where commas are decimal.
char separator_of(std::string_view line);

/// Without blanks around them and without their quotes; any run of blanks separates where `separator` is a
/// space. A quote that is not closed, or is closed before the field ends, is text.
std::vector<std::string> fields_of(std::string_view line, char separator);

}  // namespace latentpath
