#pragma once

// Looks at this process's memory again and again, from a thread of its own.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

namespace plimsoll::bench {

/// What the line says and what the system says, at one moment.
struct Look {
  double seconds = 0;  // since the watch began
  std::size_t used = 0;
  std::size_t rss = 0;
};

class Watch {
 public:
  /// `used` is asked from the watch's thread.
  explicit Watch(std::function<std::size_t()> used);
  ~Watch();

  /// What it has seen. Once.
  std::vector<Look> stop();

 private:
  void run();

  const std::function<std::size_t()> used_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::atomic<bool> stopping_{false};
  std::vector<Look> looks_;
  std::thread thread_;
};

/// By how much the most of the second half is more than the most of the first: nothing, where
/// memory is flat once it has its height.
double growth(const std::vector<Look>& looks, std::size_t Look::* member);

double most(const std::vector<Look>& looks, std::size_t Look::* member);

}  // namespace plimsoll::bench
