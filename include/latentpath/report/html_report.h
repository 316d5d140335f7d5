#pragma once
// report.html: one self-contained page about a run, made from the run folder alone.
//
//   write_report_data(folder, data);                    // report/data.json: what the page shows
//   write_report_file(folder, "pair-0.webp", bytes);    // report/…: pictures and points, fetched on demand
//   write_html_report(folder);                          // report.html, whenever, also years later
//
// `data` is described in docs/report.md: an object with "kind" ("interpolate", "geodesic", "measures",
// "evaluate") and what the panels of that kind read. The page holds everything in itself and asks no network.
// Where the program was built without Node, it is a plain page of pictures and tables.
//
// Whatever came from a user (names of classes, files, options) is data, never markup: JSON is embedded with
// every '<' escaped, and no script writes it as HTML. Paths of the machine stay out: see hide_paths().

#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace latentpath {

/// True when the program carries the interactive page; false where Node was absent when it was built.
bool has_interactive_report() noexcept;

/// Writes run/report/data.json. Throws Error kArgument when `data` has no "kind" or cannot be written.
/// `words` maps its sentences to how the reader calls options (RunRecord::words).
void write_report_data(const std::filesystem::path& run, const nlohmann::json& data,
                       const std::function<std::string(const std::string&)>& words = {});

/// Writes run/report/NAME, NAME of letters, digits, '.', '-' and '_'. The page finds it under that name.
void write_report_file(const std::filesystem::path& run, const std::string& name, std::string_view bytes);

/// Writes run/report.html from run/report/ and, for the plain page, run/frames/.
/// Throws Error kInput when the folder is no run, or one without report data.
void write_html_report(const std::filesystem::path& run, bool plain = !has_interactive_report());

/// The same strings with folders removed from paths: "/home/eve/models/face.pt" → "face.pt". `known` are
/// paths that are known to occur, also relative or with spaces in them; other absolute paths are recognised
/// by their form.
nlohmann::json hide_paths(nlohmann::json document, std::vector<std::string> known = {});

}  // namespace latentpath
