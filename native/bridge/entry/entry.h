#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "plimsoll/native/bridge/config/addresses.h"
#include "plimsoll/native/bridge/entry/admission.h"
#include "plimsoll/native/bridge/http/handshake.h"
#include "plimsoll/native/bridge/stream/stream.h"
#include "plimsoll/native/transport/tls_context.h"

// What a connection goes through before anybody looks at what it asks for: a proxy's header, TLS,
// and the header of the request; and what it is answered if it is not let in. One that was shown a
// page may come with another request.

namespace plimsoll::bridge {

struct EntryRules {
  /// For all of it.
  std::chrono::milliseconds handshake_timeout{5000};
  /// Null: no TLS. Outlives the connections.
  native::TlsContext* tls = nullptr;
  /// Connections begin with a header of the PROXY protocol, and come from trusted proxies alone.
  bool proxy_protocol = false;
  /// Whose word on a client's address is believed: that header, and X-Forwarded-For.
  std::vector<Network> trusted_proxies;
  /// Plain requests are for pages, and refusals restricted as pages are.
  bool has_pages = false;
};

struct Entry {
  /// None: `refusal` says why.
  std::optional<Request> request;
  /// Of the client, by all that is believed.
  std::string address;
  Admission refusal;
  /// Nothing more is to be said: the client has gone, or has had all that it asked for.
  bool is_over = false;
  /// Who sends on this connection: the client, or the trusted proxy that speaks for several.
  std::string sender;
};

/// Whether one more of an address may come in.
using CountAddress = std::function<Admission(const std::string& address)>;

/// Reads it from `stream`, whose peer is `peer`. `count` is called once: as soon as it is known who
/// the client is, which is before TLS unless a trusted proxy says so in the request.
boost::asio::awaitable<Entry> enter(Stream& stream, const EntryRules& rules,
                                    const std::string& peer, const CountAddress& count);

/// Reads one more request after one that was answered. Whoever does not come with one within the
/// time has gone. `count` is called where a trusted proxy says whose it is.
boost::asio::awaitable<void> enter_again(Stream& stream, const EntryRules& rules, Entry& entry,
                                         const CountAddress& count);

/// Answers, if there can be an answer, and ends the connection.
boost::asio::awaitable<void> turn_away(Stream& stream, const Admission& refusal,
                                       const EntryRules& rules);

/// Ends the connection without a word of HTTP.
void part(Stream& stream);

}  // namespace plimsoll::bridge
