#include "latentpath/core/thread_pool.h"

#include <omp.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

namespace latentpath {
namespace {

/// Of this thread: whether it runs a task, and what a SerialOperations keeps for run_on_threads. Settings of
/// a thread, as OpenMP's own number of threads is one.
thread_local bool in_task = false;
thread_local int64_t width_beside_serial = 0;

/// The tasks of one call.
struct Job {
  const std::function<void(int64_t)>& task;  // touched only by who holds a task, and then the caller waits
  const int64_t count;
  int64_t helpers;  // threads that may still join
  int64_t next = 0, ended = 0;
  int64_t failed = -1;  // the lowest task that threw
  std::exception_ptr failure = nullptr;
};

/// Within it a thread runs tasks.
class TaskScope {
 public:
  TaskScope() : openmp_threads_(omp_get_max_threads()), outer_(in_task) {
    in_task = true;
    omp_set_num_threads(1);
  }
  ~TaskScope() {
    in_task = outer_;
    omp_set_num_threads(openmp_threads_);
  }
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;

 private:
  int openmp_threads_;
  bool outer_;
};

class ThreadPool {
 public:
  void run(int64_t count, const std::function<void(int64_t)>& task, int64_t width) {
    const auto job = std::make_shared<Job>(Job{.task = task, .count = count, .helpers = width - 1});
    std::unique_lock lock(mutex_);
    while (threads_ < width - 1) start_thread();
    jobs_.push_back(job);
    for (int64_t i = 1; i < width; ++i) wake_.notify_one();
    work_on(*job, lock);
    std::erase(jobs_, job);
    task_ended_.wait(lock, [&] { return job->ended == job->count; });
    if (job->failure) std::rethrow_exception(job->failure);
  }

 private:
  /// Called and left with the lock held.
  void work_on(Job& job, std::unique_lock<std::mutex>& lock) {
    const TaskScope scope;
    while (job.next < job.count) {
      const int64_t i = job.next++;
      lock.unlock();
      std::exception_ptr failure;
      try {
        job.task(i);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      if (failure && (job.failed < 0 || i < job.failed)) {
        job.failed = i;
        job.failure = failure;
      }
      if (++job.ended == job.count) task_ended_.notify_all();
    }
  }

  void start_thread() {
    std::thread([this] {
      std::unique_lock lock(mutex_);
      for (;;) {
        std::shared_ptr<Job> job;
        wake_.wait(lock, [&] {
          const auto open = std::find_if(jobs_.begin(), jobs_.end(),
                                         [](const auto& j) { return j->helpers > 0 && j->next < j->count; });
          if (open != jobs_.end()) job = *open;
          return job != nullptr;
        });
        --job->helpers;
        work_on(*job, lock);
      }
    }).detach();
    ++threads_;
  }

  std::mutex mutex_;
  std::condition_variable wake_, task_ended_;
  std::deque<std::shared_ptr<Job>> jobs_;
  int64_t threads_ = 0;
};

/// Outlives main(): its threads are never joined.
ThreadPool& pool() {
  static auto* instance = new ThreadPool;
  return *instance;
}

}  // namespace

int64_t thread_width() {
  if (in_task || omp_in_parallel()) return 1;
  return width_beside_serial > 0 ? width_beside_serial : omp_get_max_threads();
}

void run_on_threads(int64_t count, const std::function<void(int64_t)>& task, int64_t width) {
  const int64_t most = thread_width();
  width = std::min({count, width > 0 ? std::max<int64_t>(1, width) : most});
  if (in_task || omp_in_parallel()) width = 1;
  if (width <= 1) {
    for (int64_t i = 0; i < count; ++i) task(i);
    return;
  }
  pool().run(count, task, width);
}

SerialOperations::SerialOperations()
    : openmp_threads_(omp_get_max_threads()), outer_width_(width_beside_serial) {
  if (in_task || omp_in_parallel() || openmp_threads_ == 1) return;
  width_beside_serial = openmp_threads_;
  omp_set_num_threads(1);
}

SerialOperations::~SerialOperations() {
  width_beside_serial = outer_width_;
  omp_set_num_threads(openmp_threads_);
}

}  // namespace latentpath
