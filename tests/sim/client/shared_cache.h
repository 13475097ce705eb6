#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/core/session/options.h"
#include "plimsoll/tests/sim/environment.h"
#include "plimsoll/tests/sim/random.h"

// A cache that some of the clients share, in memory of its own, and what has been told by it: no
// later read may be told anything older.

namespace plimsoll::sim {

class Driver;

class SharedCache {
 public:
  SharedCache(Environment& environment, std::uint32_t number);
  SharedCache(const SharedCache&) = delete;
  SharedCache& operator=(const SharedCache&) = delete;

  cache::Cache& core() { return *core_; }
  const cache::CacheOptions& options() const { return core_->options(); }

  /// GET of this tells users their names: what one was told must be served to no other.
  static constexpr const char* user_key = "cuser";
  /// Who a client with a cache may be, besides the default user: with any password.
  static constexpr std::array<const char*, 3> users = {"ann", "bob", "eve"};
  static Credentials user(Random& random) {
    return {.username = random.one_of(users), .password = "any"};
  }

  /// What its clients are to ask of servers.
  TrackingOptions tracking() const;

  /// Its clients, one behind the other, as long as they live.
  void join(const Driver& client) { clients_.push_back(&client); }

  /// Whether no server lies to any of them, nor has left anything behind by which it lied before.
  bool is_trusted();
  void note_lie() { was_lied_to_ = true; }

  /// The time from which on all that its connections vouch for has been read.
  Instant vouched_since() const;
  /// What was said before that to those who have a connection to the server, all of them know.
  Instant heard_until(std::uint32_t server) const;
  /// When one of them was heard of last.
  Instant heard_at() const;

  /// What has been told of a key: by writes, to everybody; and by reads as well, to those who read
  /// the same source.
  struct Floor {
    std::size_t written = 0;
    std::size_t told = 0;
  };
  Floor floor(const Place& place, std::uint32_t source) const;
  void note_written(const Place& place, std::size_t version);
  void note_told(const Place& place, std::uint32_t source, std::size_t version);

  /// A client that was this user then asked for what this user may not read, and was told so.
  void note_refused(std::uint32_t server, const std::string& user, Instant asked_at);
  /// When the last of those asked; none: nobody was refused.
  std::optional<Instant> refused_at(std::uint32_t server, const std::string& user) const;

  /// A client asks its server for a key, or is told of it.
  void note_read(const Place& place, const Driver& client) {
    read_at_[place][&client] = environment_.now();
  }
  /// Whether no client has read the key on the connection that it has now.
  bool is_from_before(const Place& place) const;

  void note_lookup(bool hit);

  /// Between two events.
  void check();

 private:
  Environment& environment_;
  const std::uint32_t number_;
  TrackingOptions tracking_;
  HeapMemory memory_;
  Budget budget_;
  std::optional<cache::Cache> core_;
  std::vector<const Driver*> clients_;
  std::map<Place, std::size_t> written_;
  std::map<std::pair<std::uint32_t, Place>, std::size_t> told_;
  std::map<std::pair<std::uint32_t, std::string>, Instant> refused_;
  std::map<Place, std::map<const Driver*, Instant>> read_at_;  // looked up, and never walked over
  bool was_lied_to_ = false;
  std::uint64_t lookups_ = 0;
  std::uint64_t hits_ = 0;
};

}  // namespace plimsoll::sim
