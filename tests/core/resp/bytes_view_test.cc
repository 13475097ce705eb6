#include "plimsoll/core/resp/bytes_view.h"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/base/failed_check.h"
#include "plimsoll/tests/core/resp/parsed.h"

namespace plimsoll::testing::bytes_view_test {
namespace {

constexpr std::string_view nothing;

std::vector<std::string> pieces_of(const BytesView& bytes) {
  std::vector<std::string> pieces;
  bytes.for_each_piece([&](std::string_view piece) { pieces.emplace_back(piece); });
  return pieces;
}

std::string copy_of(const BytesView& bytes) {
  std::string copy(bytes.size(), '?');
  bytes.copy_to(copy.data());
  return copy;
}

TEST_CASE("a string that lies in one piece can be viewed") {
  const Parsed reply("$3\r\nfoo\r\n");
  const BytesView bytes = *reply.value().as_bytes();
  CHECK(bytes.contiguous());
  CHECK(bytes.size() == 3);
  CHECK(bytes.view() == "foo");
  CHECK(pieces_of(bytes) == std::vector<std::string>{"foo"});
  CHECK(copy_of(bytes) == "foo");
}

TEST_CASE("a string that fits its read buffer lies in one piece, however it came") {
  for (const SegmentSize size : {SegmentSize::small, SegmentSize::whole}) {
    const std::string text(capacity_of(size) - 100, 'a');
    const Parsed reply("$" + std::to_string(text.size()) + "\r\n" + text + "\r\n", 1000, size);
    REQUIRE(reply.value().as_bytes()->contiguous());
    CHECK(reply.value().as_bytes()->view() == text);
  }
}

TEST_CASE("a string that crosses read buffers is told piece by piece") {
  const std::string text(3 * segment_capacity, 'a');
  const Parsed reply("$" + std::to_string(text.size()) + "\r\n" + text + "\r\n");
  const BytesView bytes = *reply.value().as_bytes();
  CHECK_FALSE(bytes.contiguous());
  CHECK(bytes.size() == text.size());
  CHECK(pieces_of(bytes).size() == 4);
  CHECK(copy_of(bytes) == text);
  CHECK(bytes == text);
}

TEST_CASE("a streamed string is told chunk by chunk") {
  const Parsed reply("$?\r\n;2\r\nab\r\n;3\r\ncde\r\n;0\r\n");
  const BytesView bytes = *reply.value().as_bytes();
  CHECK_FALSE(bytes.contiguous());
  CHECK(pieces_of(bytes) == std::vector<std::string>{"ab", "cde"});
  CHECK(copy_of(bytes) == "abcde");
}

TEST_CASE("a streamed string without chunks is empty") {
  const Parsed reply("$?\r\n;0\r\n");
  const BytesView bytes = *reply.value().as_bytes();
  CHECK(bytes.empty());
  CHECK(pieces_of(bytes).empty());
  CHECK(bytes == nothing);
}

TEST_CASE("bytes in pieces equal a text only where every byte does") {
  const Parsed reply("$?\r\n;2\r\nab\r\n;3\r\ncde\r\n;0\r\n");
  const BytesView bytes = *reply.value().as_bytes();
  CHECK(bytes == "abcde");
  CHECK_FALSE(bytes == "abcd");
  CHECK_FALSE(bytes == "abcdef");
  CHECK_FALSE(bytes == "Xbcde");
  CHECK_FALSE(bytes == "aXcde");
  CHECK_FALSE(bytes == "abXde");
  CHECK_FALSE(bytes == "abcdX");
  CHECK_FALSE(bytes == nothing);
}

TEST_CASE("a verbatim string that crosses read buffers loses its format and nothing else") {
  const std::string text = std::string(2 * segment_capacity, 'a') + "end";
  for (const SegmentSize size : {SegmentSize::small, SegmentSize::whole}) {
    // The header and the format lie before, across and behind the end of the first buffer.
    for (std::size_t room = 9; room < 24; ++room) {
      std::string bytes = "*2\r\n" + filler(capacity_of(size) - 4 - room);
      bytes += "=" + std::to_string(text.size() + 4) + "\r\ntxt:";
      const Parsed reply(bytes + text + "\r\n", SIZE_MAX, size);
      auto at = reply.value().as_elements()->begin();
      ++at;
      const BytesView view = *(*at).as_bytes();
      CHECK(copy_of(view) == text);
      CHECK(view == text);
      CHECK(*(*at).as_format() == VerbatimFormat{'t', 'x', 't'});
    }
  }
}

TEST_CASE("viewing bytes that lie in pieces as one fails a CHECK") {
  CHECK(failed_check([] {
          const Parsed reply("$?\r\n;1\r\na\r\n;1\r\nb\r\n;0\r\n");
          static_cast<void>(reply.value().as_bytes()->view());
        }) == "contiguous()");
}

}  // namespace
}  // namespace plimsoll::testing::bytes_view_test
