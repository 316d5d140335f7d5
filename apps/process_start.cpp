// What libraries read from the environment when they are loaded. A process cannot tell them later, nor
// earlier than the C library, which takes the environment as it found it: so .preinit_array, which comes
// before any constructor, starts the program anew with what it lacks. That loads the libraries twice: 0.49 s
// of processor time for `latentpath version` become 0.68 s. Part of every executable that multiplies
// matrices. What a user has set stays, and spares this.

#include <unistd.h>

#include <climits>
#include <cstring>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace {

bool has(char** environment, const char* name) {
  const std::size_t length = std::strlen(name);
  for (; *environment != nullptr; ++environment)
    if (std::strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') return true;
  return false;
}

/// The kernels that OpenBLAS is to use, or null where it knows best. It chooses by the processor's model
/// number, and takes a model newer than itself for one of 2004, without AVX: Debian 12's on an Intel of 2023
/// multiplies matrices at a fourth of the speed, and a search on a decoder of linear layers was seen to
/// take 3.3 times as long. By what such a processor can do, the choice is clear. AMD's up to family 25 are
/// known by name.
const char* kernels_of_openblas() {
#if defined(__x86_64__)
  constexpr unsigned kLastKnownFamily = 25;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return nullptr;
  const unsigned family = ((a >> 8) & 15) + ((a >> 20) & 255);
  __builtin_cpu_init();
  if (!__builtin_cpu_is("intel") && !(__builtin_cpu_is("amd") && family > kLastKnownFamily)) return nullptr;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd"))
    return "OPENBLAS_CORETYPE=SkylakeX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "OPENBLAS_CORETYPE=Haswell";
#endif
  return nullptr;
}

void start_prepared(int, char** arguments, char** environment) {
  std::vector<char*> prepared;
  for (char** entry = environment; *entry != nullptr; ++entry) prepared.push_back(*entry);
  const std::size_t given = prepared.size();
  const auto add = [&](const char* entry) { prepared.push_back(const_cast<char*>(entry)); };
  // Threads that wait for their next loop spin, by default for so long that on a busy machine they hold each
  // other up: a run of 3 seconds was seen to take 6 minutes.
  if (!has(environment, "OMP_WAIT_POLICY") && !has(environment, "GOMP_SPINCOUNT")) add("GOMP_SPINCOUNT=2000");
  if (!has(environment, "OPENBLAS_CORETYPE"))
    if (const char* kernels = kernels_of_openblas()) add(kernels);
  if (prepared.size() == given) return;
  prepared.push_back(nullptr);
  // By its own name, by which `ps` knows it. Where this does not work the program is as right without, if
  // slower.
  char file[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", file, sizeof file - 1);
  if (length <= 0) return;
  file[length] = '\0';
  ::execve(file, arguments, prepared.data());
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const before_libraries)(int, char**,
                                                                             char**) = start_prepared;

}  // namespace
