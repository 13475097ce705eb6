#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>

#include "plimsoll/native/bridge/entry/connection_limits.h"
#include "plimsoll/native/bridge/http/handshake.h"
#include "plimsoll/native/bridge/stream/dial.h"
#include "plimsoll/native/bridge/tokens/grant.h"
#include "plimsoll/native/bridge/tokens/token_refusal.h"

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
  /// By which schemes the bridge's own pages are reached, which are let in, too: "http", "https";
  /// none: it has no pages.
  std::vector<std::string> page_schemes;

  bool has_pages() const { return !page_schemes.empty(); }
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

/// Whether pages answer this method, and what they say to others.
bool is_for_page(boost::beast::http::verb method);
Admission refuse_method();

/// For Retry-After where a connection has to end first.
inline constexpr std::chrono::seconds retry_later{10};

/// Where a request came in, and from whom.
struct Entrance {
  bool is_loopback = true;  ///< this machine alone gets here, as far as the address tells
  std::string address = {};
};

class Doorkeeper {
 public:
  /// All outlive this.
  Doorkeeper(const AdmissionRules& rules, const VerifyToken& verify, ConnectionLimits& limits)
      : rules_(rules), verify_(verify), limits_(limits) {}

  /// Takes a place for one more connection of `address`, instead of what `place` has been, and
  /// counts the attempt; or refuses. With pages it may be none: judge() counts it then.
  Admission count(const std::string& address, ConnectionLimits::Place& place);

  /// Of a request for a WebSocket.
  Admission judge(const Request& request, const Entrance& entrance);

  /// Of one for a page.
  Admission judge_page(const Request& request, const Entrance& entrance) const;

 private:
  Admission count_attempt(const std::string& address);
  bool may_come_from(const Handshake& handshake) const;

  const AdmissionRules& rules_;
  const VerifyToken& verify_;
  ConnectionLimits& limits_;
};

}  // namespace plimsoll::bridge
