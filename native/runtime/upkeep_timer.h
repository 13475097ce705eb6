#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace plimsoll::inline v0::native {

/// Calls a function again and again, on an executor with one thread. Must live as long as that
/// executor.
class UpkeepTimer {
 public:
  /// Returns how long to wait until the next call.
  using Call = std::function<std::chrono::milliseconds()>;

  UpkeepTimer(const boost::asio::any_io_executor& executor, Call call)
      : timer_(executor), call_(std::move(call)) {}
  UpkeepTimer(const UpkeepTimer&) = delete;
  UpkeepTimer& operator=(const UpkeepTimer&) = delete;

  /// Plans the next call after `wait`, in place of the one that was planned. From any thread.
  void start(std::chrono::milliseconds wait);

  /// Begins no further call; one may still be under way. From any thread.
  void stop() { start_.fetch_add(1); }

 private:
  void wait(std::chrono::milliseconds time, std::uint64_t start);

  boost::asio::steady_timer timer_;
  const Call call_;
  std::atomic<std::uint64_t> start_{0};  // a wait that an earlier start() planned does nothing
};

}  // namespace plimsoll::inline v0::native
