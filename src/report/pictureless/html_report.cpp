#include "latentpath/report/html_report.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <regex>
#include <system_error>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"
#include "latentpath/io/json.h"
#include "latentpath/run/run_record.h"
#include "report/embedded_page.h"
#include "report/pictureless/plain_report.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kFolder = "report";
constexpr const char* kData = "data.json";
constexpr std::string_view kMark = "<!--latentpath:data-->";  // stands once in viewer/index.html

bool is_plain_name(const std::string& name) {
  return !name.empty() && name[0] != '.' && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '-' || c == '_';
  });
}

std::string base_name(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return path;
  const size_t slash = path.find_last_of('/', end);
  return path.substr(slash == std::string::npos ? 0 : slash + 1,
                     end - (slash == std::string::npos ? 0 : slash + 1) + 1);
}

std::string without_folders(std::string text, const std::vector<std::string>& known) {
  for (const std::string& path : known)
    for (size_t at = text.find(path); at != std::string::npos; at = text.find(path, at)) {
      // Of a folder that something lies in, nothing stays: the rest is left to the expression below.
      const bool has_more = at + path.size() < text.size() && text[at + path.size()] == '/';
      const std::string name = has_more ? std::string() : base_name(path);
      text.replace(at, path.size(), name);
      at += name.size();
    }
  // What is left: '/' at the beginning of a word, at least one folder, a name. "1/2", "and/or" stay.
  static const std::regex absolute(R"((^|[\s'"(=,:;])((?:~|\.{1,2})?/(?:[^/\s'"(),;]+/)*)([^/\s'"(),;]+))");
  return std::regex_replace(text, absolute, "$1$3");
}

void hide(json& node, const std::vector<std::string>& known) {
  if (node.is_string()) {
    node = without_folders(node.get<std::string>(), known);
  } else if (node.is_structured()) {
    for (auto& child : node) hide(child, known);
  }
}

/// JSON as the content of a script element: no '<' can end the element or open a comment, and the two
/// separators that older scripts take for ends of lines are written out.
std::string for_script(const json& data) {
  std::string text = data.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace), escaped;
  escaped.reserve(text.size() + text.size() / 64);
  for (const char c : text) {
    if (c == '<')
      escaped += "\\u003c";
    else if (c == '>')
      escaped += "\\u003e";
    else if (c == '&')
      escaped += "\\u0026";
    else
      escaped += c;
  }
  return escaped;
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code))
    if (entry.is_regular_file() && entry.path().filename() != kData &&
        is_plain_name(entry.path().filename().string()))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string interactive_page(const json& data, const std::vector<fs::path>& files) {
  const std::string_view page = embedded_page();
  const size_t mark = page.find(kMark);
  LATENTPATH_ASSERT(mark != std::string_view::npos);
  std::string html(page.substr(0, mark));
  html += "<script type=\"application/json\" id=\"latentpath-data\">" + for_script(data) + "</script>\n";
  // Inert elements: the browser stores their text and decodes a picture when it is looked at.
  for (const fs::path& file : files)
    html += "<script type=\"text/plain\" id=\"file:" + file.filename().string() + "\">" +
            detail::base64(read_file(file)) + "</script>\n";
  html += page.substr(mark + kMark.size());
  return html;
}

}  // namespace

bool has_interactive_report() noexcept { return !embedded_page().empty(); }

void write_report_data(const fs::path& run, const json& data,
                       const std::function<std::string(const std::string&)>& words) {
  LATENTPATH_CHECK(data.is_object() && data.contains("kind") && data["kind"].is_string(), kArgument,
                   "the data of a report need a \"kind\"");
  std::error_code code;
  fs::create_directories(run / kFolder, code);
  LATENTPATH_CHECK(!code, kArgument, "cannot create the folder ", (run / kFolder).string(), ": ",
                   code.message());
  write_file_atomic(run / kFolder / kData,
                    renamed(data, words).dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

void write_report_file(const fs::path& run, const std::string& name, std::string_view bytes) {
  LATENTPATH_CHECK(is_plain_name(name) && name != kData, kArgument, "'", name,
                   "' cannot be the name of a report's file: letters, digits, '.', '-' and '_' only");
  std::error_code code;
  fs::create_directories(run / kFolder, code);
  LATENTPATH_CHECK(!code, kArgument, "cannot create the folder ", (run / kFolder).string(), ": ",
                   code.message());
  write_file_atomic(run / kFolder / name, bytes);
}

void write_html_report(const fs::path& run, bool plain) {
  std::error_code code;
  LATENTPATH_CHECK(fs::is_directory(run, code), kInput, run.string(), " is not a run folder");
  const fs::path file = run / kFolder / kData;
  LATENTPATH_CHECK(fs::exists(file, code), kInput, run.string(), " has no ", kFolder, "/", kData,
                   ": it is not the folder of a run that can be shown as a report");
  json data = parse_json(read_file(file));
  LATENTPATH_CHECK(data.is_object() && data.contains("kind") && data["kind"].is_string(), kInput,
                   file.string(), " is not the data of a report: it is no JSON object with a \"kind\"");
  // Once more, in case the data were written by another program.
  data = hide_paths(std::move(data), {fs::absolute(run, code).lexically_normal().string()});
  write_file_atomic(run / "report.html", plain ? detail::plain_report(data, run)
                                               : interactive_page(data, files_of(run / kFolder)));
}

json hide_paths(json document, std::vector<std::string> known) {
  // Without a folder in it there is nothing to hide; the longest first, since one may begin another.
  std::erase_if(known, [](const std::string& path) {
    return path.find('/') == std::string::npos || base_name(path) == path ||
           path.find_first_not_of('/') == std::string::npos;
  });
  std::sort(known.begin(), known.end(),
            [](const auto& a, const auto& b) { return a.size() != b.size() ? a.size() > b.size() : a < b; });
  hide(document, known);
  return document;
}

}  // namespace latentpath
