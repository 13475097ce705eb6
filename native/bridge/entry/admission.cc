#include "plimsoll/native/bridge/entry/admission.h"

#include <algorithm>

#include "plimsoll/native/observe/authority.h"

namespace plimsoll::bridge {
namespace {

using boost::beast::http::status;
using native::authority_of;
using native::host_of;
using native::is_own_host;

constexpr std::chrono::seconds soon{1};

// A refusal of a client whose token is good, for the counters of its profile.
Admission refuse_bearer(const Authorization& authorization, status status, std::string why,
                        std::chrono::seconds retry_after = {}) {
  Admission refused = refuse(status, std::move(why), retry_after);
  refused.authorization = authorization;
  return refused;
}

Admission refuse_host() {
  return refuse(status::misdirected_request, "Host is not a name of this machine");
}

}  // namespace

Admission refuse(status status, std::string why, std::chrono::seconds retry_after) {
  Admission refused;
  refused.status = status;
  refused.why = std::move(why);
  refused.retry_after = retry_after;
  return refused;
}

bool is_for_page(boost::beast::http::verb method) {
  return method == boost::beast::http::verb::get || method == boost::beast::http::verb::head;
}

Admission refuse_method() {
  return refuse(status::method_not_allowed, "the method is neither GET nor HEAD");
}

Admission Doorkeeper::count_attempt(const std::string& address) {
  if (limits_.attempt(address, std::chrono::steady_clock::now())) return {};
  return refuse(status::too_many_requests, "upgrades_per_second_per_address", soon);
}

Admission Doorkeeper::count(const std::string& address, ConnectionLimits::Place& place) {
  place = ConnectionLimits::Place();
  if (!rules_.has_pages()) {
    Admission counted = count_attempt(address);
    if (!counted.is_welcome()) return counted;
  }
  place = limits_.take_place_of_address(address);
  if (place) return {};
  return refuse(status::too_many_requests, "connections_per_address_max", retry_later);
}

bool Doorkeeper::may_come_from(const Handshake& handshake) const {
  const std::string& origin = *handshake.origin;
  if (std::ranges::find(rules_.origins, origin) != rules_.origins.end()) return true;
  // For the bridge's own pages, the origin is the Host. A page of another origin cannot forge a
  // Host for the bridge: on loopback judge() has checked it, elsewhere the certificate or the proxy
  // does.
  return std::ranges::any_of(rules_.page_schemes, [&](const std::string& scheme) {
    return origin == scheme + "://" + handshake.authority;
  });
}

Admission Doorkeeper::judge_page(const Request& request, const Entrance& entrance) const {
  const auto authority = authority_of(request);
  if (!authority) return refuse(status::bad_request, "no Host that is good, or several");
  if (entrance.is_loopback && !is_own_host(host_of(*authority), rules_.hosts)) return refuse_host();
  return is_for_page(request.method()) ? Admission() : refuse_method();
}

Admission Doorkeeper::judge(const Request& request, const Entrance& entrance) {
  if (rules_.has_pages()) {
    Admission counted = count_attempt(entrance.address);
    if (!counted.is_welcome()) return counted;
  }
  const auto read = read_handshake(request);
  if (const auto* problem = std::get_if<HandshakeProblem>(&read)) {
    Admission refused = refuse(status::bad_request, std::string(problem->why));
    refused.names_version = problem->is_of_version;
    return refused;
  }
  const auto* const handshake = &std::get<Handshake>(read);
  if (entrance.is_loopback && !is_own_host(handshake->host, rules_.hosts)) return refuse_host();
  if (handshake->origin && !may_come_from(*handshake)) {
    return refuse(status::forbidden, "Origin is not allowed");
  }
  Admission judged = judge_token(*handshake);
  judged.refusal_key = handshake->refusal_key;
  return judged;
}

Admission Doorkeeper::judge_token(const Handshake& handshake) {
  if (!handshake.token) return refuse(status::unauthorized, "no token");
  if (handshake.has_two_tokens) return refuse(status::unauthorized, "two tokens");
  const Verified<Authorization> verified =
      verify_(*handshake.token, std::chrono::system_clock::now());
  if (!verified) {
    return refuse(status::unauthorized, "token: " + std::string(text(verified.refusal())));
  }
  const Authorization& authorization = *verified;
  // Only now, so that a client without a token cannot find out which upstreams exist.
  auto upstream = rules_.upstreams.find(handshake.upstream);
  if (handshake.upstream.empty() && rules_.upstreams.size() == 1) {
    upstream = rules_.upstreams.begin();
  }
  if (upstream == rules_.upstreams.end())
    return refuse_bearer(authorization, status::not_found, "no such upstream");
  const std::string& bound_to = authorization.profile->upstream;
  if (!bound_to.empty() && bound_to != upstream->first) {
    return refuse_bearer(authorization, status::forbidden,
                         "the token's profile is for another upstream");
  }
  ConnectionLimits::Place place_of_token =
      limits_.take_place_of_token(authorization.id, authorization.profile->connections_max);
  if (!place_of_token)
    return refuse_bearer(authorization, status::too_many_requests, "connections_max of the token",
                         retry_later);
  if (handshake.protocol.empty())
    return refuse_bearer(authorization, status::bad_request, "no known subprotocol");
  if (!handshake.max_staleness) {
    Admission refused =
        refuse_bearer(authorization, status::bad_request, std::string(max_staleness_refusal));
    refused.reason = max_staleness_refusal;
    return refused;
  }

  Admission welcome;
  welcome.upstream = &upstream->second;
  welcome.upstream_name = upstream->first;
  welcome.protocol = handshake.protocol;
  welcome.max_staleness = *handshake.max_staleness;
  welcome.authorization = authorization;
  welcome.place_of_token = std::move(place_of_token);
  welcome.rate = &limits_.rate_of_token(authorization.id);
  return welcome;
}

}  // namespace plimsoll::bridge
