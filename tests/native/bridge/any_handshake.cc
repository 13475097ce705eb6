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

struct Outcome {
  std::string request;  // empty: none
  std::string address;
  http::status status = http::status::unknown;
  std::optional<bridge::Request> parsed;
};

void settle() {
  context().restart();
  while (context().poll() > 0) {
  }
}

template <class NextSize>
Outcome enter(std::string_view bytes, bool has_proxy, NextSize&& next_size) {
  bridge::EntryRules rules;
  rules.proxy_protocol = has_proxy;
  rules.trusted_proxies = {*bridge::Network::parse("127.0.0.0/8")};
  FarEnd peer(context());
  bridge::Stream stream(peer.near_end());
  std::optional<bridge::Entry> entry;
  const bridge::CountAddress anybody = [](const std::string&) { return bridge::Admission(); };
  asio::co_spawn(context(), bridge::enter(stream, rules, near_address, anybody),
                 [&](std::exception_ptr failed, bridge::Entry result) {
                   expect("nothing is thrown", failed == nullptr);
                   entry = std::move(result);
                 });
  settle();
  while (!bytes.empty() && !entry) {
    const std::string_view piece = bytes.substr(0, next_size());
    bytes.remove_prefix(piece.size());
    expect("all is read", peer.send(piece) == piece.size());
    settle();
  }
  peer.finish();
  settle();
  expect("it comes to an end", entry.has_value());
  Outcome outcome;
  outcome.address = entry->address;
  outcome.status = entry->refusal.status;
  if (entry->request) {
    std::ostringstream text;
    text << entry->request->base();
    outcome.request = text.str();
    outcome.parsed = std::move(entry->request);
  }
  return outcome;
}

// What is behind a header is noticed only if it came along with the header's end.
void check_same(const Outcome& whole, const Outcome& cut) {
  if (whole.request.empty() && !cut.request.empty()) {
    expect("no request for bytes behind it", whole.status == http::status::bad_request);
    return;
  }
  expect_equal("the request", cut.request, whole.request);
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
  if (!outcome.parsed) return;
  const bridge::Request& request = *outcome.parsed;
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
    return outcome.request.find(text) != std::string::npos;
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
  const auto mode = static_cast<unsigned char>(input[0]);
  const bool has_proxy = (mode & 1U) != 0;
  std::minstd_rand random(static_cast<unsigned char>(input[1]));
  const std::string_view bytes = input.substr(2);
  const Outcome whole = enter(bytes, has_proxy, [] { return std::string_view::npos; });
  check_same(whole, enter(bytes, has_proxy, [] { return std::size_t{1}; }));
  check_same(whole, enter(bytes, has_proxy, [&] { return 1 + random() % 64; }));
  judge(whole, (mode & 2U) != 0);
}

}  // namespace plimsoll::testing
