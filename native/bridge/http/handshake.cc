#include "plimsoll/native/bridge/http/handshake.h"

#include <algorithm>
#include <utility>

#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "plimsoll/native/bridge/tokens/base64url.h"

namespace plimsoll::bridge {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view bearer_protocol = "bearer.";

std::string_view text(boost::core::string_view view) { return {view.data(), view.size()}; }

std::string to_lower(std::string_view word) {
  std::string lower(word);
  std::ranges::transform(lower, lower.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
  });
  return lower;
}

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

void read_protocols(const Request& request, Handshake& handshake) {
  const auto [begin, end] = request.equal_range(http::field::sec_websocket_protocol);
  for (auto at = begin; at != end; ++at) {
    for (const auto& each : http::token_list(at->value())) {
      const std::string_view name = text(each);
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
}

}  // namespace

bool asks_for_upgrade(const Request& request) { return request.count(http::field::upgrade) > 0; }

std::optional<std::string> authority_of(const Request& request) {
  if (!has_one(request, http::field::host)) return std::nullopt;
  return to_lower(text(request[http::field::host]));
}

std::string host_of(std::string_view authority) {
  const std::size_t end = authority.starts_with('[') ? authority.find(']') : authority.npos;
  return std::string(authority.substr(0, authority.find(':', end == authority.npos ? 0 : end)));
}

std::optional<Handshake> read_handshake(const Request& request) {
  if (!boost::beast::websocket::is_upgrade(request)) return std::nullopt;
  std::optional<std::string> authority = authority_of(request);
  if (!authority || request.count(http::field::origin) > 1 ||
      !has_one(request, http::field::sec_websocket_version) ||
      text(request[http::field::sec_websocket_version]) != "13") {
    return std::nullopt;
  }
  const std::string_view target = text(request.target());
  const std::string_view path = target.substr(0, target.find('?'));
  if (!path.starts_with('/')) return std::nullopt;
  Handshake handshake;
  handshake.upstream = path.substr(1);
  handshake.authority = std::move(*authority);
  handshake.host = host_of(handshake.authority);
  if (request.count(http::field::origin) == 1) {
    handshake.origin = std::string(text(request[http::field::origin]));
  }
  read_authorization(request, handshake);
  read_protocols(request, handshake);
  return handshake;
}

bool is_own_host(std::string_view host, const std::vector<std::string>& allowed) {
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]" ||
         std::ranges::find(allowed, host) != allowed.end();
}

}  // namespace plimsoll::bridge
