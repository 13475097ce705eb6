#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "plimsoll/error.h"

// The interface for tracing (Options::tracer): a client reports each of its requests to the tracer,
// which may make a span of it. The names are those of OpenTelemetry's conventions for database
// clients (opentelemetry.io/docs/specs/semconv/db). The library itself does not need OpenTelemetry;
// docs/observability.md has an adapter.

namespace plimsoll::inline v0::native {

/// The attributes that all requests of a client have in common. Lives as long as the client and all
/// of its requests.
struct TracedClient {
  /// db.system.name. The conventions have only this name for servers that speak this protocol: it
  /// says what the client takes the server for.
  std::string_view system_name = "redis";

  std::string server_address;  ///< server.address: a name or an address; the path of a unix socket
  std::uint16_t server_port = 0;   ///< server.port; 0: no port
  std::string network_transport;   ///< network.transport: "tcp" or "unix"
  std::string database_namespace;  ///< db.namespace: the database's number, as connected
  std::string client_name;         ///< Options::client_name
  std::uint64_t client = 0;        ///< the client's number (Statistics::owner)
};

/// A request, before it is sent. Never has keys or values. The views live until Tracer::begin()
/// returns.
struct TracedRequest {
  const TracedClient& client;

  /// db.operation.name, and the span's name: "GET", "CONFIG SET"; "MULTI" for a transaction. For a
  /// command that is not in the command table: its first word if that looks like a name and has at
  /// most operation_name_bytes_max bytes, else "unknown".
  std::string_view operation_name;

  /// db.operation.batch.size: how many commands a transaction has, if two or more; else 0.
  std::size_t batch_size = 0;
};

/// How a request ended. The views live until Tracer::end() returns.
struct TracedOutcome {
  /// error.type: empty for success; the server's error code ("WRONGTYPE"), or else the name of the
  /// ErrorCode ("timed_out"). "abandoned": the executor was destroyed before the caller got the
  /// outcome.
  std::string_view error_type;

  /// db.response.status_code: "WRONGTYPE", "ERR"..., if the server answered with an error; else
  /// empty.
  std::string_view status_code;
};

/// The longest first word of an unknown command that is reported as its name.
inline constexpr std::size_t operation_name_bytes_max = 64;

/// Implement this to trace requests. Both functions must be thread-safe, must not block, and must
/// not call the client. The client calls them without holding a lock.
class Tracer {
 public:
  virtual ~Tracer() = default;

  /// A request begins. Called in the thread that makes the request, before it is sent or refused,
  /// so that the thread's current span can be the parent. Returns a value for end(); null: do not
  /// trace this request, which then costs no more than this call.
  ///
  /// These are not reported: reads that the cache serves, the handshake, PINGs, resends,
  /// invalidations, messages, and SUBSCRIBE and its relatives.
  virtual void* begin(const TracedRequest& request) noexcept = 0;

  /// A request has ended. Called once for each begin() that did not return null, in the thread that
  /// delivers the outcome to the caller, right before that.
  virtual void end(void* span, const TracedOutcome& outcome) noexcept = 0;
};

}  // namespace plimsoll::inline v0::native
