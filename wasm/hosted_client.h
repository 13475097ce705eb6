#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/cluster_options.h"
#include "plimsoll/core/cluster/topology_choice.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/wasm/abi_types.h"
#include "plimsoll/wasm/area.h"
#include "plimsoll/wasm/hosted_cache.h"
#include "plimsoll/wasm/hosted_connections.h"
#include "plimsoll/wasm/hosted_credits.h"
#include "plimsoll/wasm/node_walk.h"

// A client that a host has made: owns the Client and the texts of its options, and remembers enough
// of the host's calls to distinguish a mistake from a correct call. The core CHECKs the calls of
// this project's own drivers; a host's mistake is an error here (invalid_argument) and changes
// nothing.
//
// What the host knows of a connection (Link). The core may be ahead of it until the host has
// polled:
//
//   none --poll() says open--> opening --handle_opened()--> open
//     ^                           |                           |
//     +---------------------------+---------------------------+
//           handle_closed(), or poll() says close
//
// Invariants:
//
// - An event of the core is held (held_) until it fits the area. While an event is held, or a
//   request was admitted and not answered, begin_call() refuses all other calls: the value of a
//   held event is valid only until the core is called again. Likewise while deferred words of the
//   last request are not written: they would be sent as whatever the memory has held before.
// - read_space_bytes and unwritten_bytes bound how much the host may say that it has read and
//   written.

namespace plimsoll::wasm {

/// Which servers a client has beside the one of its main connection.
struct HostedServers {
  ReplicaOptions replicas{};
  TopologyChoice topology = TopologyChoice::standalone;
  ClusterOptions cluster{};  ///< unless that is standalone
};

class HostedClient {
 public:
  /// Makes a client in memory that is charged to `budget`. The client reads through `cache` unless
  /// that is null; `source` names what it reads (Client::use_cache()). Copies the texts that
  /// `options` and `servers` refer to, and `sentinel`. If it reads from replicas, its main
  /// connection looks for a primary. Fails as each validate(), Client::use_sentinels(),
  /// Client::use_replicas(), Client::use_cluster() and Client::use_cache() do, with invalid_option
  /// if a client is to have two of replicas to read from, a cluster and a cache, or asks sentinels
  /// and is to find a cluster, and with out_of_memory.
  static Result<HostedClient*> create(Budget& budget, const ClientOptions& options,
                                      const HostedServers& servers, HostedCache* cache,
                                      std::string_view source);

  /// Destroys a client that create() made in `budget`.
  static void destroy(HostedClient& client, Budget& budget);

  HostedClient(const HostedClient&) = delete;
  HostedClient& operator=(const HostedClient&) = delete;

  /// For calls that need no check of the host's arguments.
  Client& client() { return client_; }

  bool has_cache() const { return cache_ != nullptr; }

  /// Charges the client for all `bytes` that the host keeps for it. On rejected_by_limit the
  /// previous charge stays.
  Status hold(std::uint64_t bytes);

  /// Begins a call other than poll(). Fails while the host first has to poll or to submit an
  /// admitted request. From here on, what the last poll() reported is invalid.
  Status begin_call() {
    if (has_admitted_ || held_ || unwritten_deferred_ > 0) [[unlikely]]
      return refuse_call();
    walk_ = {};
    return {};
  }

  Status abort();
  /// Fails while a request is admitted and not answered.
  Status set_credentials(const Credentials& credentials);
  /// Calls Client::set_shown(). Only a cache needs it, so this does nothing for a client without
  /// one.
  void set_shown(std::string_view text) {
    if (cache_ != nullptr) client_.set_shown(text);
  }

  /// Stages `command`, or lets it wait for room. `max_staleness`: see Client::submit().
  Result<PlimsollOutcome> submit(const CommandView& command, std::uint32_t tag,
                                 std::optional<Duration> timeout, Duration max_staleness,
                                 Instant now);
  /// Called before a call that stages `command`, with the sum of its deferred words. If the call
  /// stages it, the host must write those bytes next. Fails if the request is too short for that.
  Status begin_deferred(const CommandView& command, std::size_t bytes);
  /// The call did not stage the command.
  void forget_deferred() { unwritten_deferred_ = 0; }
  /// Fills `spans` with where `size` bytes of the request lie, or as many as fit. Returns the
  /// number of spans. Fails if the request has no deferred words, or is shorter.
  Result<std::size_t> staged_places(std::size_t offset, std::size_t size,
                                    std::span<std::string_view> spans);

  /// Fails if no request was admitted, or `command` is not the admitted one.
  Status submit_admitted(const CommandView& command, std::uint32_t tag);
  Status prove(std::uint32_t tag, std::optional<Duration> timeout, Instant now);
  /// Fails if another request is admitted and not yet submitted.
  Status cancel(RequestId request, Instant now);

