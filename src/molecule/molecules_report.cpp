#include <nlohmann/json.hpp>

#include "latentpath/molecule/molecules_job.h"
#include "latentpath/report/html_report.h"
#include "latentpath/report/illustrate.h"
#include "molecule/molecule_tables.h"

namespace latentpath {

void illustrate(const MoleculesJob&, const MoleculesRun& run, const std::filesystem::path& folder,
                const ProgressObserver&, const CancellationToken&) {
  nlohmann::json pairs = nlohmann::json::array();
  for (size_t i = 0; i < run.results.size(); ++i) {
    nlohmann::json pair{{"verdict", run.summary["pairs"][i]["path"]["verdict"]},
                        {"from", run.problems[i].from.smiles()},
                        {"to", run.problems[i].to.smiles()},
                        {"steps", steps_of(run.results[i].path)}};
    if (i < run.pictures.size()) {
      pair["drawing"] = "pair-" + std::to_string(i + 1) + ".svg";
      write_report_file(folder, pair["drawing"].get<std::string>(), run.pictures[i]);
    }
    pairs.push_back(std::move(pair));
  }
  write_report_data(folder,
                    shareable_page(run, folder,
                                   {{"kind", "molecules"},
                                    {"verdict", run.summary["verdict"]},
                                    {"summary", run.summary},
                                    {"property", run.problems[0].property.shown},
                                    {"pairs", pairs}}),
                    run.words);
  write_html_report(folder);
}

}  // namespace latentpath
