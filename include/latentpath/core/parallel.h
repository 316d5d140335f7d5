#pragma once
// Threads over independent pieces of a batch of points.
//
// A decoder's layers are small: threads that share each of them meet hundreds of times in one pass. Threads
// that take a part of the batch through all layers meet once, at the end (core/thread_pool.h says how).
//
//   run_in_parallel(4, [&](int64_t part) { images[part] = decode(parts[part]); });

#include <cstdint>
#include <functional>

#include "latentpath/core/thread_pool.h"

namespace latentpath {

/// Runs task(0) … task(count − 1) on at most as many threads as tensor operations may use; within a task
/// tensor operations use one. The caller's gradient mode holds in every task. The first exception of a task
/// is thrown again when all have ended.
void run_in_parallel(int64_t count, const std::function<void(int64_t)>& task);

/// The same where the tasks may run at once; else one after the other.
inline void run_tasks(bool concurrent, int64_t count, const std::function<void(int64_t)>& task) {
  if (concurrent) return run_in_parallel(count, task);
  for (int64_t i = 0; i < count; ++i) task(i);
}

/// Threads that run_in_parallel would use; 1 inside of one of its tasks.
inline int64_t parallel_width() { return thread_width(); }

}  // namespace latentpath
