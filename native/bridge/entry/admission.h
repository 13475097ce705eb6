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
#include "plimsoll/native/bridge/tokens/authorization.h"
#include "plimsoll/native/bridge/tokens/token_refusal.h"
#include "plimsoll/staleness.h"

// Decides whether a request for a WebSocket, or for a page, is admitted: before the bridge connects
// to any server, and in the order that docs/bridge-protocol.md gives.

namespace plimsoll::bridge {

/// Verifies a token, as Tokens::verify() does.
using VerifyToken = std::function<Verified<Authorization>(
    std::string_view token, std::chrono::system_clock::time_point now)>;

struct AdmissionRules {
  std::map<std::string, Target, std::less<>> upstreams;
  /// The origins whose pages may open WebSockets, compared exactly. A request without Origin does
  /// not come from a page, and is not checked.
  std::vector<std::string> origins;
  /// Values of Host for this machine, besides localhost and the loopback addresses.
  std::vector<std::string> hosts;
  /// The schemes by which browsers reach the bridge's own pages, which may open WebSockets, too:
  /// "http", "https". Empty: the bridge has no pages.
  std::vector<std::string> page_schemes;

  bool has_pages() const { return !page_schemes.empty(); }
};

struct Admission {
  /// switching_protocols: admitted; otherwise the status of the answer.
  boost::beast::http::status status = boost::beast::http::status::switching_protocols;
  std::chrono::seconds retry_after{0};
  /// For the log.
  std::string why;
  /// What a client that is told by a close reads; empty: what the status says to all. A literal.
  std::string_view reason;
  /// Of a refused client that is told by a close: its Sec-WebSocket-Key. Empty: by the status.
  std::string refusal_key;
  /// The answer says which version of WebSocket the bridge speaks.
  bool names_version = false;

  const Target* upstream = nullptr;
  std::string upstream_name;
  std::string_view protocol;
  /// Also of a refused client whose token was good; without a profile: no token was verified.
  Authorization authorization;
  native::Staleness max_staleness = native::any_staleness;
  ConnectionLimits::Place place_of_token;
  SharedRate* rate = nullptr;  ///< of the token's commands; valid as long as place_of_token

  bool is_welcome() const { return status == boost::beast::http::status::switching_protocols; }

  /// Becomes this refusal, of the same client.
  void turn_into(Admission refusal) {
    refusal.refusal_key = std::move(refusal_key);
    refusal.authorization = std::move(authorization);
    *this = std::move(refusal);
  }
};

/// A refusal.
Admission refuse(boost::beast::http::status status, std::string why,
                 std::chrono::seconds retry_after = {});

/// Whether pages answer this method, and the refusal of other methods.
bool is_for_page(boost::beast::http::verb method);
Admission refuse_method();

/// Retry-After for a refusal that lasts until another connection ends.
inline constexpr std::chrono::seconds retry_later{10};

/// Where a request arrived, and who sent it.
struct Entrance {
  bool is_loopback = true;  ///< the listening address is loopback, and no proxy is in front
  std::string address = {};
};

class Doorkeeper {
 public:
  /// All arguments must outlive this object.
  Doorkeeper(const AdmissionRules& rules, const VerifyToken& verify, ConnectionLimits& limits)
      : rules_(rules), verify_(verify), limits_(limits) {}

  /// Takes a place for one more connection of `address`, and puts it into `place`; or refuses. Also
  /// counts an attempt, except with pages: the request may be for a page, so judge() counts it.
  Admission count(const std::string& address, ConnectionLimits::Place& place);

  /// Judges a request for a WebSocket. Only a page whose origin is allowed is told by a close.
  Admission judge(const Request& request, const Entrance& entrance);

  /// Judges a request for a page.
  Admission judge_page(const Request& request, const Entrance& entrance) const;

 private:
  Admission count_attempt(const std::string& address);
  bool may_come_from(const Handshake& handshake) const;
  Admission judge_token(const Handshake& handshake);

  const AdmissionRules& rules_;
  const VerifyToken& verify_;
  ConnectionLimits& limits_;
};

}  // namespace plimsoll::bridge
