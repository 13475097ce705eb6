#include "plimsoll/native/websocket/frame_reader.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/native/websocket/server_frame.h"

namespace plimsoll::testing::frame_reader_test {
namespace {

using websocket::FrameReader;
using websocket::Opcode;
using Kind = FrameReader::Part::Kind;
using Problem = FrameReader::Problem;

// What was read, as a text: "Hello|" is a message, "<ping:x>" and "<close:..>" are what they say.
struct Reading {
  std::string text;
  Problem problem = Problem::none;
  bool operator==(const Reading&) const = default;
};

Reading read(std::string_view stream, std::size_t piece_size) {
  FrameReader reader;
  Reading all;
  while (!stream.empty() && reader.problem() == Problem::none) {
    const std::string piece(stream.substr(0, piece_size));
    stream.remove_prefix(piece.size());
    std::string_view rest = piece;
    while (!rest.empty()) {
      const FrameReader::Part part = reader.take(rest);
      switch (part.kind) {
        case Kind::nothing: break;
        case Kind::data: all.text.append(part.bytes).append(part.ends_message ? "|" : ""); break;
        case Kind::ping: all.text.append("<ping:").append(part.bytes).append(">"); break;
        case Kind::close:
          all.text.append("<close:")
              .append(std::to_string(websocket::code_of_close(part.bytes)))
              .append(">");
          break;
      }
    }
  }
  all.problem = reader.problem();
  return all;
}

// The same at every split.
Reading read(std::string_view stream) {
  const Reading whole = read(stream, stream.size());
  for (std::size_t size = 1; size < std::min<std::size_t>(stream.size(), 40); ++size) {
    CAPTURE(size);
    CHECK(read(stream, size) == whole);
  }
  return whole;
}

TEST_CASE("the frames of RFC 6455, section 5.7, as far as servers send them to us") {
  CHECK(read("\x82\x05Hello") == Reading{"Hello|"});
  CHECK(read("\x02\x03Hel\x80\x02lo") == Reading{"Hello|"});
  CHECK(read("\x89\x05Hello") == Reading{"<ping:Hello>"});
  const std::string medium(256, 'm');
  CHECK(read(std::string("\x82\x7e\x01\x00", 4) + medium) == Reading{medium + "|"});
  const std::string large(65'536, 'l');
  CHECK(read(std::string("\x82\x7f\0\0\0\0\0\x01\0\0", 10) + large) == Reading{large + "|"});
}

TEST_CASE("control frames come amid a message, and pongs are passed over") {
  CHECK(read(server_frame(Opcode::binary, "a", Fin::more) + server_frame(Opcode::ping, "p") +
             server_frame(Opcode::continuation, "", Fin::more) + server_frame(Opcode::pong, "q") +
             server_frame(Opcode::continuation, "b") + server_message("c")) ==
        Reading{"a<ping:p>b|c|"});
}

TEST_CASE("a message may be empty, and so may a ping") {
  CHECK(read(server_message("") + server_frame(Opcode::ping, "") + server_message("x")) ==
        Reading{"|<ping:>x|"});
}

TEST_CASE("a close has a code, or none") {
  CHECK(read(server_close(1001, "bye")) == Reading{"<close:1001>"});
  CHECK(read(server_frame(Opcode::close, "")) == Reading{"<close:1005>"});
  const unsigned good = GENERATE(1000U, 1003U, 1007U, 1014U, 3000U, 4999U);
  CHECK(read(server_close(good, "")).problem == Problem::none);
  const unsigned bad = GENERATE(0U, 999U, 1004U, 1005U, 1006U, 1015U, 2999U, 5000U, 65'535U);
  CHECK(read(server_close(bad, "")).problem == Problem::bad_close);
  CHECK(read(server_frame(Opcode::close, "x")).problem == Problem::bad_close);
}

TEST_CASE("control frames are as long as they may be, and no longer") {
  const std::string longest(125, 'p');
  CHECK(read(server_frame(Opcode::ping, longest)) == Reading{"<ping:" + longest + ">"});
  CHECK(read(server_frame(Opcode::ping, longest + "p")) == Reading{"", Problem::control_too_long});
}

TEST_CASE("what a server must not send is found where it shows") {
  struct Case {
    std::string frames;
    Problem problem;
  };
  const std::string begun = server_frame(Opcode::binary, "a", Fin::more);
  const auto [frames, problem] = GENERATE_COPY(
      Case{"\x82\x85", Problem::masked}, Case{"\xc2", Problem::none},
      Case{std::string("\xc2\0", 2), Problem::reserved_bits},
      Case{std::string("\xa2\0", 2), Problem::reserved_bits},
      Case{std::string("\x92\0", 2), Problem::reserved_bits},
      Case{std::string("\x83\0", 2), Problem::unknown_opcode},
      Case{std::string("\x8b\0", 2), Problem::unknown_opcode},
      Case{server_frame(Opcode::text, "a"), Problem::text},
      Case{std::string("\x09\0", 2), Problem::control_fragmented},
      Case{std::string("\x80\0", 2), Problem::nothing_to_continue},
      Case{server_message("a") + std::string("\x80\0", 2), Problem::nothing_to_continue},
      Case{begun + server_message("b"), Problem::message_not_ended},
      Case{std::string("\x82\x7e\0\x7d", 4), Problem::length_not_shortest},
      Case{std::string("\x82\x7f\0\0\0\0\0\0\xff\xff", 10), Problem::length_not_shortest},
      Case{std::string("\x82\x7f\x80\0\0\0\0\0\0\0", 10), Problem::length_too_large});
  CHECK(read(frames).problem == problem);
  // And nothing is read behind it.
  if (problem != Problem::none) CHECK(read(frames + server_message("z")) == read(frames));
}

TEST_CASE("every problem has its words") {
  for (int i = 0; i <= static_cast<int>(Problem::bad_close); ++i) {
    CHECK(std::string_view(words_of(static_cast<Problem>(i))).size() > 8);
  }
}

}  // namespace
}  // namespace plimsoll::testing::frame_reader_test
