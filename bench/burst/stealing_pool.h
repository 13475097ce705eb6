#pragma once

// Threads that work on small tasks, each with a queue of its own: a task that a task submits stays
// with its thread, newest first; who has none takes the oldest of another's. So what one thread
// allocates another frees, which is what allocators with a cache for each thread find hard.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace plimsoll::bench {

class StealingPool {
 public:
  using Task = std::function<void()>;

  explicit StealingPool(std::size_t threads_count);
  /// Ends the threads when each is done with its task; what has not begun is dropped.
  ~StealingPool();
  StealingPool(const StealingPool&) = delete;
  StealingPool& operator=(const StealingPool&) = delete;

  /// From any thread. Tasks from without go round the threads.
  void submit(Task task);

  /// Tasks that were done by another thread than they were given to.
  std::size_t stolen_count() const { return stolen_; }

 private:
  struct Queue {
    std::mutex mutex;
    std::deque<Task> tasks;
  };

  void run(std::size_t index);
  std::optional<Task> take(std::size_t index);

  std::vector<std::unique_ptr<Queue>> queues_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> stolen_{0};

  // Tasks in all queues, for those who sleep.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t waiting_ = 0;
  bool stopping_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace plimsoll::bench
