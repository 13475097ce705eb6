#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/core/memory/overflow.h"
#include "plimsoll/core/session/options.h"
#include "plimsoll/credentials.h"
#include "plimsoll/result.h"
#include "plimsoll/tls_options.h"

namespace plimsoll::native {

class ClientSideCache;
class Tracer;

/// For Options::reconnect_attempts_max.
using plimsoll::unlimited_attempts;

/// For Options::protocol.
using plimsoll::Protocol;

/// For Options::inflight_overflow.
using plimsoll::OnLimit;

/// For Options::subscription_overflow.
using plimsoll::OverflowPolicy;

/// What becomes of a client's connection.
struct ConnectionEvent {
  enum class Kind : std::uint8_t {
    connected,            ///< there is a connection, the first or a new one: requests flow
    disconnected,         ///< it was lost; a new one is tried for
    closed,               ///< the client is closed and takes no more calls; comes once, last
    credentials_refused,  ///< the server did not take new ones: the connection goes on as it was
  };
  Kind kind;

  /// Why, for all but the first. Of `closed`: ErrorCode::closed where the user wanted it so.
  std::optional<Error> error = std::nullopt;
};

/// How a client behaves. Every field has a default that suits a server process.
///
/// Not an aggregate on purpose: `co_await connect(url, {.password = p})` would compile, and gcc 12
/// would copy the strings bit by bit into the coroutine and free them twice. Set fields one by one.
struct Options {
  Options() {}  // NOLINT(modernize-use-equals-default): a defaulted one leaves an aggregate

  /// The process-wide memory line: "64 MiB", "512 KB", a raw count of bytes, or "auto" (see
  /// MemoryOptions). Empty: whatever the process has already, or 64 MiB. All clients of a process
  /// share one line: asking for another value than it has is an error. configure_memory() divides
  /// it, and moves it.
  std::string memory_limit;

  /// Requests that are sent or waiting to be, at a time, up to their replies: also of those whose
  /// callers wait no longer. A transaction is one. Another bound is what they take of the memory
  /// line. What is more is rejected_by_limit, or waits.
  std::size_t inflight_requests_limit = 1000;

  /// OnLimit::wait: what is more waits its turn, first come, first served, for as long as its
  /// timeout says. Its command is kept meanwhile, which counts in the requests pool.
  OnLimit inflight_overflow = OnLimit::reject;

  /// How many may wait then; more are rejected_by_limit.
  std::size_t waiters_max = 1000;

  /// Connections beside the main one, opened when they are needed: for commands that wait
  /// (BLPOP...) and for exclusive use, and for subscriptions. 64 with the main one at most. More
  /// commands that wait are rejected_by_limit, or wait in line, as inflight_overflow says; more of
  /// the others are rejected_by_limit.
  std::uint32_t blocking_connections_max = 8;
  std::uint32_t subscriptions_max = 16;

  /// Messages that wait to be taken from one subscription, as far as the pushes pool goes.
  std::uint32_t subscription_messages_max = 10'000;

  /// What becomes of more. With drop_oldest they push out the oldest, with drop_newest they are
  /// lost: counted, and told by the next message (Message::lost). With pause_reading nothing more
  /// is read until somebody takes a message: the server is held up, and nobody else, since each
  /// subscription has a connection of its own. What is asked for on it meanwhile is confirmed
  /// behind the messages. A server closes a connection whose backlog grows beyond its
  /// client-output-buffer-limit pubsub: what it had not sent is missing then (Message::gaps).
  OverflowPolicy subscription_overflow = OverflowPolicy::drop_oldest;

  /// How long a request may take, waiting for a connection included; zero: for ever.
  std::chrono::nanoseconds request_timeout = std::chrono::milliseconds(250);

  /// How long connect() goes on trying, handshakes included, before it fails; and how long each
  /// attempt to get a lost connection back may take.
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(2);

  /// A lost connection is tried for again, the name resolved anew each time, after waits that are
  /// drawn at random up to a bound: the first, doubled by each attempt that fails, up to the
  /// second.
  std::chrono::nanoseconds reconnect_wait_min = std::chrono::milliseconds(10);
  std::chrono::nanoseconds reconnect_wait_max = std::chrono::seconds(5);

  /// How many attempts may fail in a row before the client gives up and is closed; 0: a lost
  /// connection closes it at once.
  std::uint32_t reconnect_attempts_max = unlimited_attempts;

  /// A connection that says nothing for that long, and owes nothing, is sent a PING; zero: never.
  /// One that does not answer it within tombstone_age_max is replaced.
  std::chrono::nanoseconds health_check_interval = std::chrono::seconds(5);

