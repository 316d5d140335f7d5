// latentpath version: what this program is made of, for bug reports and for those who compare runs.

#include <dlfcn.h>
#include <torch/version.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "latentpath/core/version.h"
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

/// The shared library that a function of this process is in: which BLAS is at work is decided when the
/// program starts, not when it is built.
std::string library_of(const char* function) {
  const void* const address = ::dlsym(RTLD_DEFAULT, function);
  Dl_info info;
  if (address == nullptr || ::dladdr(address, &info) == 0) return "none";
  std::error_code ignored;
  const auto file = std::filesystem::canonical(info.dli_fname, ignored);
  return file.empty() ? std::string(info.dli_fname) : file.string();
}

/// The kernels that OpenBLAS has chosen for this processor.
std::string kernels_of_blas() {
  const auto name = reinterpret_cast<const char* (*)()>(::dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  return name == nullptr ? "none" : name();
}

void run(const VersionOptions& options) {
  const nlohmann::ordered_json facts{{"version", kVersion},
                                     {"libtorch", TORCH_VERSION},
                                     {"blas", library_of("sgemm_")},
                                     {"blas_kernels", kernels_of_blas()},
                                     {"openmp", library_of("omp_get_max_threads")},
                                     {"compiler", __VERSION__}};
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
