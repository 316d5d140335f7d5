// latentpath report: rebuilds report.html from a run folder alone.

#include <iostream>

#include "latentpath/core/error.h"
#include "latentpath/report/html_report.h"
#include "open_file.h"
#include "program.h"

namespace latentpath::program {
namespace {

struct ReportOptions {
  std::string run;
  bool open = false, plain = false, quiet = false;
};

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

void setup_report(CLI::App& program) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command = program.add_subcommand("report", "Rebuild report.html from a run folder");
  command->footer(
      "Example:\n  latentpath report runs/eights --open\nExit codes: 0 done; 2 bad arguments; 3 no run "
      "folder.");
  command->add_option("RUN", options->run, "Run folder, as --out wrote it")->required();
  command->add_flag("--open", options->open, "Open it when it is written");
  command->add_flag("--plain", options->plain, "A page of pictures and tables without scripts");
  command->add_flag("--quiet", options->quiet, "No notes on stderr");
  command->callback([options] { run_report(*options); });
}

}  // namespace latentpath::program
