#include "plimsoll/tests/native/bridge/any_handshake.h"

#include <cctype>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/write.hpp>

#include "plimsoll/fuzz/expect.h"
#include "plimsoll/native/bridge/entry/admission.h"
#include "plimsoll/native/bridge/entry/connection_limits.h"
#include "plimsoll/native/bridge/entry/entry.h"
#include "plimsoll/native/bridge/http/handshake.h"
#include "plimsoll/native/bridge/stream/stream.h"
#include "plimsoll/native/bridge/tokens/authorization.h"
#include "plimsoll/tests/native/bridge/far_end.h"

namespace plimsoll::testing {
namespace {

using fuzz::expect;
using fuzz::expect_equal;

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr std::string_view token = "let me in";
const std::string near_address = "127.0.0.1";
constexpr std::string_view origin = "https://shop.example";

asio::io_context& context() {
  static asio::io_context only(1);
  return only;
}

struct Mode {
  bool has_proxy = false;
  bool is_loopback = false;
  bool has_pages = false;  // which may be asked for one after another
};

constexpr std::size_t requests_max = 8;

struct Outcome {
  std::vector<std::string> requests;
  std::string address;
  http::status status = http::status::unknown;
  std::optional<bridge::Request> last;  // if it asks for a WebSocket, or there are no pages
};

void settle() {
  context().restart();
  while (context().poll() > 0) {
  }
}

std::string text_of(const bridge::Request& request) {
  std::ostringstream text;
  text << request.base();
  return text.str();
}

asio::awaitable<void> read_requests(bridge::Stream& stream, const bridge::EntryRules& rules,
                                    Outcome& outcome) {
  const bridge::EntryCalls anybody{.count = [](const std::string&) { return bridge::Admission(); },
                                   .pay = [](bridge::EntryStep) { return bridge::Admission(); }};
  bridge::Entry entry = co_await bridge::enter(stream, rules, near_address, anybody);
  while (entry.request) {
    expect("no more is kept than a header's size", entry.behind.size() <= bridge::header_bytes_max);
    outcome.requests.push_back(text_of(*entry.request));
    const bool is_last = !rules.has_pages || bridge::asks_for_upgrade(*entry.request);
    if (is_last) outcome.last = std::move(entry.request);
    if (is_last || outcome.requests.size() == requests_max) break;
    co_await bridge::enter_again(stream, rules, entry, anybody);
  }
  outcome.address = entry.address;
  outcome.status = entry.refusal.status;
}

template <class NextSize>
Outcome enter(std::string_view bytes, const Mode& mode, NextSize&& next_size) {
  bridge::EntryRules rules;
  rules.proxy_protocol = mode.has_proxy;
  rules.has_pages = mode.has_pages;
  rules.trusted_proxies = {*bridge::Network::parse("127.0.0.0/8")};
  FarEnd peer(context());
  bridge::Stream stream(peer.near_end());
  Outcome outcome;
  bool is_over = false;
  asio::co_spawn(context(), read_requests(stream, rules, outcome), [&](std::exception_ptr failed) {
    expect("nothing is thrown", failed == nullptr);
    is_over = true;
  });
  settle();
  while (!bytes.empty() && !is_over) {
    const std::string_view piece = bytes.substr(0, next_size());
    bytes.remove_prefix(piece.size());
    expect("all is read", peer.send(piece) == piece.size());
    settle();
  }
  peer.finish();
  settle();
  expect("it comes to an end", is_over);
  return outcome;
}

// What is behind a header is noticed only if it came along with the header's end. Behind a request
// for a page it is another request, however it comes.
void check_same(const Outcome& whole, const Outcome& cut) {
  for (std::size_t i = 0; i < whole.requests.size() && i < cut.requests.size(); ++i) {
    expect_equal("the request", cut.requests[i], whole.requests[i]);
  }
  if (whole.requests.size() < cut.requests.size()) {
    expect("no request for bytes behind it", whole.status == http::status::bad_request ||
                                                 whole.status == http::status::method_not_allowed);
    return;
  }
  expect("as many requests", cut.requests.size() == whole.requests.size());
  expect("the status", cut.status == whole.status);
  expect_equal("the address", cut.address, whole.address);
}

bridge::Verified<bridge::Authorization> verify(std::string_view given,
                                               std::chrono::system_clock::time_point) {
  static const bridge::Profile profile = [] {
    bridge::Profile made;
    made.name = "page";
    made.upstream = "main";
    return made;
  }();
  if (given != token) return bridge::TokenRefusal::forged;
  bridge::Authorization authorization;
  authorization.profile = &profile;
  authorization.id = "0123456789abcdef";
  return authorization;
}

bool is_own_name(const bridge::Request& request) {
  std::string host(request[http::field::host]);
  for (char& letter : host)
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return host.starts_with("localhost") || host.starts_with("127.0.0.1") ||
         host.starts_with("[::1]") || host.starts_with("valkey.test");
}

void judge(const Outcome& outcome, bool is_loopback) {
  if (!outcome.last) return;
  const bridge::Request& request = *outcome.last;
  bridge::AdmissionRules rules;
  rules.upstreams.emplace("main", bridge::Target());
  rules.upstreams.emplace("other", bridge::Target());
  rules.origins = {std::string(origin)};
  rules.hosts = {"valkey.test"};
  const bridge::VerifyToken verifier = verify;
  bridge::ConnectionLimits limits({});
  bridge::Doorkeeper doorkeeper(rules, verifier, limits);
  const bridge::Admission admission = doorkeeper.judge(request, {.is_loopback = is_loopback});
  const auto status = static_cast<unsigned>(admission.status);
  expect("a status that the protocol has", status == 101 || status == 400 || status == 401 ||
                                               status == 403 || status == 404 || status == 421);
  if (!admission.is_welcome()) return;
  const auto has = [&](std::string_view text) {
    return outcome.requests.back().find(text) != std::string::npos;
  };
  expect("whoever is let in has the token", has(token) || has("bGV0IG1lIGlu"));
  expect("and is a page of the origin, or none",
         request.count(http::field::origin) == 0 || request[http::field::origin] == origin);
  expect("and asks for his own server", admission.upstream_name == "main" && has(" /main"));
  expect("and speaks a subprotocol", has("resp") && !admission.protocol.empty());
  expect("by a name that is this machine's", !is_loopback || is_own_name(request));
}

}  // namespace

void try_handshake(std::string_view input) {
  if (input.size() < 2) return;
  const auto bits = static_cast<unsigned char>(input[0]);
  const Mode mode{.has_proxy = (bits & 1U) != 0,
                  .is_loopback = (bits & 2U) != 0,
                  .has_pages = (bits & 4U) != 0};
  std::minstd_rand random(static_cast<unsigned char>(input[1]));
  const std::string_view bytes = input.substr(2);
  const Outcome whole = enter(bytes, mode, [] { return std::string_view::npos; });
  check_same(whole, enter(bytes, mode, [] { return std::size_t{1}; }));
  check_same(whole, enter(bytes, mode, [&] { return 1 + random() % 64; }));
  judge(whole, mode.is_loopback);
}

}  // namespace plimsoll::testing
