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

/// The least that reply_bytes_max may be: a reply to HELLO fits.
inline constexpr std::size_t reply_bytes_max_min = 4096;

inline constexpr std::size_t inflight_requests_limit_max = 1'000'000'000;
inline constexpr std::size_t waiters_max_limit = 1'000'000'000;

/// Connections of one client at a time, the main one included.
inline constexpr std::uint32_t connections_max = 64;

/// For reconnect_attempts_max.
inline constexpr std::uint32_t unlimited_attempts = UINT32_MAX;

/// Which dialect to speak. RESP2 is for servers, and proxies, that do not know HELLO.
enum class Protocol : std::uint8_t { resp3, resp2 };

/// What becomes of a request for which there is no place, or no memory.
enum class OnLimit : std::uint8_t {
  reject,  ///< it ends at once, with rejected_by_limit
  wait     ///< it stands in line, first come, first served, for as long as its timeout says
};

/// Who to be on the server. Views: the owner outlives what refers to them.
struct Credentials {
  std::string_view username;  ///< empty: the default user
  std::string_view password;  ///< empty: no AUTH at all
};

/// Prefixes of one connection: each costs the server, and the handshake, its bytes.
inline constexpr std::size_t tracking_prefixes_max = 32;

/// CLIENT TRACKING: whether the server is to say what becomes of keys, as pushes "invalidate".
struct TrackingOptions {
  enum class Method : std::uint8_t {
    off,
    all_reads,  ///< of every key that the connection reads
    opt_in,     ///< of those that it reads behind CLIENT CACHING YES
    broadcast   ///< of every key that begins with one of `prefixes`, read or not
  };

  Method method = Method::off;

  /// A server that refuses is refused, with tracking_refused or permission_denied; if not, the
  /// connection goes on without, and Session::tracking() says why.
  bool required = false;

  /// With `broadcast` only; none: all keys. tracking_prefixes_max at most, none of which begins
  /// with another. Views, like the other texts.
  std::span<const std::string_view> prefixes{};

  /// While the server tracks: when nothing was heard for that long, and nothing is owed, it is sent
  /// a PING, whatever health_check_interval says; zero: as that says.
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

  /// Of the main connection; those beside it are never tracked. It takes RESP3.
  TrackingOptions tracking{};

  /// Requests and tombstones at a time, 1 at least, inflight_requests_limit_max at most.
  std::size_t inflight_requests_limit = 1000;

  /// What becomes of more, and of those for which the requests pool has no room.
  OnLimit inflight_overflow = OnLimit::reject;

  /// How many may wait then, 1 at least; more are rejected. What they hold counts in the requests
  /// pool, half of whose share they may have.
  std::size_t waiters_max = 1000;

  /// For requests that bring no timeout of their own; zero: they wait for ever.
  Duration request_timeout = std::chrono::milliseconds(250);

  /// How long to try for the first connection, handshakes included; and how long one attempt at a
  /// later one may take.
  Duration connect_timeout = std::chrono::seconds(2);

  /// The wait before attempt n at a connection is drawn from (0, min(max, min * 2^n)].
  Duration reconnect_wait_min = std::chrono::milliseconds(10);
  Duration reconnect_wait_max = std::chrono::seconds(5);

  /// Attempts that may fail one after the other before a client that has lost its connection gives
  /// up; 0: the loss ends it.
  std::uint32_t reconnect_attempts_max = unlimited_attempts;

  /// When nothing was heard for that long, and nothing is owed, the server is sent a PING; zero:
  /// never.
  Duration health_check_interval = std::chrono::seconds(5);

  /// A connection on which the next reply belongs to nobody any more (its request was given up, or
  /// was that PING) and does not come for that long is dead, and is replaced.
  Duration tombstone_age_max = std::chrono::seconds(5);

  /// How often a read whose connection was lost is sent again; 0: it fails as lost_in_doubt. Above
  /// 0, the bytes of requests are kept until they are answered. 31 at most.
  std::uint8_t read_resends_max = 0;

  /// Connections beside the main one: for commands that block and for exclusive use, and for
  /// subscriptions. connections_max in all. What becomes of more commands that block is
  /// inflight_overflow's to say, too.
  std::uint32_t blocking_connections_max = 8;
  std::uint32_t subscriptions_max = 16;

  /// Messages that wait to be taken from one subscription, as far as the pushes pool goes; and what
  /// becomes of more.
  std::uint32_t subscription_messages_max = 10'000;
  OverflowPolicy subscription_overflow = OverflowPolicy::drop_oldest;

  /// What the waits between attempts are drawn by.
  std::uint64_t random_seed = 0;

  /// How long an orderly close waits for replies that are owed.
  Duration close_timeout = std::chrono::seconds(1);

  /// Replies of more bytes are skipped as they stream past.
  std::size_t reply_bytes_max = bulk_bytes_max;
};

/// invalid_option, naming the field, where something makes no sense.
Status validate(const SessionOptions& options);

}  // namespace plimsoll
