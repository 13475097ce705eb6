#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/core/client/client_end.h"
#include "plimsoll/tests/core/client/peer.h"
#include "plimsoll/tests/core/memory/test_memory.h"

// A client that asks sentinels, and scripted sentinels and servers, which are found by their
// addresses. run() moves bytes until nobody has anything to say; time stands still unless a test
// lets it pass. The sentinels of the client's options have the addresses "s0:26379", "s1:26379"...

namespace plimsoll::testing {

/// What a sentinel knows, and says.
struct SentinelScript {
  std::string id;                   ///< 40 hex digits
  std::string primary;              ///< "a:6379"; empty: it watches no primary of the name
  std::vector<std::string> others;  ///< addresses of other sentinels
  std::string password{};
};

/// What a server is, and what it was told.
struct ServerScript {
  bool is_replica = false;
  std::vector<std::string> keys_set{};  ///< in order
};

class SentinelWorld {
 public:
  explicit SentinelWorld(std::uint8_t seeds_count, const ClientOptions& options = {});
  SentinelWorld(const SentinelWorld&) = delete;
  SentinelWorld& operator=(const SentinelWorld&) = delete;
  ~SentinelWorld();

  /// One more listener at this address.
  SentinelScript& add_sentinel(const std::string& address);
  ServerScript& add_server(const std::string& address);
  /// A sentinel whose answers a test writes itself.
  void add_listener(const std::string& address, Peer::Script script);
  /// Three sentinels at s0 to s2 that know each other and name "a:6379", a primary; "b:6379" is its
  /// replica.
  void add_usual();

  SentinelScript& sentinel(const std::string& address) { return *sentinels_.at(address); }
  ServerScript& server(const std::string& address) { return *servers_.at(address); }

  void connect();
  void submit(Tag tag, const Words& words, Duration timeout = std::chrono::seconds(10));
  void run();
  /// Lets time pass in steps of at most 10 ms, and runs after each.
  void advance(Duration duration);

  /// Attempts at this address fail from now on, and its connections are lost.
  void kill(const std::string& address);
  /// The address says nothing any more, not even that it refuses connections.
  void freeze(const std::string& address);
  void wake(const std::string& address);
  /// Its connections are lost.
  void cut(const std::string& address);

  /// The sentinel publishes a switch of the primary "orders".
  void announce(const std::string& sentinel, const std::string& from, const std::string& to,
                const std::string& name = "orders");
  /// Every connection to this address gets these bytes.
  void push(const std::string& address, const std::string& bytes);

  /// The events since the last call, as those of ClientEnd.
  Lines take_events();
  /// Where the main connection goes; empty: there is none.
  std::string main_address() const;
  /// How many connections to this address are open or under way.
  std::size_t links_to(const std::string& address) const;
  std::size_t links_count() const { return links_.size(); }
  /// How often a connection to this address was asked for.
  std::size_t attempts_at(const std::string& address) const;

  Client& client() { return *client_; }
  Instant now() const { return now_; }
  TestMemory& memory() { return memory_; }
  /// The bytes charged to the pools of the client, without free pages and the progress reserve.
  std::size_t bytes_in_use();
  const Error& last_error() const { return last_error_; }

 private:
  static constexpr int visits_max = 6;

  struct Link {
    std::string address;
    bool is_open = false;
    Peer peer;
  };

  bool step();
  bool poll();
  int visit_short_replies();
  void act(const Action& action);
  bool open_links();
  bool move_bytes();
  bool give(ConnectionId id, const std::string& bytes);
  void note(const Event& event);
  void lose(const std::string& address, const Error& reason);

  TestMemory memory_;
  Budget budget_;
  SentinelOptions sentinel_options_{};
  std::optional<Client> client_;
  Instant now_{};
  std::map<std::string, std::unique_ptr<SentinelScript>> sentinels_;
  std::map<std::string, std::unique_ptr<ServerScript>> servers_;
  std::map<std::string, Peer::Script> scripts_;
  std::map<std::string, bool> frozen_;
  std::map<ConnectionId, std::unique_ptr<Link>> links_;
  std::map<std::string, std::size_t> attempts_;
  std::map<ConnectionId, std::string> pushed_;  // to be given to the client
  unsigned turns_ = 0;
  Lines events_;
  Error last_error_;
};

}  // namespace plimsoll::testing
