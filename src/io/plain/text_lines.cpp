#include "latentpath/io/text_lines.h"

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"

namespace latentpath {
namespace {

constexpr std::string_view kBlank = " \t\r";

bool separates(char c, char separator) { return separator == ' ' ? c == ' ' || c == '\t' : c == separator; }

/// Where the quoted field that begins at `at` has its closing quote; npos where it has none.
size_t closing_quote(std::string_view line, size_t at) {
  size_t end = line.find('"', at + 1);
  while (end != std::string_view::npos && end + 1 < line.size() && line[end + 1] == '"')
    end = line.find('"', end + 2);
  return end;
}

std::string unquoted(std::string_view text) {
  std::string field;
  for (size_t i = 0; i < text.size(); ++i) {
    field += text[i];
    if (text[i] == '"') ++i;  // of two
  }
  return std::string(trimmed(field));
}

}  // namespace

std::string read_text(const std::filesystem::path& file) {
  std::string text = read_file(file);
  LATENTPATH_CHECK(!text.starts_with("\xff\xfe") && !text.starts_with("\xfe\xff"), kInput, file.string(),
                   " is text in UTF-16: save it in UTF-8");
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  return text;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
    text.remove_prefix(std::min<size_t>(text.starts_with("\r\n") ? 2 : 1, text.size()));
  }
  return lines;
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

char separator_of(std::string_view line) {
  for (const char candidate : {';', '\t', ','}) {
    bool quoted = false;
    for (const char c : line) {
      if (c == '"') quoted = !quoted;
      if (c == candidate && !quoted) return candidate;
    }
  }
  return ' ';
}

std::vector<std::string> fields_of(std::string_view line, char separator) {
  std::vector<std::string> fields;
  const auto skip_blanks = [&](size_t at) {
    while (at < line.size() && kBlank.find(line[at]) != std::string_view::npos &&
           (separator == ' ' || line[at] != separator))
      ++at;
    return at;
  };
  for (size_t at = 0;;) {
    at = skip_blanks(at);
    if (separator == ' ' && at == line.size()) return fields;
    if (at < line.size() && line[at] == '"') {
      const size_t quote = closing_quote(line, at);
      const size_t next = quote == std::string_view::npos ? quote : quote + 1;
      const size_t end = next == std::string_view::npos || separator == ' ' ? next : skip_blanks(next);
      if (end != std::string_view::npos && (end == line.size() || separates(line[end], separator))) {
        fields.push_back(unquoted(line.substr(at + 1, quote - at - 1)));
        if (end == line.size()) return fields;
        at = end + 1;
        continue;
      }
    }
    size_t end = at;
    while (end < line.size() && !separates(line[end], separator)) ++end;
    fields.emplace_back(trimmed(line.substr(at, end - at)));
    if (end == line.size()) return fields;
    at = end + 1;
  }
}

}  // namespace latentpath
