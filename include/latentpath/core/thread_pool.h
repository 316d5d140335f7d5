#pragma once
// Threads over independent tasks, without LibTorch; core/parallel.h is the same for tasks with tensors.
//
// A machine is rarely idle. Threads that must all arrive before any may go on (an OpenMP region) are held up
// by whichever is not running: on a machine with other work every such meeting costs a time slice of
// milliseconds. Here the caller works too, takes whatever task is left, and waits at the end for tasks that a
// thread has begun, never for a thread that has not woken up. Threads without work sleep; none spins.
//
//   run_on_threads(4, [&](int64_t part) { sums[part] = sum_of(parts[part]); });

#include <cstdint>
#include <functional>

namespace latentpath {

/// Runs task(0) … task(count − 1), each once, on at most `width` threads, the caller's among them; width 0:
/// thread_width(). Which thread runs a task is not fixed, so what a task does must not depend on it. OpenMP
/// regions inside a task have one thread. The first exception of a task, by its number, is thrown again when
/// all have ended.
void run_on_threads(int64_t count, const std::function<void(int64_t)>& task, int64_t width = 0);

/// [begin, end)
struct IndexRange {
  int64_t begin, end;
};

/// The part of 0 … count − 1 that is share `share` of `shares`: as even as may be, in order.
inline IndexRange share_of(int64_t count, int64_t share, int64_t shares) {
  return {count * share / shares, count * (share + 1) / shares};
}

/// Threads that run_on_threads uses by itself: as many as an OpenMP region here would, 1 inside of a task or
/// of an OpenMP region.
int64_t thread_width();

/// While it lives, OpenMP regions of this thread have one thread (matrix products and tensor operations among
/// them); run_on_threads still has all. For a search, whose own arithmetic is too small to share, and for a
/// run that shares its batches by points: inside of an operation every thread would wait for the slowest
/// hundreds of times in one pass.
class SerialOperations {
 public:
  SerialOperations();
  ~SerialOperations();
  SerialOperations(const SerialOperations&) = delete;
  SerialOperations& operator=(const SerialOperations&) = delete;

 private:
  int openmp_threads_;   ///< before
  int64_t outer_width_;  ///< what run_on_threads had from an outer SerialOperations; 0: from OpenMP
};

}  // namespace latentpath
