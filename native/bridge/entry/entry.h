#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "plimsoll/native/bridge/config/addresses.h"
#include "plimsoll/native/bridge/entry/admission.h"
#include "plimsoll/native/bridge/http/handshake.h"
#include "plimsoll/native/bridge/stream/stream.h"
#include "plimsoll/native/transport/tls_context.h"

// Takes an accepted connection through everything that comes before its request is judged: a
// proxy's header, TLS, and the header of the request. Answers the clients that are refused.
//
//   accepted --> proxy's header --> TLS --> request --> judged by Doorkeeper
//                 (if rules say)  (if any)     ^  |
//                                              +--+ enter_again(), after a page
//
// All steps of enter() share one handshake_timeout. Each step may fail, and Entry::refusal says
// why.

namespace plimsoll::bridge {

struct EntryRules {
  /// For all steps together.
  std::chrono::milliseconds handshake_timeout{5000};
  /// Null: no TLS. Must outlive the connections.
  native::TlsContext* tls = nullptr;
  /// Connections begin with a header of the PROXY protocol, and only trusted proxies may connect.
  bool proxy_protocol = false;
  /// The proxies whose header, or X-Forwarded-For, is believed.
  std::vector<Network> trusted_proxies;
  /// There are pages: plain requests ask for them, and refusals get the pages' security headers.
  bool has_pages = false;
};

struct Entry {
  /// Not set: `refusal` says why.
  std::optional<Request> request;
  /// The client's address, which trusted proxies may have given.
  std::string address;
  Admission refusal;
  /// The connection ends without an answer: the client is gone, or got all that it asked for.
  bool is_over = false;
  /// The address of the sender on this connection: the client, or a trusted proxy that may send
  /// requests of several clients.
  std::string sender;
  /// What came behind the request, and was read along with it: the client's next requests for
  /// pages. At most header_bytes_max.
  std::string behind;
};

/// What a connection needs memory for, from now on.
enum class EntryStep : std::uint8_t { tls_handshake, request };

/// What the steps ask of the server.
struct EntryCalls {
  /// Decides whether one more connection of an address is admitted; see Doorkeeper::count().
  std::function<Admission(const std::string& address)> count;
  /// Pays for a step before it begins. May refuse only the TLS handshake.
  std::function<Admission(EntryStep step)> pay;
};

/// Whether `address` is that of a proxy that may name its clients' addresses.
bool is_trusted_proxy(const EntryRules& rules, std::string_view address);

/// Performs all steps on `stream`, whose peer is `peer`. Calls `count` once, as soon as the
/// client's address is known: before TLS, unless a trusted proxy gives the address in the request.
boost::asio::awaitable<Entry> enter(Stream& stream, const EntryRules& rules,
                                    const std::string& peer, const EntryCalls& calls);

/// Reads another request after one that was answered, first from what came behind that one. A
/// client that sends none in time counts as gone. Calls `count` again if a trusted proxy sent the
/// request, whose client may be another.
boost::asio::awaitable<void> enter_again(Stream& stream, const EntryRules& rules, Entry& entry,
                                         const EntryCalls& calls);

/// Sends the refusal, if the connection has reached HTTP, and ends the connection.
boost::asio::awaitable<void> turn_away(Stream& stream, const Admission& refusal,
                                       const EntryRules& rules);

/// Ends the connection without an answer.
void part(Stream& stream);

}  // namespace plimsoll::bridge
