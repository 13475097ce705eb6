// What is carried, and how it ends.

#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/test_timeout.h"

namespace plimsoll::testing::relay_test {
namespace {

constexpr std::string_view ping = "*1\r\n$4\r\nPING\r\n";

std::string command(std::initializer_list<std::string_view> words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    text += "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
  }
  return text;
}

// Logs in who connects, and reads no more.
class StalledServer {
 public:
  StalledServer() : thread_([this] { serve(); }) {}
  ~StalledServer() {
    boost::system::error_code ignored;
    socket_.shutdown(Tcp::socket::shutdown_both, ignored);
    thread_.join();
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  using Tcp = boost::asio::ip::tcp;

  void serve() {
    acceptor_.accept(socket_);
    std::string login;
    boost::asio::read(socket_, boost::asio::dynamic_buffer(login, ping.size()));
    boost::asio::write(socket_, boost::asio::buffer("+PONG\r\n", 7));
  }

  boost::asio::io_context context_;
  Tcp::acceptor acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}};
  Tcp::socket socket_{context_};
  std::thread thread_;
};

TEST_CASE("borders of messages mean nothing") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  std::string two = command({"SET", "ship", "Great Eastern"}) + command({"GET", "ship"});
  const std::size_t cut =
      GENERATE(std::size_t{1}, std::size_t{5}, std::size_t{20}, std::size_t{40});
  client.send(two.substr(0, cut));
  client.send(two.substr(cut));
  const std::string replies = "+OK\r\n$13\r\nGreat Eastern\r\n";
  CHECK(client.receive_bytes(replies.size()) == replies);
}

TEST_CASE("large values go both ways") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  const std::string value(900'000, 'v');
  client.send(command({"SET", "large", value}));
  CHECK(client.receive_bytes(5) == "+OK\r\n");
  client.send(command({"GET", "large"}));
  const std::string reply = "$900000\r\n" + value + "\r\n";
  CHECK(client.receive_bytes(reply.size()) == reply);
  client.close();
  world.wait_until_idle();
  CHECK(world.log().find("\"bytes_in\":900") != std::string::npos);
}

TEST_CASE("what is refused is an error in its place, and the server has not seen it") {
  BridgeOptions options;
  options.rules = {.allow = {"get", "set"}, .deny = {}, .key_prefixes = {"public:"}};
  BridgeWorld world(std::move(options));
  WebSocketClient client(world.port());
  client.send(command({"SET", "public:a", "1"}) + command({"FLUSHALL"}) +
              command({"GET", "secret"}) + command({"GET", "public:a"}));
  std::string replies;
  while (!replies.ends_with("$1\r\n1\r\n")) replies += client.receive();
  CHECK(replies.starts_with("+OK\r\n-NOPERM plimsoll-bridge: FLUSHALL"));
  CHECK(world.valkey().ask("DBSIZE") == ":1\r\n");
  client.close();
  world.wait_until_idle();
  CHECK(world.counters().commands_refused == 2);
  CHECK(world.counters().commands_allowed == 2);
}

TEST_CASE("nothing is sent that was not granted") {
  BridgeWorld world;
  WebSocketClient client(world.port(), "plimsoll.resp.v1");
  client.send_data(command({"SET", "k", std::string(100, 'v')}));
  client.grant(3);
  CHECK(client.receive_bytes(3) == "+OK");
  client.grant(2);
  CHECK(client.receive_bytes(2) == "\r\n");
  client.send_data(command({"GET", "k"}));
  CHECK(eventually([&] { return world.counters().stalls >= 2; }));
  client.grant(200);
  CHECK(client.receive_bytes(108) == "$100\r\n" + std::string(100, 'v') + "\r\n");
}

TEST_CASE("messages of the subprotocol with credits that make no sense end the connection") {
  BridgeWorld world;
  WebSocketClient client(world.port(), "plimsoll.resp.v1");
  const std::string message =
      GENERATE(std::string("\2x"), std::string("\1\0\0\0\0", 5), std::string("\1\1\0\0", 4),
               std::string("\1\1\0\0\0\0", 6), std::string("\1\0\0\0\x80", 5), std::string());
  client.send(message);
  CHECK(client.receive_close() == 1008);
}

TEST_CASE("text ends the connection") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  client.send_text("PING");
  CHECK(client.receive_close() == 1003);
}

