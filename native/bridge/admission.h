#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/beast/http/status.hpp>

#include "plimsoll/native/bridge/connection_limits.h"
#include "plimsoll/native/bridge/dial.h"
#include "plimsoll/native/bridge/grant.h"
#include "plimsoll/native/bridge/handshake.h"
#include "plimsoll/native/bridge/token_refusal.h"

// Whether a request for a WebSocket is let in: decided before any server is asked, in the order
// that docs/bridge-protocol.md gives.

namespace plimsoll::bridge {

/// Tokens::verify(), mostly.
using VerifyToken = std::function<Verified<Grant>(std::string_view token,
                                                  std::chrono::system_clock::time_point now)>;

struct AdmissionRules {
  std::map<std::string, Target, std::less<>> upstreams;
  /// Exactly those that may open WebSockets; whoever sends no Origin is no page.
  std::vector<std::string> origins;
  /// Names for this machine besides localhost and the loopback addresses.
  std::vector<std::string> hosts;
};

struct Admission {
  /// switching_protocols: let in; else what is answered.
  boost::beast::http::status status = boost::beast::http::status::switching_protocols;
  std::chrono::seconds retry_after{0};
  /// For the log.
  std::string why;

  const Target* upstream = nullptr;
  std::string upstream_name;
  std::string_view protocol;
  Grant grant;
  ConnectionLimits::Place place_of_token;
  Rate* rate = nullptr;  ///< of the token's commands; as long as its place

  bool is_welcome() const { return status == boost::beast::http::status::switching_protocols; }
};

/// One that is not let in.
Admission refuse(boost::beast::http::status status, std::string why,
                 std::chrono::seconds retry_after = {});

/// For Retry-After where a connection has to end first.
inline constexpr std::chrono::seconds retry_later{10};

/// Where a request came in.
struct Entrance {
  bool is_loopback = true;  ///< this machine alone gets here, as far as the address tells
};

class Doorkeeper {
 public:
  /// All outlive this.
  Doorkeeper(const AdmissionRules& rules, const VerifyToken& verify, ConnectionLimits& limits)
      : rules_(rules), verify_(verify), limits_(limits) {}

  /// Takes a place for one more connection of `address`, and counts the attempt; or refuses.
  Admission count(const std::string& address, ConnectionLimits::Place& place);

  Admission judge(const Request& request, const Entrance& entrance);

 private:
  const AdmissionRules& rules_;
  const VerifyToken& verify_;
  ConnectionLimits& limits_;
};

}  // namespace plimsoll::bridge
