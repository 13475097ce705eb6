#include "plimsoll/native/websocket/message_reader.h"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/native/websocket/protocol.h"
#include "plimsoll/tests/native/websocket/server_frame.h"

namespace plimsoll::testing::message_reader_test {
namespace {

using websocket::CloseCode;
using websocket::Framing;
using websocket::MessageReader;
using websocket::Opcode;

std::string data(std::string_view resp) {
  return server_message(std::string(1, websocket::type_data).append(resp));
}

// What of a stream is RESP, when it is read in pieces of this size.
std::string read(MessageReader& reader, std::string_view stream, std::size_t piece_size) {
  std::string all;
  while (!stream.empty()) {
    std::string piece(stream.substr(0, piece_size));
    stream.remove_prefix(piece.size());
    const std::size_t size = reader.take(piece);
    all.append(piece, 0, size);
  }
  return all;
}

TEST_CASE("frames, type bytes and pings are cut out of the stream, whatever its pieces") {
  const std::size_t piece_size = GENERATE(1U, 2U, 3U, 5U, 8U, 1000U);
  SECTION("with credits") {
    MessageReader reader(Framing::with_credits);
    const std::string stream = data("+OK\r\n") + server_frame(Opcode::ping, "p") +
                               server_frame(Opcode::binary, std::string("\0$3", 3), Fin::more) +
                               server_frame(Opcode::ping, "q") +
                               server_frame(Opcode::continuation, "\r\nab") + data("c") +
                               data("\r\n");
    CHECK(read(reader, stream, piece_size) == "+OK\r\n$3\r\nabc\r\n");
    CHECK(reader.problem() == nullptr);
    CHECK(reader.take_ping() == "q");
    CHECK_FALSE(reader.take_ping());
  }
  SECTION("bare") {
    MessageReader reader(Framing::bare);
    CHECK(read(reader, server_message("+O") + server_message("") + server_message("K\r\n"),
               piece_size) == "+OK\r\n");
    CHECK(reader.problem() == nullptr);
  }
}

TEST_CASE("a close ends it, and what came before is there") {
  MessageReader reader(Framing::with_credits);
  CHECK(read(reader, data("+OK\r\n") + server_close(1013, "no memory") + data("+NO\r\n"), 1000) ==
        "+OK\r\n");
  REQUIRE(reader.close());
  CHECK(reader.close()->code == 1013);
  CHECK(reader.close()->reason == "no memory");
}

TEST_CASE("messages that make no sense to the subprotocol with credits end it") {
  MessageReader reader(Framing::with_credits);
  const std::string message = GENERATE(std::string("\1\1\0\0\0", 5), std::string("\2x"),
                                       std::string("\0", 1), std::string());
  CHECK(read(reader, data("+OK\r\n") + server_message(message) + data("+NO\r\n"), 1000) ==
        "+OK\r\n");
  CHECK(reader.problem() != nullptr);
  CHECK(reader.close_code() == CloseCode::protocol_error);
}

TEST_CASE("text is answered with a code of its own") {
  MessageReader reader(Framing::bare);
  CHECK(read(reader, server_frame(Opcode::text, "+OK\r\n"), 1000).empty());
  CHECK(reader.close_code() == CloseCode::unknown_data);
}

}  // namespace
}  // namespace plimsoll::testing::message_reader_test
