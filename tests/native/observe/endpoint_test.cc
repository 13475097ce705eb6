#include <atomic>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/log.h"
#include "plimsoll/metrics.h"
#include "plimsoll/native/observe/page_server.h"
#include "plimsoll/native/runtime/runtime.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/observe/http_peer.h"
#include "plimsoll/tests/native/observe/metrics_page.h"
#include "plimsoll/tests/native/shared_server.h"

// The endpoint as those see it who reach its port.

namespace plimsoll::testing::endpoint_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::metrics_address;
using native::serve_metrics;

// Serves on a free port, and stops in the end.
struct Served {
  explicit Served(const std::string& listen = "127.0.0.1:0")
      : port(port_in(serve_metrics({.listen = listen}).value())) {}
  ~Served() { static_cast<void>(serve_metrics({})); }

  std::uint16_t port;
};

std::string refusal(const std::string& listen) {
  const auto served = serve_metrics({.listen = listen});
  REQUIRE_FALSE(served);
  CHECK(served.error().code() == ErrorCode::invalid_option);
  return served.error().what();
}

TEST_CASE("nothing is served until somebody asks for it, and after it was stopped") {
  CHECK(metrics_address().empty());
  std::uint16_t port = 0;
  {
    const Served served;
    port = served.port;
    CHECK(metrics_address() == "127.0.0.1:" + std::to_string(port));
    CHECK(ask_http(port, "GET /metrics").starts_with("HTTP/1.1 200 OK\r\n"));
  }
  CHECK(metrics_address().empty());
  CHECK_FALSE(HttpPeer(port).connected());
}

