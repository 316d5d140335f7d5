#include "latentpath/run/build_facts.h"

#include <dlfcn.h>
#include <torch/version.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "latentpath/core/version.h"

namespace latentpath {
namespace {

/// The shared library that a function of this process is in.
std::string library_of(const char* function) {
  const void* const address = ::dlsym(RTLD_DEFAULT, function);
  Dl_info info;
  if (address == nullptr || ::dladdr(address, &info) == 0) return "none";
  std::error_code ignored;
  const auto file = std::filesystem::canonical(info.dli_fname, ignored);
  return file.empty() ? std::string(info.dli_fname) : file.string();
}

std::string kernels_of_blas() {
  const auto name = reinterpret_cast<const char* (*)()>(::dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  return name == nullptr ? "none" : name();
}

}  // namespace

nlohmann::ordered_json build_facts() {
  return {{"version", kVersion},
          {"libtorch", TORCH_VERSION},
          {"blas", library_of("sgemm_")},
          {"blas_kernels", kernels_of_blas()},
          {"openmp", library_of("omp_get_max_threads")},
          {"compiler", __VERSION__}};
}

}  // namespace latentpath
