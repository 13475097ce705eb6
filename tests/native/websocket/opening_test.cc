#include "plimsoll/native/websocket/opening.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace plimsoll::testing::opening_test {
namespace {

using websocket::AnswerReader;
using websocket::Framing;
using State = AnswerReader::State;

// RFC 6455, section 1.3.
constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";

std::string answer(std::string_view more = {}, std::string_view accept = {},
                   std::string_view protocol = "plimsoll.resp.v1") {
  std::string text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n";
  text += "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: ";
  text += accept.empty() ? "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" : accept;
  if (!protocol.empty()) text.append("\r\nSec-WebSocket-Protocol: ").append(protocol);
  return text.append("\r\n").append(more).append("\r\n");
}

// A reader that has taken this, in pieces of any size, or as much of it as it wanted.
struct Taken {
  AnswerReader reader{key};
  std::size_t bytes = 0;
};

void take(Taken& taken, std::string_view text, std::size_t piece_size = 1000) {
  while (!text.empty() && taken.reader.state() == State::reading) {
    const std::string_view piece = text.substr(0, piece_size);
    text.remove_prefix(piece.size());
    taken.bytes += taken.reader.take(piece);
  }
}

TEST_CASE("the accept of a key is that of RFC 6455, section 1.3") {
  websocket::KeyBytes bytes{};
  std::copy_n("the sample nonce", bytes.size(), bytes.begin());
  CHECK(websocket::key_of(bytes) == key);
  CHECK(websocket::accept_of(key) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("a request has what it takes, and a token only where there is one") {
  CHECK(websocket::request_of({.host = "h:1", .path = "/main", .token = ""}, key) ==
        "GET /main HTTP/1.1\r\nHost: h:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: plimsoll.resp.v1, resp\r\n\r\n");
  const std::string with = websocket::request_of({.host = "h", .path = "/", .token = "t.k"}, key);
  CHECK(with.ends_with("\r\nAuthorization: Bearer t.k\r\n\r\n"));
}

TEST_CASE("an answer that belongs to the request is accepted, and what is behind it is left") {
  const std::size_t piece_size = GENERATE(1U, 2U, 7U, 1000U);
  const std::string text = answer();
  Taken taken;
  take(taken, text + "\x82\x05Hello", piece_size);
  CHECK(taken.reader.state() == State::accepted);
  CHECK(taken.reader.framing() == Framing::with_credits);
  CHECK(taken.bytes == text.size());
  Taken bare;
  take(bare, answer({}, {}, "resp"));
  CHECK(bare.reader.framing() == Framing::bare);
}

TEST_CASE("a 101 that does not belong to the request is refused") {
  const std::string_view text = GENERATE_COPY(
      std::string_view("HTTP/1.1 101 x\r\nConnection: Upgrade\r\n\r\n"),
      std::string_view("HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
      std::string_view("HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n"));
  Taken taken;
  take(taken, text);
  CHECK(taken.reader.state() == State::not_as_asked);
  CHECK(taken.reader.wrong() == std::string_view("it upgrades to no WebSocket"));
}

TEST_CASE("an accept of another key, an extension, and protocols not offered are refused") {
  struct Case {
    std::string text;
    std::string_view wrong;
  };
  const Case row = GENERATE(
      Case{answer({}, "c3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
           "its Sec-WebSocket-Accept is that of another request"},
      Case{answer("Sec-WebSocket-Accept: x\r\n"),
           "its Sec-WebSocket-Accept is that of another request"},
      Case{answer("Sec-WebSocket-Extensions: permessage-deflate\r\n"),
           "it uses an extension that was not asked for"},
      Case{answer({}, {}, "bearer.x"), "it has chosen no subprotocol of those that were offered"},
      Case{answer({}, {}, ""), "it has chosen no subprotocol of those that were offered"},
      Case{answer("Sec-WebSocket-Protocol: resp\r\n"),
           "it has chosen no subprotocol of those that were offered"});
  Taken taken;
  take(taken, row.text);
  CHECK(taken.reader.state() == State::not_as_asked);
  CHECK(taken.reader.wrong() == row.wrong);
}

TEST_CASE("a refusal has its status, and when to come again") {
  Taken taken;
  take(taken, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
  CHECK(taken.reader.state() == State::refused);
  CHECK(taken.reader.status() == 503);
  CHECK(taken.reader.retry_after() == "7");
}

TEST_CASE("what is no HTTP shows with its first bytes") {
  for (const char* text : {"-ERR unknown command", "+PONG\r\n", "x", "\x15", "HTTP/2 "}) {
    Taken taken;
    take(taken, text, 1);
    CHECK(taken.reader.state() == State::not_http);
  }
}

TEST_CASE("a token is printable, and as long as it may be") {
  CHECK(websocket::is_token("let me in"));
  CHECK(websocket::is_token(std::string(websocket::token_bytes_max, 't')));
  CHECK_FALSE(websocket::is_token(std::string(websocket::token_bytes_max + 1, 't')));
  for (const char* text : {"", " t", "t ", "a\r\nHost: b", "a\tb", "\x7f", "\xc3\xa4"}) {
    CHECK_FALSE(websocket::is_token(text));
  }
}

TEST_CASE("lines of a header that make no sense are no HTTP") {
  Taken taken;
  take(taken, "HTTP/1.1 101 x\r\nUp grade: websocket\r\n\r\n");
  CHECK(taken.reader.state() == State::not_http);
}

TEST_CASE("a header is as long as it may be, and no longer") {
  const std::size_t room = websocket::answer_bytes_max - answer("X: \r\n").size();
  Taken longest;
  take(longest, answer("X: " + std::string(room, 'x') + "\r\n"));
  CHECK(longest.reader.state() == State::accepted);
  Taken longer;
  take(longer, answer("X: " + std::string(room + 1, 'x') + "\r\n"));
  CHECK(longer.reader.state() == State::too_long);
  CHECK(longer.bytes == websocket::answer_bytes_max);
}

}  // namespace
}  // namespace plimsoll::testing::opening_test
