#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "plimsoll/error.h"

// Where the requests of clients are told to, one by one, for whoever makes spans of them
// (Options::tracer). Names are those of OpenTelemetry's conventions for database clients
// (opentelemetry.io/docs/specs/semconv/db); what becomes of them is the tracer's business, so
// nothing of OpenTelemetry is needed here. docs/observability.md has an adapter.

namespace plimsoll::native {

/// What is the same for all requests of a client. Lives as long as the client or any of them.
struct TracedClient {
  /// db.system.name. The conventions have no other for servers that speak this protocol: what the
  /// client takes the server for counts, not what it is.
  std::string_view system_name = "redis";

  std::string server_address;  ///< server.address: a name or an address; of a unix socket its path
  std::uint16_t server_port = 0;   ///< server.port; 0: it has none
  std::string network_transport;   ///< network.transport: "tcp" or "unix"
  std::string database_namespace;  ///< db.namespace: the database's number, as connected
  std::string client_name;         ///< Options::client_name
  std::uint64_t client = 0;        ///< the client's number (Statistics::owner)
};

/// What is known of a request before it is sent: never its keys or values. Views that live for as
/// long as the call that they are handed to.
struct TracedRequest {
  const TracedClient& client;

  /// db.operation.name, and the span's name: "GET", "CONFIG SET"; "MULTI" for a transaction. Of a
  /// command that is not in the command table its first word, where that looks like a name
  /// (operation_name_bytes_max); else "unknown".
  std::string_view operation_name;

  /// db.operation.batch.size: commands of a transaction of two or more; else 0.
  std::size_t batch_size = 0;
};

/// How it ended. Views as above.
struct TracedOutcome {
  /// error.type: empty for success; a server's error code ("WRONGTYPE"), or else the name of the
  /// ErrorCode ("timed_out"). "abandoned": the executor was destroyed before it could be told.
  std::string_view error_type;

  /// db.response.status_code: "WRONGTYPE", "ERR"..., where the server answered with an error.
  std::string_view status_code;
};

/// The longest name of an unknown command that is told as it is.
inline constexpr std::size_t operation_name_bytes_max = 64;

/// Thread-safe, may not block, and may not call the client. Neither function runs under a lock.
class Tracer {
 public:
  virtual ~Tracer() = default;

  /// A request is made: in the thread that makes it, before it is sent or refused, so that what is
  /// current in that thread may be its parent. Returns whatever end() is to get; null: nobody wants
  /// to know of this one, which then costs no more than this call.
  ///
  /// What the cache has is served without a request. The handshake, PINGs, resends, invalidations
  /// and messages are none either; SUBSCRIBE and the like are not told.
  virtual void* begin(const TracedRequest& request) noexcept = 0;

  /// Its outcome is there: once for each begin() that returned something, in the thread that tells
  /// the caller, right before it does.
  virtual void end(void* span, const TracedOutcome& outcome) noexcept = 0;
};

}  // namespace plimsoll::native