  // These fail if the connection does not have the role that the call needs.
  Result<std::uint32_t> open_exclusive(Instant now);
  Status submit_to(std::uint32_t connection, const CommandView& command, std::uint32_t tag,
                   std::optional<Duration> timeout, Instant now);
  Status submit_at(const NodeChoice& where, const CommandView& command, std::uint32_t tag,
                   std::optional<Duration> timeout, Instant now);
  Status release(std::uint32_t connection, Instant now);
  Result<std::uint32_t> open_subscription(Instant now);
  enum class Subscribe : std::uint8_t { begin, end };
  Status subscribe(Subscribe what, std::uint32_t connection, std::uint32_t kind,
                   std::span<const std::string_view> names, std::uint32_t tag,
                   std::optional<Duration> timeout, Instant now);
  Status next_messages(std::uint32_t connection, std::uint32_t messages_max, std::uint32_t tag,
                       std::optional<Duration> timeout, Instant now);
  Status close_subscription(std::uint32_t connection, Instant now);
  Result<SubscriptionStatistics> subscription_statistics(std::uint32_t connection) const;

  /// The id of the request that was staged last.
  RequestId last_request() const { return last_request_; }

  /// Fails unless an Action::Kind::open is unanswered. `credits` is not 0 if the peer sends no more
  /// than it is granted. Returns how many bytes to grant it first. Also fails with out_of_memory.
  Result<std::size_t> handle_opened(std::uint32_t connection, std::uint32_t credits, Instant now);
  /// Fails if the host has no such connection; after an Action::Kind::close it has none.
  Status handle_closed(std::uint32_t connection, const Error& reason, Instant now);

  /// Returns room for received bytes; empty if there is no memory, or the connection has ended.
  /// Fails with protocol_error if `waiting` is more than the peer was granted.
  Result<std::span<char>> read_space(std::uint32_t connection, std::size_t waiting);
  /// Fails if `size` is more than the room that read_space() returned last. Returns how many bytes
  /// to grant the peer.
  Result<std::size_t> handle_read(std::uint32_t connection, std::size_t size, Instant now);

  /// The bytes charged for the credits of all connections.
  std::size_t credit_bytes() const { return credits_.charged_bytes(); }

  /// Fails while handle_written() is still missing for the last spans.
  Result<std::size_t> poll_transmit(std::uint32_t connection, std::span<std::string_view> spans);
  /// Fails if `size` is more than poll_transmit() returned.
  Status handle_written(std::uint32_t connection, std::size_t size);

  /// Writes events to `area` until it is full. Returns how many.
  Result<std::uint32_t> poll(Area& area);

  /// Returns the value of PlimsollOutbox::more after poll().
  PlimsollMore more() const;

  /// Returns what the host has to do. Call it only when poll() has no more events.
  std::optional<Action> poll_action();

  /// The remaining nodes of a value that is too large for the area.
  NodeWalk& walk() { return walk_; }

 private:
  /// The charges and memory of a client and its texts.
  struct Cost {
    Charge own;  // beyond what Client::Accounts pays for
    Block texts;
  };

  using Connection = HostedConnections::Connection;
  using Link = HostedConnections::Link;
  // A bit for each: an exclusive user whose connection was opened before the client found a cluster
  // keeps its number, which may be that of a subscription's connection later.
  enum Role : std::uint8_t { exclusive = 1, subscription = 2 };

  HostedClient(const ClientOptions& options, const SentinelOptions& sentinel,
               Client::Accounts accounts, Cost cost)
      : cost_(std::move(cost)),
        sentinel_(sentinel),
        client_(with_sentinel(options, sentinel_), std::move(accounts)),
        kept_by_host_(client_.requests_account()) {}
  ~HostedClient();

  /// The options, with `sentinel` in place of what they refer to.
  static ClientOptions with_sentinel(ClientOptions options, const SentinelOptions& sentinel);
  Status refuse_call() const;
  bool is_connected(std::uint32_t connection, const Connection& link) const;
  Result<Connection*> find(std::uint32_t connection);
  Status check(std::uint32_t connection, Role role) const;
  Duration timeout_or(std::optional<Duration> timeout) const;
  Status note(const Result<RequestId>& request);
  Result<std::uint32_t> note_role(const Result<ConnectionId>& connection, Role role);

  Cost cost_;
  Block credentials_;
  // What the core has pointers to. Their texts are in cost_.texts.
  SentinelOptions sentinel_;  // if the client asks sentinels
  ClusterOptions cluster_{};  // if the client may find a cluster
  Client client_;
  Charge kept_by_host_;
  HostedCache* cache_ = nullptr;
  Duration request_timeout_{};
  RequestId last_request_ = 0;
  std::size_t deferred_request_bytes_ = 0;  // of the last request, on the wire
  std::size_t unwritten_deferred_ = 0;      // how many of its bytes the host still has to write
  std::optional<Event> held_;               // an event that did not fit the area yet
  MessagesMissed held_missed_;
  bool lies_outside_ = false;  // the last value was not copied: the next poll() releases it
  bool has_admitted_ = false;  // poll() reported an admitted request, and the host has not answered
  NodeWalk walk_;
  HostedConnections connections_;
  std::array<std::uint8_t, ExclusiveHandles::ids_max> roles_{};  // see Role
  HostedCredits credits_;
};

}  // namespace plimsoll::wasm
