// What the bridge tells those who run it.

#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/observe/http_peer.h"
#include "plimsoll/tests/native/observe/metrics_page.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/loopback.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing::status_test {
namespace {

std::string get(const BridgeWorld& world, const std::string& target) {
  return exchange_raw(world.status_port(),
                      "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

std::string body(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::map<std::string, MetricOnPage> metrics_of(const BridgeWorld& world) {
  return read_metrics_page(body(get(world, "/metrics")));
}

// Whether the sample has this value, now or soon: what a connection ends with is counted after the
// client has heard of it.
bool counts(const BridgeWorld& world, const std::string& name, const std::string& labels,
            std::uint64_t value) {
  return eventually(
      [&] { return metrics_of(world).at("plimsoll_bridge_" + name).samples.at(labels) == value; });
}

// A server that takes connections and says nothing.
class SilentServer {
 public:
  SilentServer() { checked(::listen(socket_.number(), 8), "listen"); }

  std::uint16_t port() const { return port_of(socket_); }

  // Waits for a connection.
  Descriptor accept() {
    pollfd wanted{.fd = socket_.number(), .events = POLLIN, .revents = 0};
    REQUIRE(::poll(&wanted, 1, static_cast<int>(patience().count())) == 1);
    return Descriptor(checked(::accept(socket_.number(), nullptr, nullptr), "accept"));
  }

 private:
  Descriptor socket_ = bind_tcp(0);
};

bridge::Target at_port(std::uint16_t port) {
  bridge::Target target;
  target.endpoint.host = "127.0.0.1";
  target.endpoint.port = port;
  return target;
}

TEST_CASE("whether it lives, and whether it reaches every server") {
  BridgeWorld world;
  CHECK(get(world, "/healthz").ends_with("\r\n\r\nok\n"));
  CHECK(get(world, "/readyz").ends_with("\r\n\r\nready\n"));
  world.valkey().kill();
  const std::string out_of_reach = get(world, "/readyz");
  CHECK(out_of_reach.starts_with("HTTP/1.1 503"));
  CHECK(body(out_of_reach) == "a server cannot be reached\nmain: Connection refused\n");
  CHECK(get(world, "/healthz").starts_with("HTTP/1.1 200"));
}

TEST_CASE("each server that cannot be reached is named, with the reason") {
  const SilentServer silent;
  BridgeOptions options;
  options.settings.connect_timeout = std::chrono::milliseconds(50);
  options.settings.rules.upstreams.emplace("silent", at_port(silent.port()));
  const std::uint16_t free_port = port_of(bind_tcp(0));
  options.settings.rules.upstreams.emplace("absent", at_port(free_port));
  const BridgeWorld world(options);
  CHECK(body(get(world, "/readyz")) ==
        "a server cannot be reached\nabsent: Connection refused\n"
        "silent: no answer within connect_timeout\n");
}

TEST_CASE("all servers are asked at the same time") {
  SilentServer one;
  SilentServer other;
  BridgeOptions options;
  options.settings.connect_timeout = patience();
  options.settings.rules.upstreams.emplace("one", at_port(one.port()));
  options.settings.rules.upstreams.emplace("other", at_port(other.port()));
  const BridgeWorld world(options);
  HttpPeer peer(world.status_port());
  peer.say("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  Descriptor asked = one.accept();
  Descriptor asked_too = other.accept();  // although the first has not answered
  asked.close();
  asked_too.close();
  const std::string answer = body_of(peer.hear());
  CHECK(has(answer, "\none: "));
  CHECK(has(answer, "\nother: "));
}

TEST_CASE("a server that wants a login is within reach") {
  BridgeWorld world;
  world.valkey().ask("CONFIG SET requirepass secret");
  CHECK(get(world, "/readyz").starts_with("HTTP/1.1 200"));
}

TEST_CASE("so is one that lets nobody PING without a login") {
  BridgeWorld world;
  world.valkey().ask("ACL SETUSER default -ping");
  CHECK(get(world, "/readyz").starts_with("HTTP/1.1 200"));
}

bridge::Target shared_at(std::string url, native::Options options = patient_options()) {
  bridge::Target target;
  target.shared = std::make_shared<const bridge::SharedServer>(
      bridge::SharedServer{.name = "main", .url = std::move(url), .options = std::move(options)});
  return target;
}

std::uint64_t connections_received(const ValkeyServer& server) {
  const std::string all = server.ask("INFO stats");
  constexpr std::string_view words = "total_connections_received:";
  return std::stoull(all.substr(all.find(words) + words.size()));
}

TEST_CASE("of a shared upstream any address will do") {
  const ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  const std::string dead = "127.0.0.1:" + std::to_string(port_of(bind_tcp(0)));
  const std::string other = "127.0.0.1:" + std::to_string(port_of(bind_tcp(0)));
  const std::string alive = "127.0.0.1:" + std::to_string(server.port());
  native::Options options = patient_options();
  BridgeOptions all;
  options.seeds = {other};
  all.settings.rules.upstreams.emplace("absent", shared_at("valkey://" + dead, options));
  options.seeds = {other, alive};
  all.settings.rules.upstreams.emplace("present", shared_at("valkey://" + dead, options));
  const BridgeWorld world(all);
  const std::string answer = get(world, "/readyz");
  CHECK(answer.starts_with("HTTP/1.1 503"));
  CHECK(has(answer, "\nabsent: "));
  CHECK(has(answer, dead + ": Connection refused"));
  CHECK(has(answer, other + ": Connection refused"));
  CHECK_FALSE(has(answer, "\npresent: "));
}

TEST_CASE("of a shared upstream, too, a server that wants a login or lets nobody PING answers") {
  const ValkeyServer server;
  BridgeOptions all;
  all.settings.rules.upstreams.emplace("main", shared_at(server.url()));
  const BridgeWorld world(all);
  server.ask("ACL SETUSER default -ping");
  CHECK(get(world, "/readyz").starts_with("HTTP/1.1 200"));
  server.ask("ACL SETUSER default +@all");
  server.ask("CONFIG SET requirepass secret");
  CHECK(get(world, "/readyz").starts_with("HTTP/1.1 200"));
}

TEST_CASE("a shared upstream whose client is connected is not dialled again") {
  const ValkeyServer server;
  BridgeOptions all;
  all.settings.rules.upstreams.emplace("main", shared_at(server.url()));
  const BridgeWorld world(all);
  const WebSocketClient client(world.port());
  const std::uint64_t before = connections_received(server);  // and it is one itself
  CHECK(get(world, "/readyz").starts_with("HTTP/1.1 200"));
  CHECK(connections_received(server) == before + 1);
}

TEST_CASE("what it has done, in figures") {
  BridgeWorld world;
  const WebSocketClient client(world.port());
  CHECK(status_of_upgrade(world.port(), {{"Authorization", ""}}) == 401);
  const std::string metrics = get(world, "/metrics");
  CHECK(has(metrics, "\nplimsoll_bridge_relays 1\n"));
  CHECK(has(metrics, "\nplimsoll_bridge_upgrades_total 1\n"));
  CHECK(has(metrics, "\nplimsoll_bridge_refused_handshakes_total 1\n"));
  CHECK(has(metrics, "\nplimsoll_bridge_dropped_half_open_total 0\n"));
  CHECK(has(metrics, "\nplimsoll_bridge_half_open_connections "));
  CHECK(has(metrics, "\nplimsoll_bridge_memory_limit_bytes 67108864\n"));
}

TEST_CASE("figures of a profile, while its clients are there and after") {
  constexpr std::string_view page = "profile=\"page\"";
  const std::string profile(page);
  BridgeOptions options;
  options.rules.deny = {"flushall"};
  BridgeWorld world(options);
  WebSocketClient client(world.port());
  client.send("*1\r\n$4\r\nPING\r\n*1\r\n$8\r\nFLUSHALL\r\n");
  CHECK(client.receive_bytes(8).starts_with("+PONG\r\n-"));
  CHECK(counts(world, "profile_connections", profile, 1));
  CHECK(counts(world, "profile_relays", profile, 1));
  CHECK(counts(world, "profile_upgrades_total", profile, 1));
  CHECK(counts(world, "profile_received_bytes_total", profile, 32));
  CHECK(counts(world, "profile_commands_allowed_total", profile, 1));
  CHECK(counts(world, "profile_commands_refused_total", profile, 1));
  CHECK(counts(world, "commands_allowed_total", "", 1));
  client.close();
  world.wait_until_idle();
  CHECK(counts(world, "closes_total", profile + ",code=\"1000\"", 1));
  CHECK(counts(world, "profile_connections", profile, 0));
  CHECK(counts(world, "profile_relays", profile, 0));
  CHECK(counts(world, "profile_commands_allowed_total", profile, 1));
}

TEST_CASE("answers to handshakes by profile and status, and failures by server") {
  BridgeWorld world;
  CHECK(status_of_upgrade(world.port(), {{"Authorization", ""}}) == 401);
  CHECK(status_of_upgrade(world.port(), {{"Host", "evil.example"}}) == 421);
  CHECK(status_of_upgrade(world.port(), {}, "/unknown") == 404);
  {
    const WebSocketClient client(world.port());
  }
  world.valkey().kill();
  CHECK(status_of_upgrade(world.port(), {}) == 502);
  const auto has_counted = [&](const char* profile, const char* status) {
    return counts(world, "handshakes_total",
                  std::string("profile=\"") + profile + "\",status=\"" + status + "\"", 1);
  };
  CHECK(has_counted("(none)", "401"));
  CHECK(has_counted("(none)", "421"));
  CHECK(has_counted("page", "404"));
  CHECK(has_counted("page", "101"));
  CHECK(has_counted("page", "502"));
  CHECK(counts(world, "dial_failures_total", "upstream=\"main\"", 1));
  CHECK(counts(world, "profile_upstream_failures_total", "profile=\"page\"", 1));
  CHECK(counts(world, "dial_seconds", "upstream=\"main\"", 1));
  CHECK(counts(world, "handshake_seconds", "", 1));
}

TEST_CASE("a client that is cut off by a token's limit counts for its profile") {
  BridgeOptions options;
  options.token_connections_max = 1;
  BridgeWorld world(options);
  const WebSocketClient client(world.port());
  CHECK(status_of_upgrade(world.port(), {}) == 429);
  CHECK(counts(world, "handshakes_total", "profile=\"page\",status=\"429\"", 1));
  CHECK(eventually([&] { return has(world.log(), "\"profile\":\"page\""); }));
}

TEST_CASE("other pages, and what is no request, are answered, too") {
  BridgeWorld world;
  CHECK(get(world, "/").starts_with("HTTP/1.1 404"));
  CHECK(get(world, "/metrics/").starts_with("HTTP/1.1 404"));
  CHECK(get(world, "/metrics?name=x").starts_with("HTTP/1.1 200"));
  CHECK(exchange_raw(world.status_port(), "PING\r\n").empty());
}

// ---- Who may ask

unsigned status_for_host(const BridgeWorld& world, const std::string& lines) {
  const std::string answer =
      exchange_raw(world.status_port(), "GET /healthz HTTP/1.1\r\n" + lines + "\r\n");
  return static_cast<unsigned>(std::stoi(answer.substr(std::string("HTTP/1.1 ").size())));
}

TEST_CASE("on loopback, Host must be a name of this machine") {
  BridgeOptions options;
  options.settings.rules.hosts = {"bridge.local"};
  const BridgeWorld world(options);
  for (const char* host : {"localhost", "LOCALHOST:9380", "127.0.0.1", "127.0.0.1:9380", "[::1]:80",
                           "bridge.local", "Bridge.Local:9380"}) {
    INFO(host);
    CHECK(status_for_host(world, std::string("Host: ") + host + "\r\n") == 200);
  }
  for (const char* host : {"evil.example", "evil.example:9380", "127.0.0.1.evil.example",
                           "10.0.0.1", "localhost.", "[::2]"}) {
    INFO(host);
    CHECK(status_for_host(world, std::string("Host: ") + host + "\r\n") == 421);
  }
  CHECK(status_for_host(world, "Host: local host\r\n") == 400);
  CHECK(status_for_host(world, "Host: localhost\r\nHost: evil.example\r\n") == 400);
}

TEST_CASE("a health check without Host is answered, because no browser sends it") {
  const BridgeWorld world;
  CHECK(exchange_raw(world.status_port(), "GET /healthz HTTP/1.0\r\n\r\n")
            .starts_with("HTTP/1.1 200"));
}

TEST_CASE("beyond loopback, Host is checked only if the configuration has names") {
  BridgeOptions options;
  options.status_address = "0.0.0.0";
  {
    const BridgeWorld world(options);
    CHECK(status_for_host(world, "Host: anything.example\r\n") == 200);
  }
  options.settings.rules.hosts = {"bridge.local"};
  const BridgeWorld world(options);
  CHECK(status_for_host(world, "Host: anything.example\r\n") == 421);
  CHECK(status_for_host(world, "Host: bridge.local:9380\r\n") == 200);
}

TEST_CASE("the status pages' address is a name, too, whatever loopback address it is") {
  BridgeOptions options;
  options.status_address = "127.0.0.2";
  const BridgeWorld world(options);
  HttpPeer peer("127.0.0.2", world.status_port());
  peer.say("GET /healthz HTTP/1.1\r\nHost: 127.0.0.2\r\n\r\n");
  CHECK(body_of(peer.hear()) == "ok\n");
}

TEST_CASE("connections beyond the limit of the status pages are closed, and counted") {
  const BridgeWorld world;
  std::list<HttpPeer> silent;
  for (std::size_t i = 0; i < bridge::status_connections_max; ++i) {
    silent.emplace_back(world.status_port());
  }
  CHECK(get(world, "/healthz").empty());
  silent.pop_front();
  CHECK(eventually([&] { return !get(world, "/healthz").empty(); }));
  CHECK(metrics_of(world).at("plimsoll_bridge_status_refused_total").samples.at("") >= 1);
}

// ---- The end

TEST_CASE("a lame duck says that it goes, and goes on, until it is told to drain") {
  BridgeWorld world;
  WebSocketClient early(world.port());
  world.leave(std::chrono::hours(1));
  const std::string answer = get(world, "/readyz");
  CHECK(answer.starts_with("HTTP/1.1 503"));
  CHECK(body(answer) == "draining\n");
  CHECK(get(world, "/healthz").starts_with("HTTP/1.1 200"));
  WebSocketClient late(world.port());
  for (WebSocketClient* const each : {&early, &late}) {
    each->send("*1\r\n$4\r\nPING\r\n");
    CHECK(each->receive_bytes(7) == "+PONG\r\n");
  }
  std::thread second([&] { world.leave_and_wait(std::chrono::hours(1)); });
  CHECK(early.receive_close() == 1001);
  CHECK(late.receive_close() == 1001);
  second.join();
  CHECK_THROWS(status_of_upgrade(world.port(), {}));
}

TEST_CASE("a lame duck drains when its time is over") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  std::thread going([&] { world.leave_and_wait(std::chrono::milliseconds(20)); });
  CHECK(client.receive_close() == 1001);
  going.join();
}

TEST_CASE("without a time for the lame duck the bridge drains at once") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  world.leave(std::chrono::seconds(0));
  CHECK(world.ask_all([](const bridge::Servers& servers) { return servers.is_draining(); }));
  CHECK(client.receive_close() == 1001);
}

}  // namespace
}  // namespace plimsoll::testing::status_test