  /// A connection is given up and replaced when it owes a reply for that long that nobody waits for
  /// any more, because its request timed out or was cancelled. While somebody waits, it is kept.
  std::chrono::nanoseconds tombstone_age_max = std::chrono::seconds(5);

  /// How often a read (GET, HGETALL...) whose connection was lost is sent again; 0: it fails as
  /// lost_in_doubt, as writes and commands that are not in docs/commands.md always do.
  std::uint8_t read_resends_max = 0;

  /// TCP only, and Linux only: a connection is lost when what was sent is not acknowledged for that
  /// long, or the server's full buffers take nothing more (TCP_USER_TIMEOUT). Zero: the system's
  /// choice, which is some 15 minutes.
  std::chrono::milliseconds tcp_user_timeout = std::chrono::seconds(10);

  /// Called when there is a connection, when it is lost, and when the client is closed: in that
  /// order, on the client's executor, one call at a time, before the outcomes of the requests that
  /// were lost with it. The last call, `closed`, may come after the Client was destroyed.
  std::function<void(const ConnectionEvent&)> on_connection;

  /// Is told of each request (tracer.h); null: nobody is, at no cost.
  std::shared_ptr<Tracer> tracer;

  /// TLS, which valkeys:// and rediss:// turn on.
  TlsOptions tls;

  /// How long close() waits for replies that are owed.
  std::chrono::nanoseconds close_timeout = std::chrono::seconds(1);

  /// Replies of more bytes are skipped as they stream past (reply_too_large).
  std::size_t reply_bytes_max = 512 * 1024 * 1024;

  /// Who to be, where the address does not say. A password alone is the default user's.
  std::string username;
  std::string password;

  /// What a bridge is shown (ws://, wss://), in place of a username and a password: printable
  /// ASCII, 4096 bytes at most. Empty: nothing.
  std::string token;

  /// Where passwords do not last: called on the client's executor for who to be, before a
  /// connection is opened and ahead of the end of what was answered before. Never two at a time. An
  /// answer that is a failure, or does not come within most of connect_timeout, is
  /// credentials_failed to the attempt at a connection, and asked for again; connections that are
  /// there go on with what they have. For a coroutine: awaited() of
  /// plimsoll/awaited_credentials.h.
  std::function<void(const CredentialsRequest&)> credentials;

  /// How long before their end others are asked for; at most half of their lifetime.
  std::chrono::nanoseconds credentials_refresh_before = std::chrono::minutes(1);

  /// A cache for what this client reads, shared with any others that have it (client_side_cache.h).
  std::shared_ptr<ClientSideCache> client_side_cache;

  /// What CLIENT LIST shows.
  std::string client_name;

  /// RESP2 is for servers, and proxies in front of them, that do not know HELLO.
  Protocol protocol = Protocol::resp3;

  /// CLIENT NO-EVICT: the server does not close these connections when it is short of memory. Wants
  /// rights that not every user has.
  bool no_evict = false;

  /// CLIENT NO-TOUCH: what this client reads does not count as use of the keys (LRU, LFU).
  bool no_touch = false;

  /// Which database to use, where the address does not say.
  std::uint32_t database = 0;
};

/// Where a server listens, or a bridge.
struct Endpoint {
  enum class Kind : std::uint8_t { tcp, unix_socket, websocket };
  Kind kind = Kind::tcp;
  std::string host;  // a name or an address; of a unix_socket none
  std::uint16_t port = 6379;
  std::string path;  // unix_socket; websocket: "/main", of a bridge's upstream

  /// "127.0.0.1:6379", "[::1]:6379"; "127.0.0.1" where that is the usual port.
  std::string authority(std::uint16_t usual_port) const;

  /// "127.0.0.1:6379", "unix:/run/valkey.sock", "127.0.0.1:8380/main": for messages.
  std::string to_string() const;
};

/// An address and what it says about the client.
struct Target {
  Endpoint endpoint;
  Options options;
};

/// Reads "valkey://[user[:password]@]host[:port][/database]" (valkeys:// means TLS; redis:// and
/// rediss:// are the same), "unix://[user[:password]@]/path/to/socket" or
/// "ws://host[:port][/upstream]" (wss:// means TLS; ports 80 and 443), over `options`, which hold
/// for what it does not say. Behind a ? may come database=N, client_name=NAME and protocol=2
/// or 3, with & between. Percent escapes are decoded in user, password and client_name.
/// invalid_option names the part that is wrong; secrets are never in the message.
Result<Target> parse_url(std::string_view url, Options options);

}  // namespace plimsoll::native
