#include "plimsoll/native/bridge/http/handshake.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include "plimsoll/native/base/to_number.h"
#include "plimsoll/native/bridge/http/header_list.h"
#include "plimsoll/native/bridge/tokens/base64url.h"
#include "plimsoll/native/observe/authority.h"

namespace plimsoll::bridge {
namespace {

namespace http = boost::beast::http;
using native::authority_of;
using native::host_of;
using native::to_lower;

constexpr std::string_view bearer_protocol = "bearer.";
constexpr std::string_view staleness_header = "Plimsoll-Max-Staleness-Ms";
constexpr std::string_view staleness_parameter = "max_staleness_ms=";

std::string_view text(boost::core::string_view view) { return {view.data(), view.size()}; }

bool has_one(const Request& request, http::field name) { return request.count(name) == 1; }

// Notes a second token, which is refused later: a proxy and the bridge could disagree about which
// of the two counts.
void take_token(Handshake& handshake, std::optional<std::string> token) {
  handshake.has_two_tokens = handshake.has_two_tokens || handshake.token.has_value();
  handshake.token = token ? std::move(token) : std::string();
}

void read_authorization(const Request& request, Handshake& handshake) {
  const auto [begin, end] = request.equal_range(http::field::authorization);
  for (auto at = begin; at != end; ++at) {
    const std::string_view value = text(at->value());
    constexpr std::string_view scheme = "bearer ";
    const bool is_bearer = to_lower(value.substr(0, scheme.size())) == scheme;
    take_token(handshake, is_bearer ? std::string(value.substr(scheme.size())) : std::string());
  }
}

void read_protocols(const Request& request, std::string_view list, Handshake& handshake) {
  while (!list.empty()) {
    const std::string_view name = take_element(list, ',');
    if (name.starts_with(bearer_protocol)) {
      take_token(handshake, base64url_decode(name.substr(bearer_protocol.size())));
    } else if (name == websocket::protocol_refusal) {
      handshake.refusal_key = text(request[http::field::sec_websocket_key]);
    } else if (!handshake.protocol.empty()) {
      continue;
    } else if (name == protocol_with_credits) {
      handshake.protocol = protocol_with_credits;
    } else if (name == protocol_bare) {
      handshake.protocol = protocol_bare;
    }
  }
}

std::optional<native::Staleness> to_staleness(std::string_view text) {
  const auto number = native::to_number<std::int64_t>(text);
  if (!number || *number < max_staleness_ms_min || *number > max_staleness_ms_max) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(*number);
}

// A page cannot set headers of a WebSocket, so it has a parameter. What else the query has is not
// for the bridge.
std::optional<native::Staleness> read_staleness(const Request& request, std::string_view query) {
  std::vector<std::string_view> given;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (!parameter.starts_with(staleness_parameter)) continue;
    given.push_back(parameter.substr(staleness_parameter.size()));
  }
  const auto [begin, end] = request.equal_range(staleness_header);
  for (auto at = begin; at != end; ++at) given.push_back(text(at->value()));
  if (given.empty()) return native::any_staleness;
  return given.size() == 1 ? to_staleness(given.front()) : std::nullopt;
}

// Whether the request's key is base64 of 16 bytes, with padding (RFC 6455, section 4.2.1).
bool has_good_key(const Request& request) {
  constexpr std::size_t key_bytes = 16;
  constexpr std::string_view padding = "==";
  if (!has_one(request, http::field::sec_websocket_key)) return false;
  std::string key(text(request[http::field::sec_websocket_key]));
  if (!key.ends_with(padding) || key.find_first_of("-_") != key.npos) return false;
  key.resize(key.size() - padding.size());
  // base64url has two other letters, and is decoded strictly.
  std::ranges::replace(key, '+', '-');
  std::ranges::replace(key, '/', '_');
  const std::optional<std::string> bytes = base64url_decode(key);
  return bytes && bytes->size() == key_bytes;
}

bool asks_for_websocket(const Request& request) {
  constexpr unsigned http_1_1 = 11;
  return request.version() == http_1_1 && request.method() == http::verb::get &&
         has_element(text(request[http::field::connection]), "upgrade") &&
         has_element(text(request[http::field::upgrade]), "websocket");
}

}  // namespace

bool asks_for_upgrade(const Request& request) { return request.count(http::field::upgrade) > 0; }

std::variant<Handshake, HandshakeProblem> read_handshake(const Request& request) {
  if (!asks_for_websocket(request)) return HandshakeProblem{"not a request for a WebSocket"};
  std::optional<std::string> authority = authority_of(request);
  if (!authority) return HandshakeProblem{"no Host that is good, or several"};
  if (request.count(http::field::origin) > 1) return HandshakeProblem{"several Origin"};
  const std::string protocols = list_of(request, http::field::sec_websocket_protocol);
  if (!has_only(protocols, is_header_token)) {
    return HandshakeProblem{"Sec-WebSocket-Protocol is not a list of names"};
  }
  if (!has_one(request, http::field::sec_websocket_version) ||
      text(request[http::field::sec_websocket_version]) != "13") {
    return HandshakeProblem{.why = "another version of WebSocket", .is_of_version = true};
  }
  if (!has_good_key(request)) return HandshakeProblem{"no Sec-WebSocket-Key of 16 bytes"};
  const std::string_view target = text(request.target());
  const std::string_view path = target.substr(0, target.find('?'));
  Handshake handshake;
  handshake.upstream = path.substr(1);
  handshake.max_staleness =
      read_staleness(request, target.substr(std::min(path.size() + 1, target.size())));
  handshake.authority = std::move(*authority);
  handshake.host = host_of(handshake.authority);
  if (request.count(http::field::origin) == 1) {
    handshake.origin = std::string(text(request[http::field::origin]));
  }
  read_authorization(request, handshake);
  read_protocols(request, protocols, handshake);
  return handshake;
}

}  // namespace plimsoll::bridge
