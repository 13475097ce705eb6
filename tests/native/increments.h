#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"

namespace plimsoll::testing {

/// INCRs of a key each, so that the server can say afterwards how often each of them ran. Must
/// outlive the client.
class Increments {
 public:
  /// Starts `count` more, from this thread.
  void start(native::Client& client, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      Increment& one = all_.emplace_back();
      client.incr(key(all_.size() - 1), [this, &one](const native::Result<std::int64_t>& result) {
        if (result) {
          one.executed = Executed::yes;
        } else {
          one.executed = result.error().executed();
          one.code = result.error().code();
        }
        ++one.outcomes_count;
        ++ended_count_;
        if (result) ++completed_count_;
      });
    }
  }

  std::size_t started() const { return all_.size(); }
  std::size_t ended() const { return ended_count_; }
  std::size_t completed() const { return completed_count_; }
  bool all_ended() const { return ended() == started(); }

  /// How many ended with `code`, once all have ended.
  std::size_t count(ErrorCode code) const {
    std::size_t count = 0;
    for (const Increment& one : all_) count += one.code == code ? 1 : 0;
    return count;
  }

  /// What all outcomes promise, beside what a server with the data of all of them says. Empty:
  /// every increment had one outcome; what did not run is not there, what may have run ran once at
  /// most, what completed ran exactly once.
  std::string broken_promises(native::Client& client) const { return broken_promises(client, 1); }

  /// The same where the server may have lost its data meanwhile.
  std::string broken_promises_but_lost_data(native::Client& client) const {
    return broken_promises(client, 0);
  }

 private:
  struct Increment {
    std::atomic<int> outcomes_count{0};
    Executed executed = Executed::no;
    std::optional<ErrorCode> code;
  };

  static std::string key(std::size_t index) { return "increment:" + std::to_string(index); }

  // How often this one ran. A loss that is still under way is waited for.
  static std::int64_t runs(native::Client& client, std::size_t index) {
    for (;;) {
      const auto value = finish(client.get(key(index), boost::asio::use_future));
      if (!value && value.error().code() == ErrorCode::lost_in_doubt) continue;
      return value.value() ? std::stoll(*value.value()) : 0;
    }
  }

  std::string broken_promises(native::Client& client, std::int64_t completed_min) const {
    std::string broken;
    for (std::size_t i = 0; i < all_.size(); ++i) {
      const Increment& one = all_[i];
      const std::int64_t ran = runs(client, i);
      const std::int64_t least = one.executed == Executed::yes ? completed_min : 0;
      const std::int64_t most = one.executed == Executed::no ? 0 : 1;
      if (one.outcomes_count == 1 && ran >= least && ran <= most) continue;
      broken += key(i) + " had " + std::to_string(one.outcomes_count) +
                " outcomes, executed: " + std::string(name(one.executed)) + ", and ran " +
                std::to_string(ran) + " times\n";
    }
    return broken;
  }

  std::deque<Increment> all_;
  std::atomic<std::size_t> ended_count_{0};
  std::atomic<std::size_t> completed_count_{0};
};

}  // namespace plimsoll::testing
