#include "plimsoll/native/bridge/admission.h"

#include <algorithm>

namespace plimsoll::bridge {
namespace {

using boost::beast::http::status;

constexpr std::chrono::seconds soon{1};

}  // namespace

Admission refuse(status status, std::string why, std::chrono::seconds retry_after) {
  Admission refused;
  refused.status = status;
  refused.why = std::move(why);
  refused.retry_after = retry_after;
  return refused;
}

Admission Doorkeeper::count(const std::string& address, ConnectionLimits::Place& place) {
  if (!limits_.attempt(address, std::chrono::steady_clock::now())) {
    return refuse(status::too_many_requests, "upgrades_per_second_per_address", soon);
  }
  place = limits_.take_place_of_address(address);
  if (place) return {};
  return refuse(status::too_many_requests, "connections_per_address_max", retry_later);
}

Admission Doorkeeper::judge(const Request& request, const Entrance& entrance) {
  const auto handshake = read_handshake(request);
  if (!handshake) return refuse(status::bad_request, "no request for a WebSocket");
  if (entrance.is_loopback && !is_own_host(handshake->host, rules_.hosts)) {
    return refuse(status::misdirected_request, "a Host that is not this machine");
  }
  if (handshake->origin &&
      std::ranges::find(rules_.origins, *handshake->origin) == rules_.origins.end()) {
    return refuse(status::forbidden, "an Origin that is not allowed");
  }

  if (!handshake->token) return refuse(status::unauthorized, "no token");
  if (handshake->has_two_tokens) return refuse(status::unauthorized, "two tokens");
  const Verified<Grant> verified = verify_(*handshake->token, std::chrono::system_clock::now());
  if (!verified) {
    return refuse(status::unauthorized, "token: " + std::string(text(verified.refusal())));
  }
  const Grant& grant = *verified;
  // Not before: whoever has no token learns no names.
  auto upstream = rules_.upstreams.find(handshake->upstream);
  if (handshake->upstream.empty() && rules_.upstreams.size() == 1) {
    upstream = rules_.upstreams.begin();
  }
  if (upstream == rules_.upstreams.end()) return refuse(status::not_found, "no such upstream");
  const std::string& bound_to = grant.profile->upstream;
  if (!bound_to.empty() && bound_to != upstream->first) {
    return refuse(status::forbidden, "an upstream that is not the token's");
  }
  ConnectionLimits::Place place_of_token =
      limits_.take_place_of_token(grant.id, grant.profile->connections_max);
  if (!place_of_token)
    return refuse(status::too_many_requests, "connections_max of a token", retry_later);
  if (handshake->protocol.empty()) return refuse(status::bad_request, "no subprotocol of ours");

  Admission welcome;
  welcome.upstream = &upstream->second;
  welcome.upstream_name = upstream->first;
  welcome.protocol = handshake->protocol;
  welcome.grant = grant;
  welcome.place_of_token = std::move(place_of_token);
  welcome.rate = &limits_.rate_of_token(grant.id);
  return welcome;
}

}  // namespace plimsoll::bridge
