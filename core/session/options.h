#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cluster/seeds.h"
#include "plimsoll/core/memory/overflow.h"
#include "plimsoll/core/resp/parser.h"

namespace plimsoll::inline v0 {

/// The lower bound of reply_bytes_max. A reply to HELLO must fit.
inline constexpr std::size_t reply_bytes_max_min = 4096;

inline constexpr std::size_t inflight_requests_limit_max = 1'000'000'000;
inline constexpr std::size_t waiters_max_limit = 1'000'000'000;

/// The most connections of one client at a time, including the main connection.
inline constexpr std::uint32_t connections_max = 64;

/// The most sentinels of one client, those in its options and those that it learns of together.
/// Each takes one of connections_max.
inline constexpr std::uint32_t sentinels_max = 16;

/// A value for reconnect_attempts_max: the session never gives up.
inline constexpr std::uint32_t unlimited_attempts = UINT32_MAX;

/// Which dialect to speak. RESP2 is for servers, and proxies, that do not know HELLO, and for
/// programs that want its replies.
enum class Protocol : std::uint8_t { resp3, resp2 };

/// What happens to a request if there is no place, or no memory, for it.
enum class OnLimit : std::uint8_t {
  reject,  ///< the request ends at once, with rejected_by_limit
  wait     ///< the request waits in a queue, first come, first served, until its timeout
};

/// The user on the server. The texts are views; their owner must outlive the session.
struct Credentials {
  std::string_view username;  ///< empty: the default user
  std::string_view password;  ///< empty: the session sends no AUTH
};

/// The most prefixes of one connection. Each costs memory on the server and in the handshake.
inline constexpr std::size_t tracking_prefixes_max = 32;

/// CLIENT TRACKING: whether the server sends a push "invalidate" when a key changes.
struct TrackingOptions {
  enum class Method : std::uint8_t {
    off,
    all_reads,  ///< for every key that the connection reads
    opt_in,     ///< for the keys that it reads right after CLIENT CACHING YES
    broadcast   ///< for every key that begins with one of `prefixes`, read or not
  };

  Method method = Method::off;

  /// If true and the server refuses to track, the connection fails with tracking_refused or
  /// permission_denied. If false, the connection goes on without tracking, and Session::tracking()
  /// says why.
  bool required = false;

  /// For `broadcast` only; an empty list means all keys. At most tracking_prefixes_max, none of
  /// which begins with another. Views, like the other texts.
  std::span<const std::string_view> prefixes{};

  /// If the server tracks, was silent for this long and owes no reply, the session sends a PING,
  /// even if health_check_interval is longer or zero. Zero: health_check_interval decides.
  Duration silence_max = Duration::zero();
};

/// What a connection expects to find at its address.
enum class Peer : std::uint8_t { server, sentinel };

/// For a client that asks sentinels where its primary is. The driver's addresses are theirs.
struct SentinelOptions {
  std::string_view primary_name{};  ///< the name under which the sentinels watch the primary
  std::string_view username{};      ///< the user at the sentinels; empty: the default user
  std::string_view password{};      ///< empty: no AUTH at the sentinels
};

/// The most bytes of SentinelOptions::primary_name.
inline constexpr std::size_t primary_name_bytes_max = 255;

/// The options of a session. The texts are views, so that secrets are not copied; their owner
/// (native Options, the loader) must outlive the session. Small fields stand next to each other:
/// each connection keeps its options.
struct SessionOptions {
  std::string_view username{};
  std::string_view password{};
  std::string_view client_name{};
  std::uint32_t database = 0;
  Protocol protocol = Protocol::resp3;

  /// CLIENT NO-EVICT: the server does not close these connections to free the memory that they
  /// take.
  bool no_evict = false;

  /// CLIENT NO-TOUCH: reads on these connections do not count as a use of the keys (LRU, LFU).
  bool no_touch = false;

  /// What happens to requests beyond inflight_requests_limit, or for which the requests pool has no
  /// room.
  OnLimit inflight_overflow = OnLimit::reject;

  /// For the main connection; side connections are never tracked. Needs RESP3.
  TrackingOptions tracking{};

