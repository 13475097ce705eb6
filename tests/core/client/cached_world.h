#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/tests/core/client/client_end.h"
#include "plimsoll/tests/core/client/peer.h"
#include "plimsoll/tests/core/memory/test_memory.h"

// Clients that share a cache, and one server that tracks what they read (valkey.io, "Client-side
// caching": default mode). Bytes move when a test says so, and lie on the way as long as it wants:
// a reply and an invalidation can come in any pieces that a wire allows.

namespace plimsoll::testing {

class CachedWorld {
 public:
  struct Settings {
    cache::CacheOptions cache{.bytes_max = 64 * 1024};
    ClientOptions client{.tracking = {.method = TrackingOptions::Method::all_reads}};
    std::size_t clients = 1;
    Duration clock_step = Duration::zero();
    bool knows_tracking = true;
    bool knows_pttl = true;
    BudgetOptions budget{};
    /// Clients that are not as `client` says: who they are, which database they read.
    std::vector<ClientOptions> each{};
    /// Of each client, what its driver says of the way to the server.
    std::vector<std::string> places{};
    /// Whether users may ask who they are.
    bool tells_user = true;
    /// The server is a bridge that hears of writes elsewhere only when it gets a PING: until then
    /// it answers from a cache of its own. HELLO says so.
    bool is_bridge = false;
    /// That bridge remembers clients whose connection was lost (CLIENT TRACKING RESUME).
    bool remembers = false;
  };

  CachedWorld() : CachedWorld(Settings()) {}
  explicit CachedWorld(const Settings& settings);
  ~CachedWorld();

  /// As one who calls get() does: a hit is a line "<tag>: hit <value>", a miss a request.
  std::optional<RequestId> get(std::size_t client, Tag tag, const std::string& key);
  std::optional<RequestId> read(std::size_t client, Tag tag, const Words& words,
                                Duration max_staleness = cache::any_staleness);
  /// Straight to the server.
  std::optional<RequestId> submit(std::size_t client, Tag tag, const Words& words);

  /// What the client has to send reaches the server, which answers; what the server has to say
  /// reaches the client; both, until nobody has anything to say; of all clients.
  void go_up(std::size_t client);
  void come_down(std::size_t client);
  void flow(std::size_t client);
  void flow();

  /// Somebody who is no client of the cache writes.
  void write_elsewhere(const std::string& key, const std::string& value);
  void flush_elsewhere();

  /// The connection is gone, with all that was on its way, and is made again.
  void break_off(std::size_t client);
  void reconnect(std::size_t client);
  /// The bridge has been away, or too long ago.
  void forget_clients() { remembered_.clear(); }

  void advance(Duration duration);

  /// All that clients have said since the last call, as "0> 1: completed...".
  Lines take_events(std::size_t client) { return at(client).end->take_events(); }

  ClientEnd& end(std::size_t client) { return *at(client).end; }
  cache::Cache& cache() { return *cache_; }
  cache::CacheStatistics statistics() { return cache_->statistics(); }
  std::map<std::string, std::string>& data() { return data_; }

  /// What the server says to PTTL of a key, if not that it stays for ever.
  std::map<std::string, std::int64_t>& pttls() { return pttls_; }

  /// Passwords of users, and what a user may not do: "GET secret", "PING". A user of whom nothing
  /// is said has any password.
  std::map<std::string, std::string>& passwords() { return passwords_; }
  std::map<std::string, std::set<std::string>>& forbidden() { return forbidden_; }

  /// GETs and the like that came to the server.
  std::size_t reads_count() const { return reads_count_; }
  std::size_t pings_count() const { return pings_count_; }
  /// CLIENT TRACKING RESUME with a name.
  std::size_t returns_count() const { return returns_count_; }

  /// Bytes on their way to the client.
  std::string& on_its_way(std::size_t client) { return at(client).down; }

 private:
  struct One {
    std::unique_ptr<ClientEnd> end;
    Peer peer;
    std::string down;
    bool tracked = false;
    std::set<std::string> tracks;
    std::map<std::string, std::string> known = {};  // to the bridge, on this connection
    std::string user = "default";
    std::string name = "";  // that the bridge has given to the client
  };

  // What a bridge knows of a client with a name.
  struct Remembered {
    std::vector<std::string> sent;      // the pushes so far, numbered from 1
    std::set<std::string> tracks = {};  // while the client is away
    std::map<std::string, std::string> known = {};
  };

  One& at(std::size_t client) { return *clients_.at(client); }
  std::string answer(One& one, const Words& request);
  bool refuses(One& one, const Words& request);
  bool authenticate(One& one, const std::string& user, const std::string& password);
  void invalidate(const std::string& key);
  const std::map<std::string, std::string>& data_for(const One& one) const {
    return is_bridge_ ? one.known : data_;
  }
  void hear_all(One& one);
  void push(One& one, const std::string& text);
  void resume(One& one, const Words& request);

  TestMemory memory_;
  Budget budget_;
  const bool knows_tracking_;
  const bool knows_pttl_;
  const bool tells_user_;
  const bool is_bridge_;
  const bool remembers_;
  std::map<std::string, std::string> passwords_;
  std::map<std::string, std::set<std::string>> forbidden_;
  std::map<std::string, std::string> data_;
  std::map<std::string, std::int64_t> pttls_;
  std::size_t reads_count_ = 0;
  std::size_t pings_count_ = 0;
  std::size_t returns_count_ = 0;
  std::map<std::string, Remembered> remembered_;
  std::size_t names_count_ = 0;
  std::optional<cache::Cache> cache_;
  std::vector<std::unique_ptr<One>> clients_;
};

/// Makes `key`, "old", an entry that client 0 has read.
void cache_it(CachedWorld& world, const std::string& key = "key");

/// A write that names `keys` keys, all of them "key".
Words mset_of(std::size_t keys);

}  // namespace plimsoll::testing
