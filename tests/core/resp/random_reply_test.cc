#include "plimsoll/tests/core/resp/random_reply.h"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/resp/model.h"
#include "plimsoll/tests/core/resp/naive_parser.h"
#include "plimsoll/tests/core/resp/reading.h"

namespace plimsoll::testing::random_reply_test {
namespace {

constexpr unsigned seeds_count = 150;

struct Stream {
  std::string bytes;
  std::string outcome;
};

Stream random_stream(Random& random, std::size_t size_max) {
  Stream stream;
  const std::size_t replies = 1 + below(random, 4);
  for (std::size_t i = 0; i < replies; ++i) {
    const Model model = random_reply(random, 1 + below(random, size_max), below(random, 12));
    stream.bytes += wire_of(model, random);
    stream.outcome += (stream.outcome.empty() ? "" : "; ") + show(model);
  }
  return stream;
}

void feed_at_random(Reading& reading, std::string_view bytes, Random& random) {
  const std::size_t piece_max = bytes.size() / 100 + (std::size_t{1} << below(random, 14));
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, 1 + below(random, piece_max));
    if (reading.feed(piece) != piece.size()) FAIL("there is no room");
    bytes.remove_prefix(piece.size());
  }
}

TEST_CASE("random replies are read as what they are, however they are cut") {
  for (unsigned seed = 1; seed <= seeds_count; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const Stream stream = random_stream(random, 60);
    ReplyMemory memory;
    {
      Reading reading(memory);
      feed_at_random(reading, stream.bytes, random);
      REQUIRE(reading.outcome() == stream.outcome);
      const std::size_t room = below(random, stream.bytes.size());
      for (const SegmentSize size : {SegmentSize::small, SegmentSize::whole}) {
        Reading across(memory);
        across.feed_across_buffers(stream.bytes, room, size);
        REQUIRE(across.outcome() == stream.outcome);
      }
    }
    REQUIRE(memory.bytes_in_use() == 0);
  }
}

TEST_CASE("large random replies are read as what they are") {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const Stream stream = random_stream(random, 4000);
    ReplyMemory memory;
    Reading reading(memory);
    feed_at_random(reading, stream.bytes, random);
    // Not REQUIRE, which would print them.
    if (reading.outcome() != stream.outcome) FAIL("the outcome differs");
  }
}

TEST_CASE("random replies are read as a naive parser reads them") {
  for (unsigned seed = 1; seed <= seeds_count; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const Stream stream = random_stream(random, 30);
    REQUIRE(naive_outcome(stream.bytes) == stream.outcome);
  }
}

TEST_CASE(
    "random replies with a byte changed, left out or put in are read as a naive parser does") {
  for (unsigned seed = 1; seed <= 5 * seeds_count; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    std::string bytes = random_stream(random, 20).bytes;
    const std::size_t at = below(random, bytes.size());
    switch (below(random, 3)) {
      case 0: bytes[at] = static_cast<char>(below(random, 256)); break;
      case 1: bytes.erase(at, 1); break;
      default: bytes.insert(at, 1, "0\r\n$*:-?"[below(random, 8)]); break;
    }
    ReplyMemory memory;
    Reading reading(memory);
    reading.feed(bytes);
    REQUIRE(reading.outcome() == naive_outcome(bytes));
    Reading pieces(memory);
    for (const char& byte : bytes) pieces.feed({&byte, 1});
    REQUIRE(pieces.outcome() == reading.outcome());
  }
}

}  // namespace
}  // namespace plimsoll::testing::random_reply_test
