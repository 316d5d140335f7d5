#pragma once
// Threads over independent pieces of a batch.
//
// A decoder's layers are small: threads that share each of them meet hundreds of times in one pass, and on a
// busy machine every meeting waits for whoever is not running. Threads that take a part of the batch through
// all layers meet once.
//
//   run_in_parallel(4, [&](int64_t part) { images[part] = decode(parts[part]); });

#include <cstdint>
#include <functional>

namespace latentpath {

/// Runs task(0) … task(count − 1) on at most as many threads as tensor operations may use; within a task
/// tensor operations use one. The caller's gradient mode holds in every task. The first exception of a task
/// is thrown again when all have ended.
void run_in_parallel(int64_t count, const std::function<void(int64_t)>& task);

/// Threads that run_in_parallel would use; 1 inside of one of its tasks.
int64_t parallel_width();

/// While it lives, tensor operations of this thread use one thread; run_in_parallel still has them all.
class SerialOperations {
 public:
  SerialOperations();
  ~SerialOperations();
  SerialOperations(const SerialOperations&) = delete;
  SerialOperations& operator=(const SerialOperations&) = delete;

 private:
  int threads_;  ///< of tensor operations before
  int outer_;    ///< set aside for run_in_parallel before
};

}  // namespace latentpath
