#include "plimsoll/bench/burst/stealing_pool.h"

#include <utility>

namespace plimsoll::bench {
namespace {

// Which pool's thread this is, and the number of its queue.
thread_local const StealingPool* own_pool = nullptr;
thread_local std::size_t own_index = 0;

}  // namespace

StealingPool::StealingPool(std::size_t threads_count) {
  for (std::size_t i = 0; i < threads_count; ++i) queues_.push_back(std::make_unique<Queue>());
  for (std::size_t i = 0; i < threads_count; ++i) threads_.emplace_back([this, i] { run(i); });
}

StealingPool::~StealingPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void StealingPool::submit(Task task) {
  Queue& queue = *queues_[own_pool == this ? own_index : next_++ % queues_.size()];
  {
    const std::lock_guard lock(queue.mutex);
    queue.tasks.push_back(std::move(task));
  }
  {
    const std::lock_guard lock(mutex_);
    ++waiting_;
  }
  changed_.notify_one();
}

void StealingPool::run(std::size_t index) {
  own_pool = this;
  own_index = index;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || waiting_ > 0; });
      if (stopping_) return;
      --waiting_;  // one of the tasks is this thread's now, wherever it lies
    }
    std::optional<Task> task;
    while (!task) task = take(index);
    (*task)();
  }
}

// Its own newest, or the oldest of the next who has any. What another thread has a claim to may be
// taken before its eyes, and the one meant for this thread be found on a second walk.
std::optional<StealingPool::Task> StealingPool::take(std::size_t index) {
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    Queue& queue = *queues_[(index + i) % queues_.size()];
    const std::lock_guard lock(queue.mutex);
    if (queue.tasks.empty()) continue;
    std::optional<Task> task;
    if (i == 0) {
      task = std::move(queue.tasks.back());
      queue.tasks.pop_back();
    } else {
      task = std::move(queue.tasks.front());
      queue.tasks.pop_front();
      ++stolen_;
    }
    return task;
  }
  return std::nullopt;
}

}  // namespace plimsoll::bench
