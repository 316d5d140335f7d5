// What libraries read from the environment when they are loaded, set before they are: .preinit_array comes
// earlier than any constructor. Part of every executable that multiplies matrices. What a user has set stays.

#include <cstdlib>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace {

/// Threads that wait for their next loop spin, by default for so long that on a busy machine they hold each
/// other up: a run of 3 seconds was seen to take 6 minutes.
void let_waiting_threads_sleep() {
  if (std::getenv("OMP_WAIT_POLICY") == nullptr && std::getenv("GOMP_SPINCOUNT") == nullptr)
    setenv("GOMP_SPINCOUNT", "2000", 0);
}

/// OpenBLAS chooses its kernels by the processor's model number, and takes a model newer than itself for one of
/// 2004, without AVX: Debian 12's on an Intel of 2023 multiplies matrices at a fourth of the speed, and a search on
/// a decoder of linear layers was seen to take 3.3 times as long. By what such a processor can do, the choice is
/// clear. AMD's up to family 25 are known by name.
void choose_kernels_by_instructions() {
#if defined(__x86_64__)
  constexpr unsigned kLastKnownFamily = 25;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return;
  const unsigned family = ((a >> 8) & 15) + ((a >> 20) & 255);
  __builtin_cpu_init();
  if (!__builtin_cpu_is("intel") && !(__builtin_cpu_is("amd") && family > kLastKnownFamily)) return;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd"))
    setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
  else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    setenv("OPENBLAS_CORETYPE", "Haswell", 0);
#endif
}

void prepare(int, char**, char**) {
  let_waiting_threads_sleep();
  choose_kernels_by_instructions();
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const before_libraries)(int, char**, char**) = prepare;

}  // namespace
