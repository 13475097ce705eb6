#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/wasm/abi.h"

// A host, with its servers, that is sensible most of the time: sessions get far enough to be worth
// breaking. The rest of the time it calls anything, with any numbers. Whatever draws the same
// numbers does the same.

namespace plimsoll::test {

/// Where a careless host gets its whims from.
class Whims {
 public:
  virtual ~Whims() = default;
  virtual std::uint32_t next() = 0;
};

class CarelessHost {
 public:
  explicit CarelessHost(Whims& whims) : whims_(whims) {}
  ~CarelessHost();
  CarelessHost(const CarelessHost&) = delete;
  CarelessHost& operator=(const CarelessHost&) = delete;

  void step();

  /// How many events there were of each PlimsollEvent.
  const std::vector<std::uint64_t>& events() const { return events_; }

  /// How many requests had each PlimsollOutcome.
  const std::array<std::uint64_t, 4>& outcomes() const { return outcomes_; }

  /// How often a peer was granted more, and how often one sent more than that.
  std::uint64_t grants() const { return grants_; }
  std::uint64_t overruns() const { return overruns_; }

  /// How often a client was told by sentinels where to connect.
  std::uint64_t told() const { return told_; }

  /// How often this host was shown a replica that had understood it.
  std::uint64_t replicas() const { return replicas_; }

  /// How often this host was shown a node of a cluster that was ready, and a client whose requests
  /// have gone on to another node.
  std::uint64_t nodes() const { return nodes_; }
  std::uint64_t sent_on() const { return sent_on_; }

  /// Adds up every byte that this was shown, so that sanitizers see each of them read.
  std::uint64_t sum() const { return sum_; }

 private:
  static constexpr std::uint32_t connections_used = 8;
  // And of those to sentinels, which are the last ones.
  static constexpr std::uint32_t sentinels_used = 4;
  static constexpr std::uint32_t first_sentinel = plimsoll_connections_max - 16;
  // And of those to replicas, which come before these. Nodes of a cluster have the same places
  // here.
  static constexpr std::uint32_t replicas_used = 2;
  static constexpr std::uint32_t first_replica = first_sentinel - 8;
  static constexpr std::uint32_t first_node = 2 * plimsoll_connections_max;
  static constexpr std::uint32_t places = connections_used + sentinels_used + replicas_used;

  struct Peer {
    std::int32_t client;
    // What the server of each connection has said and the client has not read.
    std::array<std::string, places> incoming{};
    // What it may say by the credits that it has; more than it could use where it wants none.
    std::array<std::size_t, places> credit{};
    bool asks_sentinels = false;
    bool reads_replicas = false;
    bool has_cluster = false;
    bool finds_cluster = false;                // by what its servers say
    std::uint32_t beside = 0;                  // a connection for subscriptions, or exclusive use
    std::vector<std::string> last_words{};     // of a request that waits for room
    std::vector<std::uint32_t> last_counts{};  // how many each command has, of a transaction
  };

  void create();
  void create_cache();
  void destroy(std::size_t index);
  void look_at_served();
  void note_submitted(std::int32_t answer);
  void get(Peer& peer);
  void submit(Peer& peer);
  void submit_more(Peer& peer);
  void submit_deferred(Peer& peer);
  void write_deferred(Peer& peer, std::size_t offset, std::size_t size);
  void use_beside(Peer& peer);
  void write(Peer& peer);
  void read(Peer& peer);
  void poll(Peer& peer);
  void act(Peer& peer);
  void blunder(Peer& peer);
  void blunder_in_general();
  void look_at_sentinel(std::int32_t client);
  void look_at_replicas(std::int32_t client);
  void look_at_cluster(std::int32_t client);
  bool stage(const std::vector<std::string>& words, const std::vector<std::uint32_t>& counts = {});
  void note_wait(Peer& peer, const std::vector<std::string>& words,
                 const std::vector<std::uint32_t>& counts = {});
  void look_at_events(std::int32_t count);
  void look_at_nodes(const char* at, std::uint32_t count);
  std::string something_said(bool subscribes);
  std::string said_by_sentinel(bool subscribes);
  std::string said_of_replication(bool is_replica);
  std::string said_by_node(std::string_view request, std::uint32_t connection, bool subscribes);
  static std::size_t place_of(std::uint32_t connection);
  std::uint32_t some_connection(const Peer& peer);

  void look_at(std::string_view bytes);
  std::uint32_t below(std::uint32_t bound) { return bound == 0 ? 0 : whims_.next() % bound; }
  bool one_in(std::uint32_t count) { return below(count) == 0; }

  Whims& whims_;
  double now_ = 0;
  std::array<std::uint32_t, 2> last_request_{};
  std::uint64_t sum_ = 0;
  std::uint64_t grants_ = 0;
  std::uint64_t overruns_ = 0;
  std::uint64_t told_ = 0;
  std::uint64_t replicas_ = 0;
  std::uint64_t nodes_ = 0;
  std::uint64_t sent_on_ = 0;
  std::vector<std::uint64_t> events_ = std::vector<std::uint64_t>(plimsoll_event_admitted + 1);
  std::array<std::uint64_t, 4> outcomes_{};
  std::vector<Peer> peers_;
  std::vector<std::int32_t> caches_;
  Peer gone_{.client = 0};  // a client that was
};

}  // namespace plimsoll::test