TEST_CASE("a message, or a request, that is too large ends the connection") {
  BridgeOptions options;
  options.settings.relay.message_bytes_max = 10'000;
  options.settings.relay.requests.request_bytes_max = 20'000;
  BridgeWorld world(std::move(options));
  WebSocketClient client(world.port());
  SECTION("a message") {
    client.send(command({"SET", "k", std::string(10'000, 'v')}));
    CHECK(client.receive_close() == 1009);
  }
  SECTION("a request in several") {
    const std::string request = command({"SET", "k", std::string(30'000, 'v')});
    client.send(request.substr(0, 10'000));
    client.send(request.substr(10'000, 10'000));
    client.send(request.substr(20'000, 5'000));
    CHECK(client.receive_close() == 1009);
  }
}

TEST_CASE("what is no RESP array ends the connection") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  client.send(std::string(ping) + "FLUSHALL\r\n");
  CHECK(client.receive_close() == 1008);
}

TEST_CASE("a server that goes away ends the connection, also amid a reply") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  SECTION("at rest") {
    client.send(ping);
    CHECK(client.receive() == "+PONG\r\n");
  }
  SECTION("amid a reply") {
    client.send(command({"SET", "large", std::string(900'000, 'v')}));
    CHECK(client.receive() == "+OK\r\n");
    client.send(command({"GET", "large"}) + command({"GET", "large"}));
    client.receive();
  }
  world.valkey().kill();
  CHECK(client.receive_close() == 1011);
  CHECK(client.reason() == "the server is gone");
  world.wait_until_idle();
  CHECK(world.counters().upstream_losses == 1);
}

TEST_CASE("a server that goes away is told to whoever has granted nothing, too") {
  BridgeWorld world;
  WebSocketClient client(world.port(), "plimsoll.resp.v1");
  world.valkey().kill();
  CHECK(client.receive_close() == 1011);
  CHECK(world.counters().stalls == 0);
}

TEST_CASE("replies of any size come whole, whatever was granted at a time") {
  BridgeWorld world;
  WebSocketClient client(world.port(), "plimsoll.resp.v1");
  const std::uint32_t granted = GENERATE(1U, 7U, 158U, 159U, 160U, 161U, 1000U);
  std::string replies;
  for (const std::size_t size : {0U, 100U, 151U, 152U, 153U, 154U, 200U, 1000U}) {
    const std::string value(size, 'v');
    client.send_data(command({"ECHO", value}));
    replies += "$" + std::to_string(size) + "\r\n" + value + "\r\n";
  }
  std::string received;
  while (received.size() < replies.size()) {
    client.grant(granted);
    const std::size_t left = replies.size() - received.size();
    received += client.receive_bytes(std::min<std::size_t>(granted, left));
  }
  CHECK(received == replies);
}

TEST_CASE("a token's end is the connection's") {
  BridgeOptions options;
  options.token_life = std::chrono::seconds(2);
  BridgeWorld world(std::move(options));
  WebSocketClient client(world.port());
  CHECK(client.receive_close() == 1008);
  CHECK(client.reason() == "token expired");
}

TEST_CASE("whoever leaves what is there for him is cut") {
  BridgeOptions options;
  options.settings.relay.stall_timeout = std::chrono::seconds(1);
  BridgeWorld world(std::move(options));
  SECTION("without credit") {
    WebSocketClient client(world.port(), "plimsoll.resp.v1");
    client.send_data(ping);
    CHECK(client.receive_close() == 1008);
    CHECK(client.reason() == "not reading");
  }
  SECTION("without reading") {
    WebSocketClient client(world.port());
    client.send(command({"SET", "large", std::string(900'000, 'v')}));
    CHECK(client.receive() == "+OK\r\n");
    std::string requests;
    for (int i = 0; i < 30; ++i) requests += command({"GET", "large"});
    client.send(requests);
    CHECK(eventually([&] { return world.counters().relays == 0; }));
  }
  CHECK(world.counters().stalled_cuts == 1);
}

TEST_CASE("the bridge tells whoever is there when it goes") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  std::thread reader([&] {
    CHECK(client.receive_close() == 1001);
    CHECK(client.reason() == "shutting down");
  });
  world.drain();
  reader.join();
  CHECK(world.counters().relays == 0);
}

TEST_CASE("relays give back all that they held") {
  BridgeWorld world;
  const auto used = [&] {
    const BudgetStatistics statistics = world.memory();
    return statistics.used;
  };
  const std::size_t before = used();
  for (int i = 0; i < 20; ++i) {
    WebSocketClient client(world.port());
    client.send(command({"SET", "k", std::string(50'000, 'v')}) + "*2\r\n$3\r\nGE");
    client.receive();
  }
  world.wait_until_idle();
  CHECK(used() == before);
}

TEST_CASE("a token that is withdrawn takes its connections along") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  world.ask([](bridge::Server& server) {
    server.recheck([](const bridge::Authorization&) { return true; });
    return 0;
  });
  client.send(ping);
  CHECK(client.receive() == "+PONG\r\n");
  world.ask([](bridge::Server& server) {
    server.recheck(
        [](const bridge::Authorization& authorization) { return authorization.id.empty(); });
    return 0;
  });
  CHECK(client.receive_close() == 1008);
  CHECK(client.reason() == "token withdrawn");
  // Its token was found good, and is withdrawn before the connection opens.
  WebSocketClient late(world.port());
  CHECK(late.receive_close() == 1008);
  CHECK(late.reason() == "token withdrawn");
}

TEST_CASE("more commands than a second's wait their turn, in order") {
  BridgeOptions options;
  options.settings.limits.commands_per_second_per_token = 100;
  options.settings.relay.ping_interval = std::chrono::milliseconds(40);
  options.settings.relay.pongs_missed_max = 1;
  BridgeWorld world(std::move(options));
  WebSocketClient client(world.port());
  std::string requests;
  std::string replies;
  for (int i = 1; i <= 150; ++i) {
    requests += command({"INCR", "count"});
    replies += ":" + std::to_string(i) + "\r\n";
  }
  client.send(requests);
  CHECK(client.receive_bytes(replies.size()) == replies);
  CHECK(world.counters().paced > 0);
  CHECK(world.counters().silent_cuts == 0);
}

TEST_CASE("whoever waits for his turn to grant is not taken for one who does not") {
  BridgeOptions options;
  options.settings.limits.commands_per_second_per_token = 20;
  options.settings.relay.stall_timeout = std::chrono::milliseconds(200);
  BridgeWorld world(std::move(options));
  WebSocketClient client(world.port(), "plimsoll.resp.v1");
  client.grant(7);
  std::string requests;
  std::string replies;
  for (int i = 0; i < 30; ++i) {
    requests += ping;
    replies += "+PONG\r\n";
  }
  client.send_data(requests);
  client.grant(1000);
  CHECK(client.receive_bytes(replies.size()) == replies);
  CHECK(world.counters().stalled_cuts == 0);
}

TEST_CASE("a large request is one command, however it is cut for the rate") {
  BridgeOptions options;
  options.settings.limits.commands_per_second_per_token = 1;
  BridgeWorld world(std::move(options));
  WebSocketClient client(world.port());
  client.send(command({"SET", "large", std::string(100'000, 'v')}));
  CHECK(client.receive() == "+OK\r\n");
  client.send(command({"STRLEN", "large"}));
  CHECK(client.receive() == ":100000\r\n");
}

TEST_CASE("whoever answers pings stays, and whoever does not goes") {
  BridgeOptions options;
  options.settings.relay.ping_interval = std::chrono::milliseconds(40);
  BridgeWorld world(std::move(options));
  SECTION("answers") {
    WebSocketClient client(world.port());
    client.send(command({"BLPOP", "nothing", "0.5"}));
    CHECK(client.receive() == "*-1\r\n");
    CHECK(world.counters().silent_cuts == 0);
  }
  SECTION("does not") {
    const WebSocketClient client(world.port());
    CHECK(eventually([&] { return world.counters().relays == 0; }));
    CHECK(world.counters().silent_cuts == 1);
    CHECK(world.log().find("no answer to pings") != std::string::npos);
  }
}

TEST_CASE("a server that takes no requests is given up") {
  StalledServer server;
  BridgeOptions options;
  // Whoever sends slowly is nearer to the system's own limit (twice as long, and from when the
  // server's window closed) than to this one, which begins with the last byte that it took.
  options.settings.relay.stall_timeout = test_timeout(std::chrono::milliseconds(400));
  options.settings.relay.handshake_timeout = test_timeout(std::chrono::milliseconds(100));
  // Two systems' buffers take some 10 MB.
  options.settings.relay.requests.request_bytes_max = std::size_t{32} << 20;
  options.memory_limit = std::size_t{256} << 20;
  bridge::Target target;
  target.endpoint.host = "127.0.0.1";
  target.endpoint.port = server.port();
  options.settings.rules.upstreams.emplace("main", std::move(target));
  BridgeWorld world(std::move(options));
  WebSocketClient client(world.port());
  const std::string request = command({"SET", "k", std::string(30'000'000, 'v')});
  for (std::size_t at = 0; at < request.size(); at += 1'000'000) {
    client.send(request.substr(at, 1'000'000));
  }
  CHECK(client.receive_close() == 1011);
  world.wait_until_idle();
  INFO(world.log());
  CHECK(world.log().find("it does not read requests") != std::string::npos);
}

}  // namespace
}  // namespace plimsoll::testing::relay_test
