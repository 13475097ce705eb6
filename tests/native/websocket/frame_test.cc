#include "plimsoll/native/websocket/frame.h"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace plimsoll::testing::frame_test {
namespace {

using websocket::client_header_bytes_max;
using websocket::MaskKey;
using websocket::Opcode;

std::string sealed(std::string_view payload, Opcode opcode, MaskKey key) {
  std::string space(client_header_bytes_max, '?');
  space += payload;
  return std::string(websocket::seal(space, opcode, key));
}

TEST_CASE("a masked frame is that of RFC 6455, section 5.7") {
  const MaskKey key{0x37, static_cast<char>(0xfa), 0x21, 0x3d};
  CHECK(sealed("Hello", Opcode::text, key) == "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
}

TEST_CASE("a pong with the payload of a ping is that of RFC 6455, section 5.7, but for its mask") {
  CHECK(sealed("Hello", Opcode::pong, {0, 0, 0, 0}) == std::string("\x8a\x85\0\0\0\0Hello", 11));
}

TEST_CASE("a length takes as few bytes as can be") {
  struct Case {
    std::size_t size;
    std::string header;
  };
  const auto [size, header] = GENERATE(
      Case{0, std::string("\x82\x80", 2)}, Case{125, std::string("\x82\xfd", 2)},
      Case{126, std::string("\x82\xfe\0\x7e", 4)}, Case{65'535, std::string("\x82\xfe\xff\xff", 4)},
      Case{65'536, std::string("\x82\xff\0\0\0\0\0\x01\0\0", 10)});
  const std::string payload(size, 'x');
  CHECK(sealed(payload, Opcode::binary, {}) == header + std::string(4, '\0') + payload);
}

TEST_CASE("every byte of a payload is masked by its place") {
  const std::size_t size = GENERATE(1U, 3U, 4U, 7U, 8U, 9U, 31U, 100U);
  const MaskKey key{1, 2, 4, 8};
  const std::string frame = sealed(std::string(size, '\0'), Opcode::binary, key);
  const std::string_view payload = std::string_view(frame).substr(frame.size() - size);
  for (std::size_t i = 0; i < size; ++i) CHECK(payload[i] == key[i % 4]);
}

TEST_CASE("the payload of a close is its code, the high byte first") {
  const auto payload = websocket::payload_of(websocket::CloseCode::overrun);
  CHECK(std::string_view(payload.data(), 2) == "\x0f\xa8");
}

}  // namespace
}  // namespace plimsoll::testing::frame_test
