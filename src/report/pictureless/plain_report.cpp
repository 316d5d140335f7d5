#include "report/pictureless/plain_report.h"
#include "report/curve_title.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "latentpath/core/figure_text.h"
#include "latentpath/io/file.h"
#include "run/tour_summary.h"

namespace latentpath::detail {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kStyle = R"(
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.wide { overflow-x: auto; } img { max-width: 100%; height: auto; background: #fff; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #8886; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
)";

std::string shown(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "not a number";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_number_float()) return figure_text(value.get<double>(), 4);
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string words(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

/// Rows of objects, or an object of figures, as a table; the columns are the keys that occur.
std::string table(const std::vector<std::pair<std::string, json>>& rows) {
  std::vector<std::string> columns;
  for (const auto& [name, row] : rows)
    for (const auto& [key, value] : row.items())
      if (!value.is_structured() && std::find(columns.begin(), columns.end(), key) == columns.end())
        columns.push_back(key);
  if (columns.empty()) return {};
  std::string html = "<div class=\"wide\"><table><thead><tr><th></th>";
  for (const auto& column : columns) html += "<th scope=\"col\">" + escape_html(words(column)) + "</th>";
  html += "</tr></thead><tbody>";
  for (const auto& [name, row] : rows) {
    html += "<tr><th scope=\"row\">" + escape_html(name) + "</th>";
    for (const auto& column : columns)
      html += "<td>" + (row.contains(column) ? escape_html(shown(row[column])) : std::string()) + "</td>";
    html += "</tr>";
  }
  return html + "</tbody></table></div>\n";
}

std::string pairs_tables(const json& pairs) {
  std::string html;
  for (const char* id : {"path", "linear", "spherical"}) {
    std::vector<std::pair<std::string, json>> rows;
    for (size_t i = 0; i < pairs.size(); ++i)
      if (pairs[i].is_object() && pairs[i].contains(id) && pairs[i][id].is_object())
        rows.emplace_back(pair_name(pairs, i), pairs[i][id]);
    if (!rows.empty())
      html += "<h2>Figures: " + std::string(detail::curve_title(id)) + "</h2>\n" + table(rows);
  }
  return html;
}

/// Every object and list of objects in the data becomes a table; for kinds of run this page knows nothing of.
std::string general_tables(const json& data) {
  std::string html;
  for (const auto& [key, value] : data.items()) {
    std::vector<std::pair<std::string, json>> rows;
    if (value.is_object()) {
      rows.emplace_back(words(key), value);
    } else if (value.is_array()) {
      for (size_t i = 0; i < value.size(); ++i) {
        if (!value[i].is_object()) continue;
        json row = value[i];
        std::string name =
            row.value("name", json()).is_string() ? row["name"].get<std::string>() : std::to_string(i + 1);
        row.erase("name");
        if (row.contains("values") && row["values"].is_object()) {
          for (const auto& [metric, figures] : row["values"].items())
            if (figures.is_object() && figures.contains("mean")) row[metric] = figures["mean"];
        }
        rows.emplace_back(std::move(name), std::move(row));
      }
    }
    if (key == "verdict" || rows.empty()) continue;
    const std::string one = table(rows);
    if (!one.empty()) html += "<h2>" + escape_html(words(key)) + "</h2>\n" + one;
  }
  return html;
}

/// The figures of a verdict, as the interactive page's tiles show them.
std::string tiles_of(const json& verdict) {
  if (!verdict.is_object() || !verdict.value("tiles", json()).is_array()) return {};
  std::string html = "<ul>";
  for (const json& tile : verdict["tiles"]) {
    if (!tile.is_object()) continue;
    const std::string note = shown(tile.value("note", json("")));
    html += "<li><strong>" + escape_html(shown(tile.value("value", json("")))) + "</strong> " +
            escape_html(shown(tile.value("label", json(""))) + (note.empty() ? "" : " (" + note + ")")) +
            "</li>";
  }
  return html + "</ul>\n";
}

/// Its reasons, each with its level in a word.
std::string points_of(const json& verdict) {
  if (!verdict.is_object() || !verdict.value("points", json()).is_array()) return {};
  std::string html = "<ul>";
  for (const json& point : verdict["points"])
    if (point.is_object() && point.contains("text"))
      html += "<li>" + (point.contains("level") ? escape_html(shown(point["level"])) + ": " : std::string()) +
              escape_html(shown(point["text"])) + "</li>";
  return html + "</ul>\n";
}

std::string pictures(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code))
    if (entry.is_regular_file() && entry.path().extension() == ".png") files.push_back(entry.path());
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    const std::string left = a.stem().string(), right = b.stem().string();
    return left.size() != right.size() ? left.size() < right.size() : left < right;
  });
  std::string html;
  for (const fs::path& file : files)
    html += "<p class=\"wide\"><img loading=\"lazy\" alt=\"" + escape_html(file.stem().string()) +
            "\" src=\"data:image/png;base64," + base64(read_file(file)) + "\"></p>\n";
  return html;
}

std::string list_of(const json& data, const char* key, const char* title) {
  if (!data.contains(key) || !data[key].is_array() || data[key].empty()) return {};
  std::string html = "<h2>" + std::string(title) + "</h2>\n<ul>";
  for (const json& entry : data[key])
    if (entry.is_string()) html += "<li>" + escape_html(entry.get<std::string>()) + "</li>";
  return html + "</ul>\n";
}

}  // namespace

std::string base64(std::string_view bytes) {
  static constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) text += k <= left ? letters[group >> (18 - 6 * k) & 63u] : '=';
  }
  return text;
}

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string plain_report(const json& data, const fs::path& run) {
  const json verdict = data.value("verdict", json::object());
  const std::string title = verdict.is_object() && verdict.value("headline", json()).is_string()
                                ? verdict["headline"].get<std::string>()
                                : "A run of latentpath " + data["kind"].get<std::string>();
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
      escape_html(title) + "</title><style>" + kStyle + "</style></head><body>\n<h1>" + escape_html(title) +
      "</h1>\n";
  if (verdict.is_object() && verdict.value("level", json()).is_string())
    html += "<p>Verdict: <strong>" + escape_html(verdict["level"].get<std::string>()) + "</strong></p>\n";
  html += tiles_of(verdict) + points_of(verdict);
  html += pictures(run / "frames");
  const json summary = data.value("summary", json::object());
  if (summary.is_object() && summary.contains("pairs") && summary["pairs"].is_array())
    html += pairs_tables(summary["pairs"]);
  else
    html += general_tables(data);
  html += list_of(data, "warnings", "Warnings") + list_of(data, "notes", "What was assumed");
  if (const json command = data.value("command", json()); command.is_string())
    html += "<h2>Command</h2>\n<pre>" + escape_html(command.get<std::string>()) + "</pre>\n";
  if (const json settings = data.value("settings", json::object());
      settings.is_object() && !settings.empty()) {
    html += "<h2>Settings</h2>\n<div class=\"wide\"><table><tbody>";
    for (const auto& [name, value] : settings.items())
      html += "<tr><th scope=\"row\">" + escape_html(name) + "</th><td>" + escape_html(shown(value)) +
              "</td></tr>";
    html += "</tbody></table></div>\n";
  }
  html +=
      "<p><small>LatentPath " + escape_html(shown(data.value("version", json("")))) +
      ". This is the plain report: the program was built without Node, so the interactive page is not in it. "
      "<code>latentpath report</code> of a program built with Node makes the interactive page from the same "
      "folder.</small></p>\n";
  return html + "</body></html>\n";
}

}  // namespace latentpath::detail
