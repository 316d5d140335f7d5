#include "latentpath/core/parallel.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <omp.h>

#include <algorithm>

namespace latentpath {

void run_in_parallel(int64_t count, const std::function<void(int64_t)>& task) {
  if (std::min(count, parallel_width()) <= 1) {
    for (int64_t i = 0; i < count; ++i) task(i);
    return;
  }
  const bool gradients = c10::GradMode::is_enabled();
  run_on_threads(count, [&](int64_t i) {
    // LibTorch sets the number of threads of a thread that it sees for the first time; a task has one.
    at::internal::lazy_init_num_threads();
    omp_set_num_threads(1);
    const c10::AutoGradMode mode(gradients);
    task(i);
  });
}

}  // namespace latentpath
