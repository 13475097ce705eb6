#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "plimsoll/tests/support/raw_client.h"

namespace plimsoll::testing {

/// What a sentinel publishes on +switch-master, and when it arrived: a thread of its own subscribes
/// to it, and again each time that the sentinel comes back.
class SwitchWatcher {
 public:
  using Clock = std::chrono::steady_clock;

  struct Switch {
    Clock::time_point at;
    std::string payload;  ///< "NAME OLD-HOST OLD-PORT NEW-HOST NEW-PORT"
  };

  /// `connect` makes a connection to the sentinel that has logged in, or throws
  /// std::runtime_error.
  explicit SwitchWatcher(std::function<RawClient()> connect);
  ~SwitchWatcher();
  SwitchWatcher(const SwitchWatcher&) = delete;
  SwitchWatcher& operator=(const SwitchWatcher&) = delete;

  bool is_subscribed() const { return is_subscribed_; }

  /// All that came so far, the oldest first.
  std::vector<Switch> switches() const;

 private:
  void watch();
  void listen(RawClient& sentinel);

  const std::function<RawClient()> connect_;
  mutable std::mutex mutex_;
  std::vector<Switch> switches_;
  std::atomic<bool> is_subscribed_ = false;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;  // last: it uses all the others
};

}  // namespace plimsoll::testing
