// latentpath version: what this program is made of, for bug reports and for those who compare runs.

#include <iostream>

#include "latentpath/run/build_facts.h"
#include "program.h"

namespace latentpath::program {
namespace {

struct VersionOptions {
  bool json = false;
};

const OptionTable<VersionOptions>& table() {
  static const auto instance =
      OptionTable<VersionOptions>().add("json", &VersionOptions::json).help("Print JSON and nothing else");
  return instance;
}

void run(const VersionOptions& options) {
  const nlohmann::ordered_json facts = build_facts();
  if (options.json) {
    std::cout << facts.dump(2) << "\n";
  } else {
    for (const auto& [name, value] : facts.items())
      std::cout << name << ": " << value.get<std::string>() << "\n";
  }
  check_standard_output();
}

}  // namespace

Subcommand version() {
  return declare<VersionOptions>(
      "version", "Version of the program, of LibTorch, BLAS, OpenMP and the compiler", "", table(), run);
}

}  // namespace latentpath::program
