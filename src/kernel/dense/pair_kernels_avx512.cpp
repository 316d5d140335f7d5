// The inner loops with AVX-512. See pair_kernels.h.

#include <cstdint>

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)

#pragma GCC target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")
#include <immintrin.h>

#define LATENTPATH_LANES 8
#define LATENTPATH_ROWS 12
#define LATENTPATH_SET "avx512"
#include "kernel/dense/pair_kernels_body.h"

namespace latentpath::detail {
const PairKernels* pair_kernels_avx512() { return &kKernels; }
}  // namespace latentpath::detail

#else

#include "kernel/dense/pair_kernels.h"

namespace latentpath::detail {
const PairKernels* pair_kernels_avx512() { return nullptr; }
}  // namespace latentpath::detail

#endif
