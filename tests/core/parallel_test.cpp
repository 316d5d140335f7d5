#include "latentpath/core/parallel.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

/// Sets the number of threads for one test.
class Threads {
 public:
  explicit Threads(int count) : before_(at::get_num_threads()) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before_); }

 private:
  int before_;
};

}  // namespace

TEST(Parallel, EveryTaskRunsOnceOnAnyNumberOfThreads) {
  for (const int threads : {1, 2, 5}) {
    const Threads set(threads);
    std::vector<std::atomic<int>> runs(7);
    run_in_parallel(7, [&](int64_t i) { ++runs[static_cast<size_t>(i)]; });
    for (const auto& count : runs) EXPECT_EQ(count, 1);
  }
}

TEST(Parallel, TasksMeetOnSeveralThreadsAndUseOneEach) {
  const Threads set(3);
  EXPECT_EQ(parallel_width(), 3);
  std::atomic<int> there{0};
  std::vector<int64_t> width(3);
  run_in_parallel(3, [&](int64_t i) {
    width[static_cast<size_t>(i)] = parallel_width();
    ++there;
    while (there < 3) std::this_thread::yield();  // ends only if all three run at once
  });
  EXPECT_EQ(width, (std::vector<int64_t>{1, 1, 1}));
}

TEST(Parallel, TheCallerDoesTheTasksOfThreadsThatAreHeldUp) {
  const Threads set(2);
  std::atomic<bool> release{false};
  std::atomic<int> ended{0};
  // One thread of the pool is stuck in another call's task; this call is not held up by it.
  std::thread other([&] {
    const Threads own(2);
    run_in_parallel(2, [&](int64_t) {
      while (!release) std::this_thread::yield();
    });
  });
  run_in_parallel(6, [&](int64_t) { ++ended; });
  EXPECT_EQ(ended, 6);
  release = true;
  other.join();
}

TEST(Parallel, TheGradientModeOfTheCallerHolds) {
  const Threads set(2);
  for (const bool enabled : {true, false}) {
    const at::AutoGradMode mode(enabled);
    std::vector<int> seen(2, -1);
    run_in_parallel(2, [&](int64_t i) { seen[static_cast<size_t>(i)] = at::GradMode::is_enabled(); });
    EXPECT_EQ(seen, (std::vector<int>{enabled, enabled}));
  }
}

TEST(Parallel, AnExceptionReachesTheCallerWhenAllHaveEnded) {
  for (const int threads : {1, 2}) {
    const Threads set(threads);
    try {
      run_in_parallel(4, [&](int64_t i) { LATENTPATH_CHECK(i != 2, kNumerical, "task ", i, " failed"); });
      FAIL() << "no exception";
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), "task 2 failed");
    }
  }
}

TEST(Parallel, SerialOperationsKeepTheThreadsForTasks) {
  const Threads set(4);
  {
    const SerialOperations serial;
    EXPECT_EQ(at::get_num_threads(), 1);
    EXPECT_EQ(parallel_width(), 4);
    {
      const SerialOperations nested;
      EXPECT_EQ(parallel_width(), 4);
    }
    EXPECT_EQ(parallel_width(), 4);
  }
  EXPECT_EQ(at::get_num_threads(), 4);
  EXPECT_EQ(parallel_width(), 4);
}

}  // namespace latentpath
