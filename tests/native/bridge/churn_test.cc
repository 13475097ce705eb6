// Clients that go at any point: nothing of them is left.

#include <array>
#include <cstdint>
#include <random>
#include <sstream>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/patience.h"

namespace plimsoll::testing::churn_test {
namespace {

using Tcp = boost::asio::ip::tcp;

std::string handshake_of(std::string_view protocol) {
  std::string text =
      "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Protocol: ";
  text += protocol;
  text += "\r\nAuthorization: Bearer ";
  text += good_token;
  text += "\r\n\r\n";
  return text;
}

// Masked by zeros, which leaves it as it is.
std::string frame(char opcode, std::string_view payload) {
  std::string bytes;
  bytes += static_cast<char>(0x80 | opcode);
  bytes += static_cast<char>(0x80 | payload.size());
  bytes += std::string(4, '\0');
  return bytes + std::string(payload);
}

// The lines of INFO that say which clients there are now; others say what has been.
std::string clients_of(ValkeyServer& server) {
  std::istringstream info(server.ask("INFO clients"));
  std::string now;
  for (std::string line; std::getline(info, line);) {
    const bool is_of_now = line.find("recent_max") == line.npos && !line.starts_with('$');
    if (is_of_now) now += line + "\n";
  }
  return now;
}

TEST_CASE("clients that go at any point leave nothing behind") {
  BridgeOptions options;
  options.threads = GENERATE(1, 3);
  options.settings.limits.upgrades_per_second_per_address = 1'000'000;
  BridgeWorld world(std::move(options));
  const std::string before = clients_of(world.valkey());
  const std::size_t memory_before = world.memory().used;
  std::mt19937 random(17);
  const std::array<std::string, 4> requests = {
      frame(2, "*1\r\n$4\r\nPING\r\n"), frame(2, "*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\nnews\r\n"),
      frame(2, "*3\r\n$5\r\nBLPOP\r\n$1\r\nq\r\n$1\r\n0\r\n"), frame(9, "ping")};
  for (int i = 0; i < 400; ++i) {
    const bool has_credits = random() % 2 == 0;
    const std::string handshake = handshake_of(has_credits ? "plimsoll.resp.v1" : "resp");
    std::string frames;
    for (std::uint32_t n = random() % 4; n > 0; --n) frames += requests[random() % 4];
    boost::asio::io_context context;
    Tcp::socket socket(context);
    socket.connect({boost::asio::ip::address_v4::loopback(), world.port()});
    boost::system::error_code ignored;
    const bool stays_for_handshake = random() % 4 != 0;
    const std::size_t cut = stays_for_handshake ? handshake.size() : random() % handshake.size();
    boost::asio::write(socket, boost::asio::buffer(handshake.data(), cut), ignored);
    if (stays_for_handshake && random() % 8 != 0) {
      std::array<char, 12> answer;
      socket.read_some(boost::asio::buffer(answer), ignored);
      const std::size_t sent = frames.empty() ? 0 : random() % (frames.size() + 1);
      boost::asio::write(socket, boost::asio::buffer(frames.data(), sent), ignored);
    }
    // By a reset now and then.
    if (random() % 2 == 0) socket.set_option(boost::asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
  }
  CHECK(eventually([&] {
    return world.ask_all([](const bridge::Servers& all) { return all.connections_count(); }) == 0;
  }));
  CHECK(world.counters().relays == 0);
  CHECK(world.memory().used == memory_before);
  CHECK(eventually([&] { return clients_of(world.valkey()) == before; }));
  CHECK(world.counters().upgrades > 100);
}

}  // namespace
}  // namespace plimsoll::testing::churn_test
