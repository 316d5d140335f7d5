// latentpath report: rebuilds report.html from a run folder alone.

#include "latentpath/report/html_report.h"

#include <iostream>

#include "open_file.h"
#include "program.h"

namespace latentpath::program {
namespace {

struct ReportOptions {
  std::string run;
  bool open = false, plain = false, quiet = false;
};

const OptionTable<ReportOptions>& report_option_table() {
  using O = ReportOptions;
  static const OptionTable<O> table = OptionTable<O>()
                                          .add("RUN", &O::run)
                                          .help("Run folder, as --out wrote it")
                                          .positional()
                                          .required()
                                          .add("open", &O::open)
                                          .help("Open it when it is written")
                                          .add("plain", &O::plain)
                                          .help("A page of pictures and tables without scripts")
                                          .add("quiet", &O::quiet)
                                          .help("No notes on stderr");
  return table;
}

void run_report(const ReportOptions& options) {
  if (!options.plain && !has_interactive_report() && !options.quiet)
    std::cerr << "note: this program was built without Node, so the report is a plain page\n";
  write_html_report(options.run, options.plain || !has_interactive_report());
  const auto page = std::filesystem::path(options.run) / "report.html";
  std::cout << "written to " << std::filesystem::absolute(page).lexically_normal().string() << "\n";
  check_standard_output();
  if (options.open) open_file(page);
}

}  // namespace

Subcommand report() {
  return declare<ReportOptions>("report", "Rebuild report.html from a run folder",
                                "Example:\n  latentpath report runs/eights --open\n"
                                "Exit codes: 0 done; 2 bad arguments; 3 no run folder.",
                                report_option_table(), run_report);
}

}  // namespace latentpath::program
