#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/sentinel/world.h"

namespace plimsoll::testing {

/// Callers that write without a pause: each has a key of its own, and writes 1, 2, 3... to it, each
/// once the write before has ended. Notes what came of each, and at which server the client was by
/// its events. Must outlive the client.
class Writes {
 public:
  enum class Outcome : std::uint8_t { pending, acknowledged, refused, in_doubt };

  explicit Writes(std::size_t callers) : callers_(callers) {}

  // Ends the client, and waits for its last event.
  ~Writes() {
    stop();
    eventually([this] { return all_ended(); });
    client_ = native::Client();
    eventually([this] {
      const std::lock_guard lock(mutex_);
      return is_closed_ || servers_.empty();
    });
  }
  Writes(const Writes&) = delete;
  Writes& operator=(const Writes&) = delete;

  native::Client& client() { return client_; }

  /// Connects the client, and starts the callers.
  void start(const std::string& url, native::Options options) {
    listen(options);
    client_ = connected(url, std::move(options));
    for (std::size_t i = 0; i < callers_.size(); ++i) write(i);
  }

  /// No caller begins another write.
  void stop() {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  bool all_ended() const {
    const std::lock_guard lock(mutex_);
    return pending_ == 0;
  }

  std::size_t callers() const { return callers_.size(); }
  static std::string key(std::size_t caller) { return "ship:" + std::to_string(caller); }

  /// The servers at which the client was, one after the other.
  std::vector<std::string> servers() const {
    const std::lock_guard lock(mutex_);
    return servers_;
  }
  /// How many writes were acknowledged while the client was at its server of this number: 1 is the
  /// first.
  std::size_t acknowledged_at(std::size_t server) const {
    const std::lock_guard lock(mutex_);
    return server < acknowledged_.size() ? acknowledged_[server].count : 0;
  }

  /// When the first of those was acknowledged, if there is one.
  SentinelClock::time_point first_acknowledged_at(std::size_t server) const {
    const std::lock_guard lock(mutex_);
    return acknowledged_.at(server).first;
  }

  std::size_t count(Outcome outcome) const {
    return count([&](const Write& one) { return one.outcome == outcome; });
  }

  /// How many writes did not have exactly one outcome.
  std::size_t not_once() const {
    return count([](const Write& one) { return one.outcomes_count != 1; });
  }

  /// The last value that a caller wrote, or asked to write, before the client left its server of
  /// this number: what comes later must not get there.
  std::int64_t last_called_at(std::size_t caller, std::size_t server) const {
    return last(caller, [&](const Write& one) {
      return one.server < server || (one.server == server && one.was_connected);
    });
  }
  /// The last value that was acknowledged while the client was at this server; 0: none.
  std::int64_t last_acknowledged_at(std::size_t caller, std::size_t server) const {
    return last(caller, [&](const Write& one) {
      return one.outcome == Outcome::acknowledged && one.ended_at == server;
    });
  }

  /// The errors of writes that failed, each once.
  std::vector<std::string> errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
  }

 private:
  // There are some hundred thousand of them.
  struct Write {
    Outcome outcome = Outcome::pending;
    bool was_connected = false;  // the client had a connection when it was called
    std::uint8_t outcomes_count = 0;
    std::uint8_t server = 0;    // how many servers the client had been at when it was called
    std::uint8_t ended_at = 0;  // the same, when the outcome came
  };
  struct Acknowledged {
    std::size_t count = 0;
    SentinelClock::time_point first{};
  };

  // Notes the client's events.
  void listen(native::Options& options) {
    options.on_connection = [this](const native::ConnectionEvent& event) {
      using Kind = native::ConnectionEvent::Kind;
      const std::lock_guard lock(mutex_);
      if (event.kind == Kind::connected) servers_.push_back(event.server);
      is_connected_ = event.kind == Kind::connected;
      is_closed_ = event.kind == Kind::closed;
    };
  }

  void write(std::size_t caller) {
    std::size_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      if (is_over_) return;
      number = callers_[caller].size();
      callers_[caller].push_back({.was_connected = is_connected_, .server = server()});
      ++pending_;
    }
    const std::string value = std::to_string(number + 1);
    client_.set(key(caller), value, [this, caller, number](const native::Result<void>& result) {
      {
        const std::lock_guard lock(mutex_);
        note(callers_[caller][number], result);
      }
      write(caller);
    });
  }

  void note(Write& one, const native::Result<void>& result) {
    if (++one.outcomes_count == 1) --pending_;
    one.ended_at = server();
    if (result) {
      one.outcome = Outcome::acknowledged;
      acknowledged_.resize(std::max<std::size_t>(acknowledged_.size(), one.ended_at + 1U));
      if (++acknowledged_[one.ended_at].count == 1) {
        acknowledged_[one.ended_at].first = SentinelClock::now();
      }
      return;
    }
    const bool cannot_have_run = result.error().executed() == Executed::no;
    one.outcome = cannot_have_run ? Outcome::refused : Outcome::in_doubt;
    const std::string text = result.error().what();
    const bool is_new = std::find(errors_.begin(), errors_.end(), text) == errors_.end();
    if (is_new) errors_.push_back(text);
  }

  std::uint8_t server() const { return static_cast<std::uint8_t>(servers_.size()); }

  template <class Condition>
  std::size_t count(Condition condition) const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& caller : callers_) {
      count += static_cast<std::size_t>(std::count_if(caller.begin(), caller.end(), condition));
    }
    return count;
  }

  template <class Condition>
  std::int64_t last(std::size_t caller, Condition condition) const {
    const std::lock_guard lock(mutex_);
    std::int64_t found = 0;
    for (std::size_t i = 0; i < callers_[caller].size(); ++i) {
      if (condition(callers_[caller][i])) found = static_cast<std::int64_t>(i) + 1;
    }
    return found;
  }

  mutable std::mutex mutex_;
  std::vector<std::deque<Write>> callers_;
  std::vector<Acknowledged> acknowledged_;  // by the server at which the client was
  std::vector<std::string> errors_;
  std::vector<std::string> servers_;
  bool is_connected_ = false;
  bool is_closed_ = false;
  bool is_over_ = false;
  std::size_t pending_ = 0;
  native::Client client_;
};

}  // namespace plimsoll::testing
