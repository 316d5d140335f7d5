#include "latentpath/core/random.h"

#include <ATen/CPUGeneratorImpl.h>

namespace latentpath {

at::Generator make_generator(uint64_t seed) { return at::detail::createCPUGenerator(seed); }

}  // namespace latentpath
