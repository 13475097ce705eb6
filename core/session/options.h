#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/overflow.h"
#include "plimsoll/core/resp/parser.h"

namespace plimsoll {

/// The lower bound of reply_bytes_max: a reply to HELLO fits.
inline constexpr std::size_t reply_bytes_max_min = 4096;

inline constexpr std::size_t inflight_requests_limit_max = 1'000'000'000;
inline constexpr std::size_t waiters_max_limit = 1'000'000'000;

/// Connections of one client at a time, the main one included.
inline constexpr std::uint32_t connections_max = 64;

/// As reconnect_attempts_max: never gives up.
inline constexpr std::uint32_t unlimited_attempts = UINT32_MAX;

/// Which dialect to speak. RESP2 is for servers, and proxies, that do not know HELLO.
enum class Protocol : std::uint8_t { resp3, resp2 };

/// What happens to a request if there is no place, or no memory, for it.
enum class OnLimit : std::uint8_t {
  reject,  ///< it ends at once, with rejected_by_limit
  wait     ///< it waits in line, first come, first served, until its timeout
};

/// The user on the server. The texts are views, whose owner must outlive all that refers to them.
struct Credentials {
  std::string_view username;  ///< empty: the default user
  std::string_view password;  ///< empty: no AUTH at all
};

/// How many prefixes a connection may have: each costs memory on the server and in the handshake.
inline constexpr std::size_t tracking_prefixes_max = 32;

/// CLIENT TRACKING: whether the server sends a push "invalidate" when a key changes.
struct TrackingOptions {
  enum class Method : std::uint8_t {
    off,
    all_reads,  ///< for every key that the connection reads
    opt_in,     ///< for the keys that it reads behind CLIENT CACHING YES
    broadcast   ///< for every key that begins with one of `prefixes`, read or not
  };

  Method method = Method::off;

  /// If true and the server refuses to track, the connection fails with tracking_refused or
  /// permission_denied. If false, the connection goes on without tracking, and Session::tracking()
  /// says why.
  bool required = false;

  /// With `broadcast` only; none: all keys. tracking_prefixes_max at most, none of which begins
  /// with another. Views, like the other texts.
  std::span<const std::string_view> prefixes{};

  /// While the server tracks: if it was silent for that long and owes no reply, it is sent a PING,
  /// even if health_check_interval is longer or zero. Zero: health_check_interval decides.
  Duration silence_max = Duration::zero();
};

/// What a session needs to know. The texts are views: their owner (native Options, the loader)
/// outlives the session, and secrets are not copied.
struct SessionOptions {
  std::string_view username{};
  std::string_view password{};
  std::string_view client_name{};
  std::uint32_t database = 0;
  Protocol protocol = Protocol::resp3;

  /// CLIENT NO-EVICT: the server does not close these connections for the memory that they take.
  bool no_evict = false;

  /// CLIENT NO-TOUCH: what these connections read counts as no use of the keys (LRU, LFU).
  bool no_touch = false;

  /// For the main connection; side connections are never tracked. Needs RESP3.
  TrackingOptions tracking{};

  /// Requests and tombstones at a time, 1 at least, inflight_requests_limit_max at most.
  std::size_t inflight_requests_limit = 1000;

  /// What happens to requests beyond that, and to those for which the requests pool has no room.
  OnLimit inflight_overflow = OnLimit::reject;

  /// How many requests may wait then, 1 at least; more are rejected. Their memory counts in the
  /// requests pool, of whose share they may have half.
  std::size_t waiters_max = 1000;

  /// The timeout of requests that have none of their own; zero: they wait for ever.
  Duration request_timeout = std::chrono::milliseconds(250);

  /// How long to try for the first connection, handshakes included; and how long one attempt at a
  /// later one may take.
  Duration connect_timeout = std::chrono::seconds(2);

  /// The wait before attempt n at a connection is drawn from (0, min(max, min * 2^n)].
  Duration reconnect_wait_min = std::chrono::milliseconds(10);
  Duration reconnect_wait_max = std::chrono::seconds(5);

  /// How many attempts in a row may fail before a client that has lost its connection gives up; 0:
  /// the client ends with the loss.
  std::uint32_t reconnect_attempts_max = unlimited_attempts;

  /// If the server was silent for that long and owes no reply, it is sent a PING; zero: never.
  Duration health_check_interval = std::chrono::seconds(5);

  /// If nobody waits for the next reply (its request was given up, or was that PING), and the reply
  /// does not come for that long, the connection is dead and is replaced.
  Duration tombstone_age_max = std::chrono::seconds(5);

  /// How often a read whose connection was lost is sent again; 0: it fails as lost_in_doubt. Above
  /// 0, the bytes of requests are kept until they are answered. 31 at most.
  std::uint8_t read_resends_max = 0;

  /// Side connections: for commands that block and for exclusive use, and for subscriptions.
  /// connections_max in all. inflight_overflow also says what happens to further commands that
  /// block.
  std::uint32_t blocking_connections_max = 8;
  std::uint32_t subscriptions_max = 16;

  /// How many messages of one subscription may wait to be taken, as far as the pushes pool has
  /// room; and what happens to more.
  std::uint32_t subscription_messages_max = 10'000;
  OverflowPolicy subscription_overflow = OverflowPolicy::drop_oldest;

  /// Seeds the random waits between attempts.
  std::uint64_t random_seed = 0;

  /// How long close() waits for replies that are owed.
  Duration close_timeout = std::chrono::seconds(1);

  /// Replies of more bytes are skipped as they stream past.
  std::size_t reply_bytes_max = bulk_bytes_max;
};

/// Returns invalid_option, naming the field, if an option makes no sense.
Status validate(const SessionOptions& options);

}  // namespace plimsoll