  /// The most requests and tombstones at a time: 1 to inflight_requests_limit_max.
  std::size_t inflight_requests_limit = 1000;

  /// With OnLimit::wait: the most waiters, 1 or more. Requests beyond that are rejected. Waiters
  /// are charged to the requests pool, and may take up to half of the pool's share.
  std::size_t waiters_max = 1000;

  /// The timeout of requests that have none of their own; zero: no timeout.
  Duration request_timeout = std::chrono::milliseconds(250);

  /// The timeout of the first connection, over all attempts and including the handshake. Each
  /// address that is left in a round may take an equal part of what is left of it. For later
  /// connections, the timeout of one attempt.
  Duration connect_timeout = std::chrono::seconds(2);

  /// The wait before attempt n at a connection is drawn from (0, min(max, min * 2^n)].
  Duration reconnect_wait_min = std::chrono::milliseconds(10);
  Duration reconnect_wait_max = std::chrono::seconds(5);

  /// If the server was silent for this long and owes no reply, the session sends a PING; zero:
  /// never.
  Duration health_check_interval = std::chrono::seconds(5);

  /// If no caller waits for the next reply (its request was given up, or it was that PING), and the
  /// reply does not come within this time, the connection is dead and is replaced.
  Duration tombstone_age_max = std::chrono::seconds(5);

  /// A client that has lost its connection ends after so many failed attempts in a row. 0: the
  /// client ends with the loss.
  std::uint32_t reconnect_attempts_max = unlimited_attempts;

  /// How often a read is resent after its connection was lost, at most 31. 0: the read fails with
  /// lost_in_doubt. Above 0, the session keeps the bytes of requests until they are answered.
  std::uint8_t read_resends_max = 0;

  /// How many addresses the driver has for the client: 1 to seeds_max. All lead to the same data.
  /// Attempts go through them (core/cluster/seeds.h) without a wait in between; only a round in
  /// which each of them has failed is followed by one, and counts in reconnect_attempts_max.
  std::uint8_t seeds_count = 1;

  /// Whether a server that says it is a replica is refused, so that of several addresses the
  /// primary's is found. Only HELLO says what the server is, and RESP2 begins with it only if
  /// sentinels are asked.
  bool primary_only = false;

  /// What the handshake expects at the address; another peer is refused, if HELLO
  /// is said.
  Peer peer = Peer::server;

  /// Who is asked for the address of the primary; null: nobody. Must outlive the client. Its
  /// sessions go where the Client tells the driver, and begin with HELLO in RESP2, too.
  const SentinelOptions* sentinel = nullptr;

  /// The most side connections: for commands that block and for exclusive use, and for
  /// subscriptions. All connections together must not exceed connections_max. inflight_overflow
  /// also decides about further commands that block.
  std::uint32_t blocking_connections_max = 8;
  std::uint32_t subscriptions_max = 16;

  /// The most messages of one subscription that may wait for the caller, if the pushes pool has
  /// room for them.
  std::uint32_t subscription_messages_max = 10'000;

  /// What happens to messages of a subscription beyond subscription_messages_max.
  OverflowPolicy subscription_overflow = OverflowPolicy::drop_oldest;

  /// For a side connection of a client with several addresses: the address may be another one at
  /// the next attempt, so that no failure is one that lasts.
  bool follows_main = false;

  /// For a connection to a replica: a request that the server has not run, because it refuses it or
  /// because the connection ends, is handed back with its bytes (Session::handed()), since another
  /// server can answer it. Needs read_resends_max, which keeps the bytes.
  bool hands_back = false;

  /// For a connection to a node of a cluster: what it says of its slots is handed back, too, if a
  /// script may have chosen the words. Needs hands_back.
  bool hands_back_redirections = false;

  /// Seeds the random waits between attempts, and the order of the addresses.
  std::uint64_t random_seed = 0;

  /// How long close() waits for outstanding replies.
  Duration close_timeout = std::chrono::seconds(1);

  /// A reply with more bytes is skipped while it arrives, and its request fails.
  std::size_t reply_bytes_max = bulk_bytes_max;
};

/// Returns invalid_option, with the field's name, if an option is invalid.
Status validate(const SessionOptions& options);

}  // namespace plimsoll::inline v0
