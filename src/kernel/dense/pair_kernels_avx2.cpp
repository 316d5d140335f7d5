// The inner loops with AVX2. See pair_kernels.h.

#include <cstdint>

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)

#pragma GCC target("avx2,fma")
#include <immintrin.h>

#define LATENTPATH_LANES 4
#define LATENTPATH_ROWS 6
#define LATENTPATH_SET "avx2"
#include "kernel/dense/pair_kernels_body.h"

namespace latentpath::detail {
const PairKernels* pair_kernels_avx2() { return &kKernels; }
}  // namespace latentpath::detail

#else

#include "kernel/dense/pair_kernels.h"

namespace latentpath::detail {
const PairKernels* pair_kernels_avx2() { return nullptr; }
}  // namespace latentpath::detail

#endif
