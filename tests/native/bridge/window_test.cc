// What the server holds for a client that does not read, and what is delivered all the same.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/bridge/judged.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/test_timeout.h"

namespace plimsoll::testing::window_test {
namespace {

constexpr std::string_view ping = "*1\r\n$4\r\nPING\r\n";

// Logs in who connects, and answers the first request with nonsense.
class NonsenseServer {
 public:
  explicit NonsenseServer(std::string nonsense)
      : nonsense_(std::move(nonsense)), thread_([this] { serve(); }) {}
  ~NonsenseServer() { thread_.join(); }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  using Tcp = boost::asio::ip::tcp;

  void serve() {
    Tcp::socket socket(context_);
    acceptor_.accept(socket);
    std::string asked;
    boost::asio::read(socket, boost::asio::dynamic_buffer(asked, ping.size()));
    boost::asio::write(socket, boost::asio::buffer("+PONG\r\n", 7));
    char byte = 0;
    boost::system::error_code ended;
    boost::asio::read(socket, boost::asio::buffer(&byte, 1), ended);
    boost::asio::write(socket, boost::asio::buffer(nonsense_), ended);
    while (!ended) boost::asio::read(socket, boost::asio::buffer(&byte, 1), ended);
  }

  const std::string nonsense_;
  boost::asio::io_context context_;
  Tcp::acceptor acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::thread thread_;
};

std::size_t used_memory(ValkeyServer& server) {
  const std::string info = server.ask("INFO memory");
  constexpr std::string_view name = "used_memory:";
  return std::stoul(info.substr(info.find(name) + name.size()));
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

constexpr std::size_t mebibyte = std::size_t{1} << 20;

TEST_CASE("of what a client asks for and does not read, the server holds one reply") {
  BridgeOptions options;
  options.memory_limit = std::size_t{256} << 20;
  BridgeWorld world(std::move(options));
  WebSocketClient writer(world.port());
  writer.send(encoded("SET large " + std::string(900'000, 'v')));
  CHECK(writer.receive() == "+OK\r\n");
  const std::string asked =
      GENERATE(as<std::string>(), "GET", "MGET", "GETRANGE", "MULTI", "a trained client");
  std::string request = encoded("GET large");
  if (asked == "MGET") request = encoded("MGET large");
  if (asked == "GETRANGE") request = encoded("GETRANGE large 0 -1");
  if (asked == "MULTI") request = encoded("MULTI") + request + encoded("EXEC");
  const std::size_t before = used_memory(world.valkey());
  constexpr std::size_t clients_count = 8;
  std::vector<std::unique_ptr<WebSocketClient>> clients;
  for (std::size_t i = 0; i < clients_count; ++i) {
    auto& client = *clients.emplace_back(
        std::make_unique<WebSocketClient>(world.port(), i % 2 == 0 ? "resp" : "plimsoll.resp.v1"));
    const std::string all = repeated(request, 1024);
    if (i % 2 != 0) {
      client.grant(2'000'000'000);
      client.send_data(all);
      continue;
    }
    if (asked == "a trained client") {
      // Its replies have been small so far.
      for (int k = 0; k < 200; ++k) {
        client.send(encoded("GET none"));
        client.receive_bytes(5);
      }
    }
    client.send(all);
  }
  CHECK(eventually([&] { return world.counters().held_back >= clients_count; }));
  // Until the systems' buffers are full, replies go on one after the other. So it settles when
  // nothing goes on any more.
  std::uint64_t sent = 0;
  CHECK(eventually([&] {
    const std::uint64_t now = world.counters().bytes_to_clients;
    return std::exchange(sent, now) == now;
  }));
  CHECK(used_memory(world.valkey()) < before + clients_count * (2 * mebibyte));
}

TEST_CASE("behind a command that blocks, the server gets little of what follows") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  const std::size_t before = used_memory(world.valkey());
  const std::string value(10'000, 'v');
  std::string all = encoded("BLPOP nothing 0");
  for (int i = 0; i < 500; ++i) all += encoded("SET k " + value);
  std::thread sender([&] {
    for (std::size_t at = 0; at < all.size(); at += mebibyte) client.send(all.substr(at, mebibyte));
  });
  CHECK(eventually([&] { return world.counters().held_back >= 1; }));
  CHECK(used_memory(world.valkey()) < before + mebibyte / 2);
  world.valkey().ask("LPUSH nothing x");
  client.receive_bytes(std::string_view("*2\r\n$7\r\nnothing\r\n$1\r\nx\r\n").size());
  CHECK(client.receive_bytes(500 * 5) == repeated("+OK\r\n", 500));
  sender.join();
}

TEST_CASE("a client whose credit lies behind its requests is read on") {
  BridgeWorld world;
  WebSocketClient client(world.port(), "plimsoll.resp.v1");
  client.grant(1000);
  client.send_data(encoded("SET k " + std::string(1000, 'v')));
  CHECK(client.receive_bytes(5) == "+OK\r\n");
  const std::string get = encoded("GET k");
  for (int i = 0; i < 50; ++i) client.send_data(repeated(get, 100));
  client.grant(100'000'000);
  const std::string reply = "$1000\r\n" + std::string(1000, 'v') + "\r\n";
  CHECK(client.receive_bytes(5000 * reply.size()) == repeated(reply, 5000));
}

TEST_CASE("requests without any credit are bounded") {
  BridgeOptions options;
  options.settings.relay.requests_ahead_bytes_max = 100'000;
  BridgeWorld world(std::move(options));
  WebSocketClient client(world.port(), "plimsoll.resp.v1");
  const std::string set = encoded("SET k " + std::string(1000, 'v'));
  for (int i = 0; i < 200; ++i) client.send_data(set);
  CHECK(client.receive_close() == 1008);
  CHECK(client.reason() == "too many requests without credit");
  world.wait_until_idle();
  CHECK(world.memory().pool(PoolKind::replies).used == 0);
}

TEST_CASE("clients without any credit take at most a quarter of the memory line together") {
  BridgeOptions options;
  options.memory_limit = std::size_t{16} << 20;
  BridgeWorld world(std::move(options));
  WebSocketClient polite(world.port());
  WebSocketClient client(world.port(), "plimsoll.resp.v1");
  const std::string set = encoded("SET k " + std::string(100'000, 'v'));
  std::thread sender([&] {
    try {
      for (int i = 0; i < 100; ++i) client.send_data(set);
    } catch (const boost::system::system_error&) {
      // The bridge has closed.
    }
  });
  CHECK(eventually([&] { return world.counters().relays == 1; }));
  sender.join();
  CHECK(world.log().find("no memory") != std::string::npos);
  CHECK(world.memory().peak < std::size_t{12} << 20);
  polite.send(encoded("PING"));
  CHECK(polite.receive() == "+PONG\r\n");
}

TEST_CASE("a client that is not read and goes is noticed") {
  BridgeOptions options;
  options.settings.relay.ping_interval = test_timeout(std::chrono::milliseconds(100));
  BridgeWorld world(std::move(options));
  WebSocketClient client(world.port());
  // With so many that the end of the connection waits behind what the sockets' buffers have not
  // taken.
  const int requests = GENERATE(100, 1000);
  client.send(encoded("BLPOP nothing 0") +
              repeated(encoded("SET k " + std::string(1000, 'v')), requests));
  CHECK(eventually([&] { return world.counters().held_back == 1; }));
  client.socket().close();
  world.wait_until_idle();
  CHECK(world.log().find("the client is gone") != std::string::npos);
}

TEST_CASE("a refusal reaches a client that grants a few bytes at a time") {
  BridgeWorld world;
  WebSocketClient client(world.port(), "plimsoll.resp.v1");
  const std::uint32_t granted = GENERATE(1u, 2u, 10u, 22u, 23u, 40u);
  const std::string refused = "-NOPERM plimsoll-bridge: AUTH is not allowed\r\n";
  client.grant(granted);
  client.send_data(encoded("AUTH x") + encoded("PING") + encoded("AUTH x"));
  const std::string expected = refused + "+PONG\r\n" + refused;
  std::string got;
  std::size_t left = granted;
  while (got.size() < expected.size()) {
    const std::string message = client.receive().substr(1);
    REQUIRE(message.size() <= left);
    got += message;
    left -= message.size();
    if (left > 0) continue;
    client.grant(granted);
    left = granted;
  }
  CHECK(got == expected);
}

TEST_CASE("HELLO within MULTI does not let what counts replies take the wrong protocol") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  client.send(encoded("MULTI") + encoded("HELLO 3") + encoded("EXEC"));
  const std::string refused = "-NOPERM plimsoll-bridge: HELLO within MULTI is not allowed\r\n";
  const std::string aborted = "-EXECABORT Transaction discarded because of previous errors.\r\n";
  const std::string expected = "+OK\r\n" + refused + aborted;
  CHECK(client.receive_bytes(expected.size()) == expected);
}

TEST_CASE("QUIT ends with 1000, and is no loss of the server") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  client.send(encoded("SET k v") + encoded("QUIT") + encoded("SET k w"));
  CHECK(client.receive_bytes(10) == "+OK\r\n+OK\r\n");
  CHECK(client.receive_close() == 1000);
  world.wait_until_idle();
  CHECK(world.counters().upstream_losses == 0);
  CHECK(world.valkey().ask("GET k") == "$1\r\nv\r\n");
}

TEST_CASE("a server that sends what is no RESP is given up") {
  BridgeOptions options;
  NonsenseServer server("HTTP/1.1 400 Bad Request\r\n\r\n");
  bridge::Target target;
  target.endpoint.host = "127.0.0.1";
  target.endpoint.port = server.port();
  options.settings.rules.upstreams.emplace("main", std::move(target));
  BridgeWorld world(std::move(options));
  WebSocketClient client(world.port());
  client.send(encoded("GET k"));
  CHECK(client.receive_close() == 1011);
  world.wait_until_idle();
  CHECK(world.log().find("no RESP") != std::string::npos);
}

TEST_CASE("a bridge that drains delivers what is owed") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  WebSocketClient idle(world.port());
  client.send(encoded("SET k " + std::string(10'000, 'v')));
  CHECK(client.receive_bytes(5) == "+OK\r\n");
  client.send(repeated(encoded("GET k"), 1000));
  CHECK(eventually([&] { return world.counters().held_back >= 1; }));
  std::thread end([&] { world.drain(std::chrono::seconds(30)); });
  CHECK(idle.receive_close() == 1001);
  const std::string reply = "$10000\r\n" + std::string(10'000, 'v') + "\r\n";
  CHECK(client.receive_bytes(1000 * reply.size()) == repeated(reply, 1000));
  CHECK(client.receive_close() == 1001);
  end.join();
}

TEST_CASE("a bridge that drains does not wait for ever for what is owed") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  client.send(encoded("BLPOP nothing 0"));
  CHECK(eventually([&] { return world.counters().commands_allowed == 1; }));
  std::thread end([&] { world.drain(std::chrono::seconds(5)); });
  CHECK(client.receive_close() == 1001);
  end.join();
}

}  // namespace
}  // namespace plimsoll::testing::window_test
