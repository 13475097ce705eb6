#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace plimsoll::native {

/// Calls something again and again, on an executor of one thread. It must live as long as that.
class UpkeepTimer {
 public:
  /// Returns how long to wait until the next call.
  using Call = std::function<std::chrono::milliseconds()>;

  UpkeepTimer(const boost::asio::any_io_executor& executor, Call call)
      : timer_(executor), call_(std::move(call)) {}
  UpkeepTimer(const UpkeepTimer&) = delete;
  UpkeepTimer& operator=(const UpkeepTimer&) = delete;

  /// The next call is due so much later, in place of the one that was planned. From any thread.
  void start(std::chrono::milliseconds wait);

  /// No call begins any more after one that may be under way. From any thread.
  void stop() { start_.fetch_add(1); }

 private:
  void wait(std::chrono::milliseconds time, std::uint64_t start);

  boost::asio::steady_timer timer_;
  const Call call_;
  std::atomic<std::uint64_t> start_{0};  // what an earlier one planned is void
};

}  // namespace plimsoll::native
