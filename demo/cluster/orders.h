// What a visitor of the page, or Ctrl-C, wants of the thread that runs the demo. Safe in any
// thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>

namespace plimsoll::demo {

/// Thrown in the demo's thread after interrupt().
struct Interrupted {};

class Orders {
 public:
  /// So many wait at most.
  static constexpr std::size_t waiting_max = 4;

  /// Returns false if there is no room for it.
  bool push(std::string order);

  /// The demo has to end soon.
  void interrupt();
  [[nodiscard]] bool is_interrupted();

  /// Throws Interrupted if the demo has to end.
  void check();
  /// The same, for so long.
  void pause(std::chrono::milliseconds time);
  /// Waits for the next order.
  std::string wait();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> orders_;
  bool is_interrupted_ = false;
};

}  // namespace plimsoll::demo
