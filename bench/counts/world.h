#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"

// A core Client with a server that costs little, without sockets: what is counted is the client's.
// Time stands still unless somebody moves it.

namespace plimsoll::bench {

class World {
 public:
  using Words = std::vector<std::string_view>;
  enum class Cache { no, yes };

  World(ClientOptions options, Cache cache);

  Client& client() { return client_; }

  /// Lets everything happen that can, until nobody has anything to say.
  void drive();
  /// Takes what the client has to tell.
  void poll_events();
  /// Moves to this time, which must be later.
  void pass_until(Instant then);
  /// To when the client wants to be called next.
  void pass_until_timeout();

  /// The server answers GETs no more, or again.
  void set_silent(bool silent) { silent_ = silent; }
  /// The server says so by itself.
  void push(ConnectionId connection, std::string_view bytes);
  /// The connection is gone; the next one is made when its time has come.
  void break_off(ConnectionId connection);

  /// Ends the process where it is refused.
  RequestId get(std::string_view key, Duration timeout);
  /// What the cache has, if that is proved to be true still.
  void get_proved(std::string_view key);
  /// A request that has to wait, as all do while one is in flight and that is the limit.
  RequestId wait_in_line(Duration timeout);

  Instant now() const { return now_; }
  /// Outcomes that were told.
  std::size_t ended_count() const { return ended_count_; }

 private:
  struct Link {
    bool is_open = false;
    std::string input;
    std::string output;
  };

  bool act();
  bool send();
  bool answer(std::size_t number);
  void answer_one(const Words& words, std::string& out) const;
  void deliver(std::size_t number);

  HeapMemory memory_;
  Budget budget_;
  std::unique_ptr<cache::Cache> cache_;
  Client client_;
  std::array<Link, connections_max> links_;
  bool silent_ = false;
  Instant now_{};
  std::size_t ended_count_ = 0;
};

/// Ends the process unless that is so.
void expect(bool holds, const char* what);

}  // namespace plimsoll::bench
