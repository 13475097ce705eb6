// What RFC 6455 says of frames, control frames and closes, tried on the bridge by a peer that says
// anything.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/patience.h"

namespace plimsoll::testing::framing_test {
namespace {

using namespace std::string_literals;
using Tcp = boost::asio::ip::tcp;

constexpr std::string_view ping_command = "*1\r\n$4\r\nPING\r\n";

// First byte of a frame: what it is, and whether it is the last of its message.
constexpr unsigned last = 0x80;
enum Opcode : unsigned { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// Masked by a key that changes every byte.
std::string frame(unsigned first, std::string_view payload, bool is_masked = true) {
  constexpr std::array<char, 4> key = {'\x37', '\xfa', '\x21', '\x3d'};
  std::string bytes(1, static_cast<char>(first));
  const unsigned mask_bit = is_masked ? 0x80 : 0;
  if (payload.size() < 126) {
    bytes += static_cast<char>(mask_bit | payload.size());
  } else {
    bytes += static_cast<char>(mask_bit | 126);
    bytes += static_cast<char>(payload.size() >> 8);
    bytes += static_cast<char>(payload.size());
  }
  if (!is_masked) return bytes + std::string(payload);
  bytes.append(key.data(), key.size());
  for (std::size_t i = 0; i < payload.size(); ++i) {
    bytes += static_cast<char>(payload[i] ^ key[i % key.size()]);
  }
  return bytes;
}

/// A WebSocket below the level of messages.
class RawPeer {
 public:
  explicit RawPeer(std::uint16_t port) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
    boost::asio::write(
        socket_, boost::asio::buffer("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                                     "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                     "Sec-WebSocket-Protocol: resp\r\nAuthorization: Bearer " +
                                     std::string(good_token) + "\r\n\r\n"));
    std::string answer;
    while (!answer.ends_with("\r\n\r\n")) answer += take(1);
    // The example of RFC 6455, section 1.3.
    CHECK(answer.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos);
    CHECK(answer.find("permessage-deflate") == std::string::npos);
  }

  void send(std::string_view bytes) { boost::asio::write(socket_, boost::asio::buffer(bytes)); }

  /// The next frame: its first byte, and what is in it. The bridge masks nothing.
  std::pair<unsigned, std::string> receive() {
    const std::string head = take(2);
    std::size_t size = static_cast<unsigned char>(head[1]);
    if (size >= 126) {
      const std::string longer = take(size == 126 ? 2 : 8);
      size = 0;
      for (const char byte : longer) size = size * 256 + static_cast<unsigned char>(byte);
    }
    return {static_cast<unsigned char>(head[0]), take(size)};
  }

  /// The code of a close that comes, what came before it left out.
  unsigned receive_close() {
    for (;;) {
      const auto [first, payload] = receive();
      if (first != (last | close)) continue;
      if (payload.empty()) return 1005;
      return static_cast<unsigned char>(payload[0]) * 256u + static_cast<unsigned char>(payload[1]);
    }
  }

 private:
  std::string take(std::size_t size) {
    std::string bytes(size, '\0');
    boost::asio::read(socket_, boost::asio::buffer(bytes));
    return bytes;
  }

