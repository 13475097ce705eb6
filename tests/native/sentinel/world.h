#pragma once

#include <chrono>
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/sentinels.h"

// What tests of clients that ask sentinels have in common.

namespace plimsoll::testing {

using SentinelClock = SwitchWatcher::Clock;

/// Options under which nothing ends by its deadline that works, and that try again soon.
inline native::Options sentinel_options() {
  native::Options options = patient_options();
  options.reconnect_wait_max = std::chrono::milliseconds(50);
  return options;
}

/// The error of connect(), which must fail.
inline native::Error refusal(std::string_view url, native::Options options) {
  return error_of(native::connect(url, std::move(options), boost::asio::use_future));
}

/// What Options::on_connection was told: at which servers a client was, and when. May go before the
/// client does.
class ServerLog {
 public:
  struct Entry {
    native::ConnectionEvent::Kind kind;
    std::string server;
    SentinelClock::time_point at;
  };

  void listen(native::Options& options) const {
    options.on_connection = [all = all_](const native::ConnectionEvent& event) {
      const std::lock_guard lock(all->mutex);
      all->entries.push_back(
          {.kind = event.kind, .server = event.server, .at = SentinelClock::now()});
    };
  }

  std::vector<Entry> entries() const {
    const std::lock_guard lock(all_->mutex);
    return all_->entries;
  }

  /// The servers to which the client was connected, one after the other.
  std::vector<std::string> servers() const {
    std::vector<std::string> all;
    for (const Entry& entry : entries()) {
      if (entry.kind == native::ConnectionEvent::Kind::connected) all.push_back(entry.server);
    }
    return all;
  }

 private:
  struct All {
    std::mutex mutex;
    std::vector<Entry> entries;
  };
  std::shared_ptr<All> all_ = std::make_shared<All>();
};

/// For people who read the log: tests do not decide by times.
inline void report(const std::string& what, SentinelClock::duration took) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  std::cout << "measured: " << what << ": " << static_cast<double>(us) / 1000 << " ms\n";
}

/// How a primary goes.
enum class Loss { planned, killed, frozen };

inline const char* name(Loss loss) {
  switch (loss) {
    case Loss::planned: return "SENTINEL FAILOVER";
    case Loss::killed: return "kill -9";
    case Loss::frozen: return "SIGSTOP";
  }
  return "";
}

/// Makes the primary go; the sentinels then choose another one.
inline void lose(SentinelGroup& group, std::size_t primary, Loss loss) {
  switch (loss) {
    case Loss::planned: return group.failover();
    case Loss::killed: return group.server(primary).kill();
    case Loss::frozen: return group.server(primary).pause();
  }
}

}  // namespace plimsoll::testing
