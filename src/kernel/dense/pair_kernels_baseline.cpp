// The inner loops with what every processor of the architecture has (SSE2 on x86-64), and the choice among
// the sets of instructions at run time. See pair_kernels.h.

#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define LATENTPATH_LANES 2
#define LATENTPATH_ROWS 6
#define LATENTPATH_SET "baseline"
#include "kernel/dense/pair_kernels_body.h"

namespace latentpath::detail {

const PairKernels* pair_kernels_baseline() { return &kKernels; }

const PairKernels* find_pair_kernels(const char* instructions) {
  const PairKernels *avx512 = nullptr, *avx2 = nullptr;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
    avx512 = pair_kernels_avx512();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) avx2 = pair_kernels_avx2();
#endif
  const PairKernels* const sets[] = {avx512, avx2, pair_kernels_baseline()};
  for (const PairKernels* set : sets) {
    if (set == nullptr) continue;
    if (__builtin_strcmp(instructions, "auto") == 0 || __builtin_strcmp(instructions, set->name) == 0)
      return set;
  }
  return nullptr;
}

}  // namespace latentpath::detail
