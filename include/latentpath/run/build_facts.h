#pragma once
// What this build is made of, for bug reports and for those who compare runs.

#include <nlohmann/json.hpp>

namespace latentpath {

/// {"version", "libtorch", "blas", "blas_kernels", "openmp", "compiler"}, texts. Which BLAS and OpenMP are at
/// work is decided when a process starts, not when it is built: their files, and the kernels that OpenBLAS
/// has chosen for this processor; "none" where there is no such library.
nlohmann::ordered_json build_facts();

}  // namespace latentpath
