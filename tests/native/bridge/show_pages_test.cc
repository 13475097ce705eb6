// Pages over connections: who gets them, for how long, and what else comes in on the way.

#include <chrono>
#include <list>
#include <string>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/bridge/page_world.h"
#include "plimsoll/tests/native/bridge/tls_bridge.h"
#include "plimsoll/tests/native/bridge/tls_client.h"
#include "plimsoll/tests/native/patience.h"

namespace plimsoll::testing::show_pages_test {
namespace {

using namespace std::string_literals;

const Headers for_websocket = {
    {"Connection", "Upgrade"},          {"Upgrade", "websocket"},
    {"Sec-WebSocket-Version", "13"},    {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
    {"Sec-WebSocket-Protocol", "resp"}, {"Authorization", "Bearer " + std::string(good_token)}};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_CASE("pages are shown where WebSockets are let in, one after another to a connection") {
  PageOptions options;
  BridgeWorld world(*options);
  HttpClient client(world.port());
  CHECK(client.ask("/").body() == "home");
  CHECK(client.ask("/large.bin").body() == std::string(large_page_bytes, 'x'));
  CHECK(client.ask("/main").result_int() == 404);
  CHECK(client.ask("/").body() == "home");
  CHECK(status_of_upgrade(world.port(), {}) == 101);
  // A proxy may use a connection again for somebody who wants a WebSocket.
  CHECK(client.ask("/main", for_websocket).result_int() == 101);
}

TEST_CASE("a connection has so many requests") {
  PageOptions options;
  BridgeWorld world(*options);
  HttpClient client(world.port());
  for (int i = 1; i < 100; ++i) CHECK(client.ask("/").keep_alive());
  CHECK_FALSE(client.ask("/").keep_alive());
  CHECK(client.is_ended());
}

TEST_CASE("pages are told in figures and in the log") {
  PageOptions options;
  BridgeWorld world(*options);
  HttpClient client(world.port());
  client.ask("/?token=x");
  client.ask("/nothing");
  CHECK(eventually([&] { return count_of(world.log(), "\n") == 2; }));
  CHECK(world.counters().pages == 2);
  CHECK(world.counters().page_bytes == 4);
  const std::string log = world.log();
  CHECK(has(log, "\"status\":200,"));
  CHECK(has(log, "\"page\":\"/\",\"bytes_out\":4}"));
  CHECK(has(log, "\"status\":404,"));
  CHECK(has(log, "\"page\":\"/nothing\"}"));
  const std::string metrics =
      exchange_raw(world.status_port(), "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(has(metrics, "\nplimsoll_bridge_pages_total 2\n"));
  CHECK(has(metrics, "\nplimsoll_bridge_page_bytes_total 4\n"));
}

TEST_CASE("whoever asks by a name that is not this machine's is refused, as with WebSockets") {
  PageOptions options;
  options->settings.rules.hosts = {"valkey.test"};
  BridgeWorld world(*options);
  CHECK(HttpClient(world.port()).ask("/", {{"Host", "evil.example"}}).result_int() == 421);
  CHECK(HttpClient(world.port()).ask("/", {{"Host", "Valkey.test:80"}}).result_int() == 200);
  CHECK(has(exchange_raw(world.port(), "GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 400"));
  CHECK(has(exchange_raw(world.port(), "GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n"),
            "HTTP/1.1 400"));
}

TEST_CASE("other methods are told which there are, with a body and without") {
  PageOptions options;
  BridgeWorld world(*options);
  for (const std::string request : {"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                                    "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
                                    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                                    "1\r\n\r\nx"}) {
    const std::string answer = exchange_raw(world.port(), request);
    CHECK(answer.starts_with("HTTP/1.1 405"));
    CHECK(has(answer, "\r\nAllow: GET, HEAD\r\n"));
    CHECK(has(answer, "\r\nContent-Security-Policy: default-src 'none'; "));
  }
  CHECK(has(exchange_raw(world.port(),
                         "HEAD / HTTP/1.1\r\nHost: localhost\r\n"
                         "Connection: close\r\n\r\n"),
            "Content-Length: 4\r\n"));
}

TEST_CASE("what is no request is refused, with what every answer says") {
  PageOptions options;
  BridgeWorld world(*options);
  for (const std::string& bytes :
       {"PING\r\n"s, "GET / HTTP/1.1\r\nX: " + std::string(9000, 'x'),
        "GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n"s,
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"s,
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\n\r\n"s}) {
    const std::string answer = exchange_raw(world.port(), bytes);
    CHECK(answer.starts_with("HTTP/1.1 400"));
    CHECK(has(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
  }
}

TEST_CASE("a page of the bridge's own may open a WebSocket, and no other") {
  PageOptions options;
  options->settings.rules.origins = {"https://shop.example"};
  BridgeWorld world(*options);
  const auto status = [&](const std::string& host, const std::string& origin) {
    return status_of_upgrade(world.port(), {{"Host", host}, {"Origin", origin}});
  };
  CHECK(status("localhost:8380", "http://localhost:8380") == 101);
  CHECK(status("LocalHost:8380", "http://localhost:8380") == 101);
  CHECK(status("[::1]:8380", "http://[::1]:8380") == 101);
  CHECK(status("localhost", "http://localhost") == 101);
  CHECK(status("localhost:8380", "https://shop.example") == 101);
  CHECK(status("localhost:8380", "https://localhost:8380") == 403);
  CHECK(status("localhost:8380", "http://localhost") == 403);
  CHECK(status("localhost:8380", "http://localhost:8381") == 403);
  CHECK(status("localhost:8380", "http://127.0.0.1:8380") == 403);
  CHECK(status("localhost:8380", "null") == 403);
  CHECK(status("localhost:8380", "http://evil.example") == 403);
  // Of a page under a name that was made to resolve to this machine.
  CHECK(status("evil.example:8380", "http://evil.example:8380") == 421);
}

TEST_CASE("pages come over TLS as well, whole") {
  PageOptions options;
  TlsBridge bridge(std::move(*options));
  const std::string answer =
      exchange_tls(bridge.world.port(), bridge.authority.file(),
                   "GET /large.bin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 200"));
  CHECK(answer.ends_with("\r\n\r\n" + std::string(large_page_bytes, 'x')));
}

TEST_CASE("behind a proxy a page may have come by TLS or not, under the name that the proxy saw") {
  PageOptions options;
  options->settings.behind_proxy = true;
  options->settings.rules.page_schemes = {"http", "https"};
  BridgeWorld world(*options);
  const auto status = [&](const std::string& host, const std::string& origin) {
    return status_of_upgrade(world.port(), {{"Host", host}, {"Origin", origin}});
  };
  CHECK(status("shop.example", "https://shop.example") == 101);
  CHECK(status("shop.example", "http://shop.example") == 101);
  CHECK(status("shop.example", "https://evil.example") == 403);
}

TEST_CASE("without pages no page is the bridge's own") {
  BridgeWorld world;
  CHECK(status_of_upgrade(world.port(), {{"Host", "localhost"}, {"Origin", "http://localhost"}}) ==
        403);
}

TEST_CASE("pages are no attempts at a WebSocket") {
  PageOptions options;
  options->settings.limits.upgrades_per_second_per_address = 2;
  BridgeWorld world(*options);
  for (int i = 0; i < 10; ++i) CHECK(HttpClient(world.port()).ask("/").result_int() == 200);
  unsigned refused = 0;
  for (int i = 0; i < 5; ++i) refused += status_of_upgrade(world.port(), {}) == 429 ? 1 : 0;
  CHECK(refused >= 2);
  CHECK(refused <= 3);
}

TEST_CASE("a connection for pages has its place as any other") {
  PageOptions options;
  options->settings.limits.connections_per_address_max = 1;
  BridgeWorld world(*options);
  {
    HttpClient first(world.port());
    CHECK(first.ask("/").result_int() == 200);
    CHECK(HttpClient(world.port()).receive().result_int() == 429);
  }
  CHECK(eventually([&] { return status_of_upgrade(world.port(), {}) == 101; }));
}

TEST_CASE("without memory for a connection one that was shown its page makes room") {
  PageOptions options;
  options->memory_limit = std::size_t{1} << 20;
  BridgeWorld world(*options);
  std::list<HttpClient> clients;
  for (int i = 0; i < 80; ++i) {
    CHECK(clients.emplace_back(world.port()).ask("/").result_int() == 200);
  }
  CHECK(world.counters().dropped_half_open > 0);
  CHECK(world.memory().peak <= std::size_t{1} << 20);
  CHECK(clients.back().ask("/").body() == "home");
}

TEST_CASE("WebSockets make no room for pages, whose clients are told") {
  PageOptions options;
  options->memory_limit = std::size_t{1} << 20;
  options->settings.limits.upgrades_per_second_per_address = 1000;
  BridgeWorld world(*options);
  std::list<WebSocketClient> clients;
  while (clients.size() < 80 && world.counters().out_of_memory == 0) {
    try {
      clients.emplace_back(world.port());
    } catch (const boost::system::system_error&) {
      break;
    }
  }
  CHECK(world.counters().out_of_memory > 0);
  CHECK(HttpClient(world.port()).receive().result_int() == 503);
  CHECK(world.counters().relays == clients.size());
  clients.clear();
  world.wait_until_idle();
  CHECK(eventually([&] { return HttpClient(world.port()).ask("/").result_int() == 200; }));
}

TEST_CASE("whoever does not read a page is cut, and its place and its memory are free") {
  PageOptions options;
  options->settings.entry.handshake_timeout = std::chrono::milliseconds(200);
  BridgeWorld world(*options);
  HttpClient client(world.port());
  client.send("/large.bin");
  CHECK(eventually(
      [&] { return has(world.log(), "did not read the page within handshake_timeout"); }));
  CHECK(eventually([&] {
    return world.ask_all(
               [](const bridge::Servers& server) { return server.connections_count(); }) == 0;
  }));
  CHECK(eventually([&] { return world.memory().used == BridgeWorld().memory().used; }));
  CHECK(world.counters().page_bytes == 0);
  CHECK(client.end() == boost::asio::error::connection_reset);
}

std::string get(std::string_view target, std::string_view lines = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(lines) +
         "\r\n";
}

// RFC 9112, section 9.3.2.
TEST_CASE("requests for pages that come together are answered each, in their order") {
  PageOptions options;
  BridgeWorld world(*options);
  const std::string last = get("/", "Connection: close\r\n");
  SECTION("two in one piece") {
    const std::string answers = exchange_raw(world.port(), get("/nothing") + last);
    CHECK(answers.starts_with("HTTP/1.1 404"));
    CHECK(count_of(answers, "HTTP/1.1 ") == 2);
    CHECK(answers.ends_with("\r\n\r\nhome"));
  }
  SECTION("of three the second is cut anywhere") {
    const std::string bytes = get("/nothing") + get("/") + last;
    for (std::size_t cut = get("/nothing").size(); cut < bytes.size(); cut += 7) {
      HttpClient client(world.port());
      boost::asio::write(client.socket(), boost::asio::buffer(bytes.substr(0, cut)));
      CHECK(client.receive().result_int() == 404);
      boost::asio::write(client.socket(), boost::asio::buffer(bytes.substr(cut)));
      CHECK(client.receive().body() == "home");
      CHECK(client.receive().body() == "home");
      CHECK(client.is_ended());
    }
  }
  SECTION("a large one, and HEAD behind it") {
    HttpClient client(world.port());
    boost::asio::write(client.socket(),
                       boost::asio::buffer(get("/large.bin") + get("/") +
                                           "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n" + last));
    CHECK(client.receive().body().size() == large_page_bytes);
    CHECK(client.receive().body() == "home");
  }
  SECTION("a request for a WebSocket behind one for a page") {
    HttpClient client(world.port());
    std::string lines;
    for (const auto& [name, value] : for_websocket) lines += name + ": " + value + "\r\n";
    boost::asio::write(client.socket(), boost::asio::buffer(get("/") + get("/main", lines)));
    CHECK(client.receive().body() == "home");
    CHECK(client.receive().result_int() == 101);
  }
  SECTION("one that is none behind one that is") {
    const std::string answers = exchange_raw(world.port(), get("/") + "PING\r\n\r\n");
    CHECK(answers.starts_with("HTTP/1.1 200"));
    CHECK(has(answers, "homeHTTP/1.1 400"));
  }
  SECTION("as many as fill what the bridge reads at a time, and more") {
    HttpClient client(world.port());
    const std::string large = get("/", "X: " + std::string(1000, 'x') + "\r\n");
    std::string bytes;
    for (int i = 0; i < 50; ++i) bytes += large;
    boost::asio::write(client.socket(), boost::asio::buffer(bytes));
    for (int i = 0; i < 50; ++i) CHECK(client.receive().body() == "home");
  }
  SECTION("more than a connection may ask: the last answer is not lost") {
    HttpClient client(world.port());
    std::string bytes;
    for (int i = 0; i < 1000; ++i) bytes += get("/");
    boost::asio::write(client.socket(), boost::asio::buffer(bytes));
    for (int i = 1; i < 100; ++i) CHECK(client.receive().keep_alive());
    CHECK_FALSE(client.receive().keep_alive());
    CHECK(client.end() == boost::asio::error::eof);
  }
}

TEST_CASE("the header of one of several requests has the bound of a header alone") {
  PageOptions options;
  BridgeWorld world(*options);
  const std::size_t rest = get("/", "X: \r\n").size();
  const auto filled = [&](std::size_t size) {
    return get("/", "X: " + std::string(size - rest, 'x') + "\r\n");
  };
  HttpClient client(world.port());
  boost::asio::write(client.socket(), boost::asio::buffer(get("/") + filled(8192) + filled(8193)));
  CHECK(client.receive().result_int() == 200);
  CHECK(client.receive().result_int() == 200);
  CHECK(client.receive().result_int() == 400);
  CHECK(client.is_ended());
}

TEST_CASE("what comes behind any other request is no request") {
  PageOptions options;
  BridgeWorld world(*options);
  struct Case {
    const char* what;
    std::string bytes;
    const char* status;
  };
  std::string lines;
  for (const auto& [name, value] : for_websocket) lines += name + ": " + value + "\r\n";
  const Case cases[] = {
      {"a WebSocket", get("/main", lines), "400"},
      {"a protocol that the bridge does not speak", get("/", "Upgrade: h2c\r\n"), "400"},
      {"an Upgrade that HTTP/1.0 has not",
       "GET / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nUpgrade: x\r\n\r\n", "400"},
      {"a length, though of nothing", get("/", "Content-Length: 0\r\n"), "400"},
      {"a body", get("/", "Content-Length: 3\r\n"), "400"},
      {"a coding", get("/", "Transfer-Encoding: chunked\r\n"), "400"},
      {"another method", "POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"},
  };
  for (const Case& each : cases) {
    INFO(each.what);
    const std::string answers = exchange_raw(world.port(), each.bytes + get("/"));
    CHECK(answers.starts_with("HTTP/1.1 "s + each.status));
    CHECK(count_of(answers, "HTTP/1.1 ") == 1);
  }
  // Neither is what comes behind a request that ends the connection: it is not answered.
  const std::string answers =
      exchange_raw(world.port(), get("/", "Connection: close\r\n") + get("/"));
  CHECK(count_of(answers, "HTTP/1.1 ") == 1);
}

// Where only the first line of Connection is read, the bridge would keep what the client ends.
TEST_CASE("close in any line of Connection ends the connection") {
  PageOptions options;
  BridgeWorld world(*options);
  for (const char* connection :
       {"Connection: keep-alive\r\nConnection: close\r\n",
        "Connection: close\r\nConnection: keep-alive\r\n", "Connection: keep-alive, close\r\n"}) {
    INFO(connection);
    const std::string answer = exchange_raw(world.port(), get("/", connection));
    CHECK(has(answer, "\r\nConnection: close\r\n"));
    CHECK(answer.ends_with("home"));
  }
}

TEST_CASE("a body of any coding is refused, also where it comes later") {
  PageOptions options;
  BridgeWorld world(*options);
  for (const char* coding : {"chunked", "gzip", "chunked, identity"}) {
    INFO(coding);
    HttpClient client(world.port());
    CHECK(client.ask("/", {{"Transfer-Encoding", coding}}).result_int() == 400);
    CHECK(client.is_ended());
  }
}

TEST_CASE("who is refused is told so, however much else he sends") {
  PageOptions options;
  BridgeWorld world(*options);
  HttpClient client(world.port());
  const std::string body(900'000, 'x');
  boost::asio::write(client.socket(),
                     boost::asio::buffer("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                                         std::to_string(body.size()) + "\r\n\r\n" + body));
  CHECK(client.receive().result_int() == 405);
}

TEST_CASE("whoever has had a page and comes with nothing more is let go, without a word") {
  PageOptions options;
  options->settings.entry.handshake_timeout = std::chrono::milliseconds(200);
  BridgeWorld world(*options);
  HttpClient client(world.port());
  CHECK(client.ask("/").keep_alive());
  CHECK(client.is_ended());
  CHECK(count_of(world.log(), "\n") == 1);
  CHECK(world.counters().refused_handshakes == 0);
}

TEST_CASE("a bridge that drains waits for nobody who has had a page") {
  PageOptions options;
  options->settings.entry.handshake_timeout = std::chrono::hours(1);
  BridgeWorld world(*options);
  HttpClient client(world.port());
  CHECK(client.ask("/").keep_alive());
  world.drain(std::chrono::hours(1));
  CHECK(client.is_ended());
}

TEST_CASE("a proxy that is trusted speaks for another client with each request") {
  PageOptions options;
  options->settings.entry.trusted_proxies = {*bridge::Network::parse("127.0.0.1")};
  options->settings.limits.connections_per_address_max = 1;
  BridgeWorld world(*options);
  HttpClient proxy(world.port());
  for (const char* client : {"192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.1"}) {
    CHECK(proxy.ask("/", {{"X-Forwarded-For", client}}).result_int() == 200);
  }
  CHECK(eventually([&] { return count_of(world.log(), "\n") == 4; }));
  CHECK(count_of(world.log(), "\"address\":\"192.0.2.1\"") == 2);
  CHECK(count_of(world.log(), "\"address\":\"192.0.2.2\"") == 2);
  // The first has the place of its last request.
  CHECK(HttpClient(world.port()).ask("/", {{"X-Forwarded-For", "192.0.2.1"}}).result_int() == 429);
  CHECK(HttpClient(world.port()).ask("/", {{"X-Forwarded-For", "192.0.2.2"}}).result_int() == 200);
}

TEST_CASE(
    "each of several requests that a trusted proxy sends together counts for its own client") {
  PageOptions options;
  options->settings.entry.trusted_proxies = {*bridge::Network::parse("127.0.0.1")};
  options->settings.limits.connections_per_address_max = 1;
  BridgeWorld world(*options);
  HttpClient occupant(world.port());
  CHECK(occupant.ask("/", {{"X-Forwarded-For", "192.0.2.3"}}).result_int() == 200);
  HttpClient proxy(world.port());
  std::string bytes;
  for (const char* client : {"192.0.2.1", "192.0.2.2", "192.0.2.3"}) {
    bytes += get("/", "X-Forwarded-For: "s + client + "\r\n");
  }
  boost::asio::write(proxy.socket(), boost::asio::buffer(bytes));
  CHECK(proxy.receive().result_int() == 200);
  CHECK(proxy.receive().result_int() == 200);
  CHECK(proxy.receive().result_int() == 429);
  CHECK(proxy.is_ended());
  CHECK(count_of(world.log(), "\"address\":\"192.0.2.2\"") == 1);
}

TEST_CASE("many at once are all shown a page") {
  PageOptions options;
  BridgeWorld world(*options);
  std::list<HttpClient> clients;
  for (int i = 0; i < 100; ++i) clients.emplace_back(world.port()).send("/");
  for (HttpClient& each : clients) CHECK(each.receive().body() == "home");
}

}  // namespace
}  // namespace plimsoll::testing::show_pages_test
