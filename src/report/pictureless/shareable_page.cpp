#include <nlohmann/json.hpp>

#include "latentpath/core/version.h"
#include "latentpath/report/html_report.h"
#include "latentpath/report/illustrate.h"

namespace latentpath {

using nlohmann::json;

json shareable_page(const RunRecord& run, const std::filesystem::path& folder, json page) {
  json settings = run.options;
  for (auto entry = settings.begin(); entry != settings.end();)
    entry = entry->is_null() ? settings.erase(entry) : std::next(entry);
  page["version"] = kVersion;
  page["settings"] = settings;
  if (run.facts.contains("command")) page["command"] = run.facts["command"];
  if (!page.contains("warnings"))
    page["warnings"] = std::vector<std::string>(run.warnings.begin(), run.warnings.end());
  if (!page.contains("notes")) page["notes"] = run.assumptions;
  std::vector<std::string> local = run.local_paths;
  local.push_back(folder.string());
  return hide_paths(page, local);
}

}  // namespace latentpath
