#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// What can go wrong for reasons outside our own code: a small value that never allocates. Every
// layer returns it, and describe() turns it into the sentence that a user reads.

namespace plimsoll::inline v0 {

enum class ErrorCode : std::uint8_t {
  // The outcomes that a submitted request can have besides a reply.
  lost_unsent,        ///< never wholly written, so it cannot have run: safe to retry
  lost_in_doubt,      ///< written, and the connection ended before its reply: may have run
  timed_out,          ///< its deadline passed (`executed` says whether it may have run)
  cancelled,          ///< the caller cancelled it (`executed` says whether it may have run)
  rejected_by_limit,  ///< a named limit was reached before it was sent
  reply_too_large,    ///< its reply did not fit and was skipped; it has run
  out_of_memory,      ///< the allocator refused below the memory line; for a request: its reply was
                      ///< abandoned half read, since other connections waited for memory
  server_error,       ///< the server answered with an error that has no code of its own
  cluster_redirect,   ///< MOVED, ASK: the server is a node of a cluster; it has not run
  cluster_down,  ///< CLUSTERDOWN, TRYAGAIN: the cluster does not serve the keys now; it has not run
  transaction_aborted,  ///< EXECABORT: a command of the transaction was refused; none has run
  protocol_error,       ///< the peer's bytes are not RESP, or not what was asked for

  // Refused before anything was sent.
  invalid_argument,  ///< an argument of a call
  invalid_option,    ///< a field of the options or the address
  refused_command,   ///< a command that would desynchronise the main connection

  // Reading a reply.
  wrong_type,  ///< the reply has another type than was asked for

  // Why there is no connection. The client tries again if the reason may pass by itself.
  connect_failed,   ///< no connection could be made within the time allowed
  connection_lost,  ///< the server or the network ended the connection
  connection_dead,  ///< no sign of life for too long: the client closes the connection and opens
                    ///< another
  server_loading,   ///< LOADING: the server is not ready yet. For a request: it has not run
  primary_down,     ///< MASTERDOWN: a replica without its primary, not allowed to serve old data
  server_busy,      ///< BUSY: a script or function blocks the server. For a request: it has not run
  too_many_clients,  ///< the server's maxclients is reached
  protected_mode,    ///< DENIED: the server accepts connections from its own machine only
  tls_failed,  ///< the TLS handshake failed: a plain port, no common version... Ends connect()
  credentials_failed,  ///< Options::credentials failed, or did not answer in time

  certificate_invalid,  ///< TLS: the certificate is expired, not trusted, or for another host. Ends
                        ///< connect()

  // Why there will be no connection: the client does not try again.
  authentication_failed,  ///< WRONGPASS, NOAUTH: username or password
  permission_denied,      ///< NOPERM: the user lacks a permission that connecting, or the request,
                          ///< needs
  unsupported_protocol,   ///< NOPROTO, or no HELLO: the server does not speak RESP3
  unknown_database,       ///< SELECT was refused
  tracking_refused,       ///< CLIENT TRACKING was refused, and the options ask for it

  // The client as a whole.
  closed,  ///< the client was closed
  forked,  ///< the process is a fork; its parent owns the client

  // Other answers of the server, or of the bridge in front of it, to a request that it did not run.
  // See core/resp/error_reply.h: `executed` is `no`, unless a script may have written the answer
  // itself.
  unknown_command,       ///< the server does not know the command, or has renamed it
  not_enough_replicas,   ///< NOREPLICAS: fewer than min-replicas-to-write
  read_only_replica,     ///< READONLY: a write was sent to a replica. Of a connection: of several
                         ///< addresses none is that of a primary now
  persistence_failed,    ///< MISCONF: no writes, since the server failed to save
  server_out_of_memory,  ///< OOM: the server's maxmemory is reached
  refused_by_bridge,  ///< the bridge's configuration does not allow this token to send the request
};

inline constexpr std::size_t error_codes_count =
    static_cast<std::size_t>(ErrorCode::refused_by_bridge) + 1;

/// "timed_out", ...: stable, for logs and metrics.
std::string_view name(ErrorCode code);

/// Whether the server may have executed the request.
enum class Executed : std::uint8_t { no, maybe, yes };

std::string_view name(Executed executed);

/// An error: what was wrong, what was expected, and where. The texts are string literals.
struct Error {
  static constexpr std::uint64_t no_number = UINT64_MAX;

  ErrorCode code = ErrorCode::invalid_argument;
  Executed executed = Executed::no;
  const char* what = "";
  const char* expected = nullptr;
  std::uint64_t value = no_number;   ///< the number that was wrong
  std::uint64_t limit = no_number;   ///< the bound that it broke
  std::uint64_t offset = no_number;  ///< byte of the stream or of the text, from 0
};

/// The length of the longest sentence that describe() writes.
inline constexpr std::size_t error_text_max = 320;

/// Writes "timed_out: <what>; expected <expected> (is 7, limit 5) at byte 3" into `out`, cut off at
/// its size, and returns the part that was written. Adds no terminating zero.
std::string_view describe(const Error& error, std::span<char> out);

}  // namespace plimsoll::inline v0
