#include "latentpath/core/parallel.h"

#include <omp.h>

#include <algorithm>
#include <exception>

#include "core/dense/share_out.h"

namespace latentpath {
namespace {

/// Threads that a SerialOperations has set aside; 0: none has.
thread_local int set_aside = 0;

}  // namespace

int64_t parallel_width() {
  if (omp_in_parallel()) return 1;
  return set_aside > 0 ? set_aside : omp_get_max_threads();
}

void share_out(int64_t count, const std::function<void(int64_t)>& task) {
  const int64_t width = std::min(count, parallel_width());
  if (width <= 1) {
    for (int64_t i = 0; i < count; ++i) task(i);
    return;
  }
  std::exception_ptr failure;
#pragma omp parallel for num_threads(static_cast <int>(width)) schedule(static, 1)
  for (int64_t i = 0; i < count; ++i) {
    try {
      task(i);
    } catch (...) {
#pragma omp critical(latentpath_run_in_parallel)
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

SerialOperations::SerialOperations() : threads_(omp_get_max_threads()), outer_(set_aside) {
  if (omp_in_parallel() || threads_ == 1) return;
  set_aside = threads_;
  omp_set_num_threads(1);
}

SerialOperations::~SerialOperations() {
  set_aside = outer_;
  omp_set_num_threads(threads_);
}

}  // namespace latentpath