  boost::asio::io_context context_;
  Tcp::socket socket_{context_};
};

TEST_CASE("a message in fragments, with control frames in between, is one") {
  BridgeWorld world;
  RawPeer peer(world.port());
  peer.send(frame(binary, ping_command.substr(0, 3)) + frame(last | ping, "are you there") +
            frame(continuation, "") + frame(continuation, ping_command.substr(3, 5)) +
            frame(last | pong, "unasked") + frame(last | continuation, ping_command.substr(8)));
  CHECK(peer.receive() == std::pair(last | pong, "are you there"s));
  CHECK(peer.receive() == std::pair(last | binary, "+PONG\r\n"s));
}

TEST_CASE("frames of any length and any cut arrive") {
  BridgeWorld world;
  RawPeer peer(world.port());
  const std::string value(300, 'v');
  const std::string bytes = frame(last | binary, "*2\r\n$4\r\nECHO\r\n$300\r\n" + value + "\r\n") +
                            frame(last | binary, "") + frame(last | binary, ping_command);
  for (const char byte : bytes) peer.send({&byte, 1});
  std::string replies;
  while (!replies.ends_with("+PONG\r\n")) replies += peer.receive().second;
  CHECK(replies == "$300\r\n" + value + "\r\n+PONG\r\n");
}

TEST_CASE("a close is answered with its code") {
  BridgeWorld world;
  RawPeer peer(world.port());
  SECTION("of a code and a reason") {
    peer.send(frame(last | close,
                    "\x03\xe8"
                    "done"));
    CHECK(peer.receive_close() == 1000);
  }
  SECTION("of one's own range") {
    peer.send(frame(last | close, "\x0f\xa8"));
    CHECK(peer.receive_close() == 4008);
  }
  SECTION("of nothing") {
    peer.send(frame(last | close, ""));
    const unsigned code = peer.receive_close();
    CHECK((code == 1000 || code == 1005));
  }
}

TEST_CASE("what breaks the protocol ends the connection as such") {
  struct Case {
    const char* what;
    std::string bytes;
    unsigned code;
  };
  const std::string long_ping(126, 'p');
  const Case cases[] = {
      {"a frame that is not masked", frame(last | binary, ping_command, false), 1002},
      {"a reserved bit", frame(last | 0x40 | binary, ping_command), 1002},
      {"the next reserved bit", frame(last | 0x20 | binary, ping_command), 1002},
      {"the last reserved bit", frame(last | 0x10 | binary, ping_command), 1002},
      {"a reserved opcode of data", frame(last | 3, "x"), 1002},
      {"a reserved opcode of control", frame(last | 11, "x"), 1002},
      {"a ping in fragments", frame(ping, "x"), 1002},
      {"a ping that is too long", frame(last | ping, long_ping), 1002},
      {"a continuation of nothing", frame(last | continuation, "x"), 1002},
      {"a message within another", frame(binary, "*1") + frame(last | binary, "x"), 1002},
      {"a length that is longer than need be", "\x82\xfe\x00\x01\0\0\0\0x"s, 1002},
      {"a length of 64 bits with the highest one", "\x82\xff\x80\0\0\0\0\0\0\x01\0\0\0\0x"s, 1009},
      {"a close of one byte", frame(last | close, "\x03"), 1002},
      {"a close of a reason that is no UTF-8", frame(last | close, "\x03\xe8\xff\xfe"), 1002},
      {"text", frame(last | text, "PING"), 1003},
      {"text that is no UTF-8", frame(last | text, "\xff"), 1007},
  };
  for (const Case& each : cases) {
    INFO(each.what);
    BridgeWorld world;
    RawPeer peer(world.port());
    peer.send(each.bytes);
    CHECK(peer.receive_close() == each.code);
  }
}

// RFC 6455, section 7.4, and IANA's registry of close codes.
TEST_CASE("a close of a code that may not be sent breaks the protocol, and any other is answered") {
  BridgeOptions options;
  options.settings.limits.upgrades_per_second_per_address = 1'000'000;
  BridgeWorld world(std::move(options));
  const auto answer = [&](unsigned code) {
    RawPeer peer(world.port());
    const char payload[] = {static_cast<char>(code >> 8), static_cast<char>(code)};
    peer.send(frame(last | close, {payload, 2}));
    return peer.receive_close();
  };
  for (const unsigned code : {1000u, 1001u, 1002u, 1003u, 1007u, 1008u, 1009u, 1010u, 1011u, 1012u,
                              1013u, 3000u, 3999u, 4000u, 4008u, 4999u}) {
    INFO(code);
    CHECK(answer(code) == code);
  }
  // 1014 is registered, for gateways; Beast does not know it, and no client of a bridge is one.
  for (const unsigned code : {0u, 1u, 999u, 1004u, 1005u, 1006u, 1014u, 1015u, 1016u, 1100u, 2000u,
                              2999u, 5000u, 9999u, 65535u}) {
    INFO(code);
    CHECK(answer(code) == 1002);
  }
}

// The close is answered after what is being sent.
TEST_CASE("a close of a code that is none, amid a reply that is not read, is answered behind it") {
  BridgeWorld world;
  std::optional<RawPeer> peer(world.port());
  const std::string value(std::size_t{512} << 10, 'v');
  std::string commands = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$524288\r\n" + value + "\r\n";
  for (int i = 0; i < 20; ++i) commands += "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
  for (std::string_view rest = commands; !rest.empty();) {
    const std::string_view piece = rest.substr(0, 30000);
    rest.remove_prefix(piece.size());
    peer->send(frame(last | binary, piece));
  }
  // The bridge has replies that the system does not take.
  CHECK(eventually([&] { return world.counters().bytes_to_clients > value.size(); }));
  peer->send(frame(last | close, "\x13\x88"));
  CHECK(peer->receive_close() == 1002);
  peer.reset();
  world.wait_until_idle();
  CHECK(world.log().find("\"close_code\":1002") != std::string::npos);
}

// The bridge closes for the first, and then reads the second, while its close is on its way.
TEST_CASE("what breaks the protocol behind what ended the connection holds nothing up") {
  BridgeOptions options;
  options.settings.relay.handshake_timeout = std::chrono::milliseconds(200);
  BridgeWorld world(std::move(options));
  // Less than an idle relay's buffer takes, and more.
  for (const std::size_t size : {std::size_t{10}, std::size_t{300}}) {
    RawPeer peer(world.port());
    peer.send(frame(last | binary, std::string(size, 'x')) + frame(last | 0x40 | binary, "x"));
    CHECK(peer.receive_close() == 1008);
    world.wait_until_idle();
  }
}

// As a browser does, which reads what came when all of a message is sent.
TEST_CASE("why a connection ends is told to whoever goes on sending") {
  BridgeOptions options;
  options.settings.relay.message_bytes_max = 1000;
  BridgeWorld world(std::move(options));
  {
    RawPeer peer(world.port());
    peer.send(frame(last | binary, std::string(2000, 'x')));
    peer.send(std::string(std::size_t{8} << 20, 'x'));
    CHECK(peer.receive_close() == 1009);
  }
  world.wait_until_idle();
}

}  // namespace
}  // namespace plimsoll::testing::framing_test