TEST_CASE("GET and HEAD of /metrics are answered as Prometheus wants it") {
  const Served served;
  const std::string answer = ask_http(served.port, "GET /metrics?whatever=1");
  CHECK_THAT(answer,
             ContainsSubstring("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  const auto page = read_metrics_page(body_of(answer));
  CHECK(page.at("plimsoll_metrics_scrapes_total").samples.at("") >= 1);
  const std::string head = ask_http(served.port, "HEAD /metrics");
  CHECK(head.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK_THAT(head, ContainsSubstring("Content-Length: "));
  CHECK(head.ends_with("\r\n\r\n"));
}

std::string ask_as(std::uint16_t port, std::string_view headers) {
  HttpPeer peer(port);
  peer.say(std::string("GET /metrics HTTP/1.1\r\n").append(headers).append("\r\n"));
  return peer.hear();
}

TEST_CASE("on loopback a page with another name cannot read the metrics") {
  const Served served;
  const std::string port = ":" + std::to_string(served.port);
  for (const std::string& own :
       {std::string("localhost"), "LocalHost" + port, "127.0.0.1" + port, "[::1]" + port}) {
    INFO(own);
    CHECK(ask_as(served.port, "Host: " + own + "\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
  }
  CHECK(ask_as(served.port, "").starts_with("HTTP/1.1 200 OK\r\n"));
  for (const std::string& other :
       {std::string("rebound.example"), "localhost.rebound.example" + port,
        std::string("127.0.0.2"), std::string("localhost:") + "1@rebound.example", std::string()}) {
    INFO(other);
    const std::string answer = ask_as(served.port, "Host: " + other + "\r\n");
    CHECK_FALSE(answer.starts_with("HTTP/1.1 200"));
    CHECK(answer.find("plimsoll_") == answer.npos);
  }
  CHECK(ask_as(served.port, "Host: rebound.example\r\n").starts_with("HTTP/1.1 421 "));
  CHECK(ask_as(served.port, "Host: localhost\r\nHost: rebound.example\r\n")
            .starts_with("HTTP/1.1 400 "));
}

TEST_CASE("the address at which a request came in may be its Host, and no other one") {
  const Served served("127.0.0.2:0");
  const auto status_for = [&served](std::string_view host) {
    HttpPeer peer("127.0.0.2", served.port);
    peer.say(std::string("GET /metrics HTTP/1.1\r\nHost: ").append(host).append("\r\n\r\n"));
    return peer.hear().substr(0, 12);
  };
  CHECK(status_for("127.0.0.2:" + std::to_string(served.port)) == "HTTP/1.1 200");
  CHECK(status_for("127.0.0.3") == "HTTP/1.1 421");
  CHECK(status_for("rebound.example") == "HTTP/1.1 421");
}

TEST_CASE("beyond loopback any name may be that of the machine") {
  const Served served("0.0.0.0:0");
  CHECK(ask_as(served.port, "Host: metrics.example\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("there are no other pages, and no other methods") {
  const Served served;
  CHECK(ask_http(served.port, "GET /").starts_with("HTTP/1.1 404 "));
  CHECK(ask_http(served.port, "GET /metrics/").starts_with("HTTP/1.1 404 "));
  const std::string refused = ask_http(served.port, "POST /metrics");
  CHECK(refused.starts_with("HTTP/1.1 405 "));
  CHECK_THAT(refused, ContainsSubstring("Allow: GET, HEAD\r\n"));
}

TEST_CASE("what is no HTTP, or too much of it, is closed without an answer") {
  const Served served;
  const std::string garbage =
      GENERATE(std::string("PING\r\n"), std::string("\x16\x03\x01\x02 TLS\r\n\r\n"),
               std::string("*1\r\n$4\r\nPING\r\n"),
               "GET /metrics HTTP/1.1\r\nX: " + std::string(native::page_header_bytes_max, 'x'),
               std::string(native::page_header_bytes_max + 1, 'G'));
  HttpPeer peer(served.port);
  peer.say(garbage);
  CHECK(peer.hear().empty());
  CHECK(ask_http(served.port, "GET /metrics").starts_with("HTTP/1.1 200"));
}

TEST_CASE("a peer that does not end its header is closed in time") {
  auto server = std::make_shared<native::PageServer>(
      native::Runtime::get().upkeep(),
      native::PageServerLimits{.exchange_timeout = std::chrono::milliseconds(50)},
      [](const std::string&) -> boost::asio::awaitable<native::TextPage> {
        co_return native::TextPage();
      });
  std::promise<std::uint16_t> port;
  boost::asio::dispatch(native::Runtime::get().upkeep(), [&] {
    server->start({boost::asio::ip::make_address("127.0.0.1"), 0});
    port.set_value(server->endpoint().port());
  });
  HttpPeer peer(finish(port.get_future()));
  peer.say("GET / HTTP/1.1\r\nHost:");
  CHECK(peer.hear().empty());
  boost::asio::dispatch(native::Runtime::get().upkeep(), [server] { server->stop(); });
}

TEST_CASE("connections that are too many are closed and counted, and make room when they go") {
  const Served served;
  std::vector<HttpPeer> idle;
  for (std::size_t i = 0; i < native::metrics_connections_max; ++i) idle.emplace_back(served.port);
  HttpPeer one_more(served.port);
  one_more.say("GET /metrics HTTP/1.1\r\n\r\n");
  CHECK(one_more.hear().empty());
  idle.clear();
  std::string answer;
  REQUIRE(eventually([&] {
    answer = ask_http(served.port, "GET /metrics");
    return !answer.empty();
  }));
  CHECK(read_metrics_page(body_of(answer)).at("plimsoll_metrics_refused_total").samples.at("") > 0);
}

TEST_CASE("an address that is none, or cannot be had, is refused with what to do") {
  CHECK(refusal("9121") ==
        "invalid_option: metrics.listen is \"9121\": it is no address and port; expected "
        "\"127.0.0.1:9121\", \"[::1]:9121\" or \"localhost:9121\"");
  CHECK_THAT(refusal("example.com:9121"), ContainsSubstring("no address and port"));
  CHECK_THAT(refusal("127.0.0.1:70000"), ContainsSubstring("no address and port"));
  CHECK_THAT(refusal("192.0.2.1:9121"), ContainsSubstring("an address of this machine"));
  CHECK(metrics_address().empty());
}

TEST_CASE(
    "a port in use is refused with the address and the reason, and what was served still is") {
  const Served served;
  const Descriptor other = bind_tcp(0);
  REQUIRE(::listen(other.number(), 1) == 0);
  const std::string taken = "127.0.0.1:" + std::to_string(port_of(other));
  CHECK(refusal(taken) == "invalid_option: metrics.listen is \"" + taken +
                              "\": Address already in use; expected another address or port: a "
                              "process has this one, maybe another copy of this program");
  CHECK(ask_http(served.port, "GET /metrics").starts_with("HTTP/1.1 200"));
}

TEST_CASE("another address takes the place of the one before, with the same port, too") {
  std::vector<std::string> warnings;
  std::mutex mutex;
  native::set_log_hook([&](const native::LogRecord& record) {
    const std::lock_guard lock(mutex);
    if (record.event_name.starts_with("plimsoll.metrics."))
      warnings.emplace_back(record.event_name);
  });
  const Served first;
  const std::string everywhere = "0.0.0.0:" + std::to_string(first.port);
  CHECK(serve_metrics({.listen = everywhere}).value() == everywhere);
  CHECK(ask_http(first.port, "GET /metrics").starts_with("HTTP/1.1 200"));
  const Served second;
  CHECK(second.port != first.port);
  CHECK_FALSE(HttpPeer(first.port).connected());
  native::set_log_hook(nullptr);
  CHECK(warnings == std::vector<std::string>{"plimsoll.metrics.beyond_loopback"});
}

TEST_CASE("it is served on IPv6, too, where there is that") {
  const auto address = serve_metrics({.listen = "[::1]:0"});
  if (!address) SKIP("no IPv6 here");
  CHECK(address->starts_with("[::1]:"));
  CHECK(serve_metrics({}));
}

TEST_CASE("clients that come and go, and an endpoint that moves, while it is scraped") {
  const std::string url = unix_url();
  static_cast<void>(serve_metrics({.listen = "127.0.0.1:0"}).value());
  std::atomic<bool> over = false;
  std::vector<std::future<void>> work;
  for (int i = 0; i < 2; ++i) {
    work.push_back(std::async(std::launch::async, [&] {
      while (!over) {
        auto client = connected(url);
        value_of(client.get("nothing", use_future));
      }
    }));
  }
  std::uint64_t submitted = 0;
  // On a busy machine the clients may take longer to connect than 40 scrapes do.
  for (int i = 0; i < 40 || submitted == 0; ++i) {
    const std::string answer = ask_http(port_in(metrics_address()), "GET /metrics");
    const auto page = read_metrics_page(body_of(answer));
    const std::uint64_t now = page.at("plimsoll_requests_submitted_total").samples.at("");
    CHECK(now >= submitted);  // what has ended still counts
    submitted = now;
    if (i % 10 != 9) continue;
    CHECK(serve_metrics({}));
    CHECK(serve_metrics({.listen = "127.0.0.1:0"}));
  }
  over = true;
  for (auto& each : work) finish(std::move(each));
  CHECK(submitted > 0);
  CHECK(serve_metrics({}));
}

}  // namespace
}  // namespace plimsoll::testing::endpoint_test
