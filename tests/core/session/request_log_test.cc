#include "plimsoll/core/session/request_log.h"

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/commands/wire.h"
#include "plimsoll/tests/core/session/request_memory.h"

namespace plimsoll::request_log_test {
namespace {

using testing::raw;
using testing::RequestMemory;

struct World {
  std::uint64_t append(std::string_view bytes) { return log.append(raw(bytes)); }

  std::string text(std::uint64_t begin, std::uint64_t end) {
    std::array<std::string_view, 64> spans;
    const std::size_t count = log.collect(begin, end, spans);
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += spans[i];
    return out;
  }

  std::size_t segments_in_use() { return small_in_use() + whole_in_use(); }
  std::size_t whole_in_use() { return in_use(SegmentSize::whole); }
  std::size_t small_in_use() { return in_use(SegmentSize::small); }

  std::size_t in_use(SegmentSize size) {
    const BudgetStatistics all = memory.budget.statistics();
    const PageStatistics& pages = size == SegmentSize::whole ? all.segments : all.chunks;
    return pages.live / charge_for(size, memory.budget);
  }

  RequestMemory memory;
  RequestLog log{*memory.account};
};

// Bytes of which no two pieces look alike.
std::string long_text(std::size_t size) {
  std::string out;
  for (std::size_t i = 0; out.size() < size; ++i) out += std::to_string(i) + ",";
  out.resize(size);
  return out;
}

TEST_CASE("positions are the places of the bytes in all that was appended") {
  World world;

  CHECK(world.append("one") == 0);
  CHECK(world.append("three") == 3);
  CHECK(world.append("x") == 8);
  CHECK(world.log.end() == 9);
  CHECK(world.text(0, 9) == "onethreex");
  CHECK(world.text(2, 5) == "eth");
  CHECK(world.text(4, 4).empty());
}

TEST_CASE("a deferred word has its place in the request, which its caller fills") {
  World world;
  world.append("before");
  const std::string value = long_text(2 * segment_capacity);
  const std::array<std::string_view, 3> words{"SET", "key", deferred_word(value.size())};
  CommandView command;
  command.args = words;

  const std::uint64_t begin = world.log.append(command);

  const std::string head =
      "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$" + std::to_string(value.size()) + "\r\n";
  std::array<std::string_view, 8> places;
  const std::uint64_t at = begin + head.size();
  const std::size_t count = world.log.collect(at, at + value.size(), places);
  std::string_view left = value;
  for (std::string_view place : std::span(places).first(count)) {
    left.copy(const_cast<char*>(place.data()), place.size());
    left.remove_prefix(place.size());
  }
  CHECK(left.empty());
  CHECK(world.text(begin, world.log.end()) == head + value + "\r\n");
}

TEST_CASE("positions go on when everything before them was given up") {
  World world;
  world.append("one");
  world.log.give_up(0, 3);

  CHECK(world.memory.bytes_in_use() == 0);
  CHECK(world.append("two") == 3);
  CHECK(world.text(3, 6) == "two");
}

TEST_CASE("a log without requests holds no memory") {
  World world;
  CHECK(world.memory.bytes_in_use() == 0);
}

TEST_CASE("requests lie in one span as long as they fit a segment") {
  World world;
  const std::string half = long_text(segment_capacity / 2 + 1);
  const std::uint64_t first = world.append(half);
  const std::uint64_t second = world.append(half);

  std::array<std::string_view, 4> spans;
  REQUIRE(world.log.collect(first, second, spans) == 1);
  CHECK(spans[0] == half);
  REQUIRE(world.log.collect(second, world.log.end(), spans) == 1);
  CHECK(spans[0] == half);
  CHECK(world.segments_in_use() == 2);
}

TEST_CASE("a request that just fits behind others lies with them, one byte more does not") {
  for (const SegmentSize size : {SegmentSize::small, SegmentSize::whole}) {
    for (const std::size_t more : {0u, 1u}) {
      World world;
      const std::string before = long_text(size == SegmentSize::small ? 6 : segment_capacity / 2);
      world.append(before);
      const std::string text = long_text(capacity_of(size) - before.size() + more);
      const std::uint64_t begin = world.append(text);

      CHECK(world.in_use(size) >= 1);
      CHECK(world.segments_in_use() == 1 + more);
      CHECK(world.text(begin, world.log.end()) == text);
    }
  }
}

TEST_CASE("a log begins with a small segment, unless its first request needs a whole one") {
  for (const std::size_t more : {0u, 1u}) {
    World world;
    const std::string text = long_text(small_segment_capacity + more);
    world.append(text);

    CHECK(world.small_in_use() == 1 - more);
    CHECK(world.whole_in_use() == more);
    CHECK(world.text(0, text.size()) == text);
  }
}

TEST_CASE("a log that keeps much goes on with a whole segment, one that keeps little does not") {
  for (const std::size_t kept : {small_segment_capacity / 4, small_segment_capacity / 4 + 1}) {
    World world;
    world.append(long_text(small_segment_capacity - kept));
    const std::uint64_t sent = world.log.end();
    world.append(long_text(kept));
    world.log.give_up(0, sent);

    world.append("next");

    CHECK(world.whole_in_use() == (kept > small_segment_capacity / 4 ? 1 : 0));
    CHECK(world.segments_in_use() == 2);
    CHECK(world.text(sent, world.log.end()) == long_text(kept) + "next");
  }
}

TEST_CASE("a log that streamed begins with a whole segment as long as it needs one") {
  World world;
  const std::string piece = long_text(small_segment_capacity);
  world.append(piece);
  world.append(piece);
  CHECK(world.whole_in_use() == 1);
  world.log.give_up(0, world.log.end());

  const std::uint64_t streamed = world.append(piece);
  CHECK(world.small_in_use() == 0);
  world.append("more");
  CHECK(world.segments_in_use() == 1);
  world.log.give_up(streamed, world.log.end());

  const std::uint64_t less = world.append(piece);
  CHECK(world.small_in_use() == 0);
  world.log.give_up(less, world.log.end());
  world.append(piece);
  CHECK(world.small_in_use() == 1);
  CHECK(world.whole_in_use() == 0);
}

TEST_CASE("where there is no memory for a whole segment, a small one does for a small request") {
  World world;
  const std::string piece = long_text(small_segment_capacity);
  world.append(piece);
  Charge others(*world.memory.account);
  const std::size_t small = charge_for(SegmentSize::small, world.memory.budget);
  const std::size_t limit = world.memory.budget.limit(PoolKind::requests);
  REQUIRE(others.grow(limit - 2 * small));

  CHECK(world.append(long_text(small_segment_capacity + 1)) == RequestLog::no_room);
  CHECK(world.append(piece) == small_segment_capacity);
  CHECK(world.append("more") == RequestLog::no_room);

  CHECK(world.small_in_use() == 2);
  CHECK(world.text(0, world.log.end()) == piece + piece);
}

TEST_CASE("room that was made and is not used goes back, of either size") {
  for (const std::size_t size :
       {std::size_t{1}, small_segment_capacity + 1, 2 * segment_capacity}) {
    World world;
    REQUIRE(world.log.make_room(size));
    CHECK(world.segments_in_use() > 0);
    world.log.release_room();
    CHECK(world.segments_in_use() == 0);

    const std::uint64_t begin = world.append(long_text(small_segment_capacity));
    REQUIRE(world.log.make_room(size));
    world.log.release_room();
    CHECK(world.segments_in_use() == 1);
    REQUIRE(world.log.make_room(size));
    const std::uint64_t second = world.append(long_text(size));
    CHECK(world.text(begin, second) == long_text(small_segment_capacity));
    CHECK(world.text(second, world.log.end()) == long_text(size));
  }
}

TEST_CASE("a request of exactly a segment takes one") {
  World world;
  const std::string text = long_text(segment_capacity);
  world.append(text);

  CHECK(world.segments_in_use() == 1);
  CHECK(world.text(0, text.size()) == text);
}

TEST_CASE("a request longer than a segment lies in several, and others follow behind it") {
  World world;
  const std::string text = long_text(segment_capacity * 3 + 10);
  world.append("before");
  const std::uint64_t begin = world.append(text);
  const std::uint64_t after = world.append("after");

  CHECK(world.small_in_use() == 1);
  CHECK(world.whole_in_use() == 4);
  CHECK(world.text(begin, after) == text);
  CHECK(world.text(0, world.log.end()) == "before" + text + "after");
}

TEST_CASE("arguments are encoded across the borders of segments") {
  World world;
  const std::string key = long_text(segment_capacity - 20);
  const std::string value = long_text(segment_capacity * 2);
  const std::array<std::string_view, 3> words{"SET", key, value};
  CommandView command;
  command.args = words;

  REQUIRE(world.log.append(command) == 0);

  CHECK(world.text(0, world.log.end()) == testing::request({"SET", key, value}));
}

TEST_CASE("spans are filled as far as they reach") {
  World world;
  const std::string text = long_text(segment_capacity * 3);
  world.append(text);

  std::array<std::string_view, 2> spans;
  REQUIRE(world.log.collect(5, text.size(), spans) == 2);
  CHECK(std::string(spans[0]) + std::string(spans[1]) == text.substr(5, segment_capacity * 2 - 5));
}

TEST_CASE("bytes given up in the middle leave the others where they are") {
  World world;
  const std::uint64_t first = world.append(long_text(segment_capacity));
  const std::uint64_t second = world.append(long_text(segment_capacity));
  const std::uint64_t third = world.append("third");
  REQUIRE(world.segments_in_use() == 3);

  world.log.give_up(second, third);

  CHECK(world.segments_in_use() == 2);
  CHECK(world.text(first, second) == long_text(segment_capacity));
  CHECK(world.text(third, third + 5) == "third");
}

TEST_CASE("a segment is given back when its last byte is, in whatever order they go") {
  World world;
  world.append("one");
  world.append("two");
  world.append("three");

  world.log.give_up(3, 6);
  world.log.give_up(6, 11);
  CHECK(world.segments_in_use() == 1);
  world.log.give_up(0, 3);

  CHECK(world.segments_in_use() == 0);
}

TEST_CASE("what is appended after the last segment was given up is found at its position") {
  World world;
  world.append("one");
  const std::uint64_t second = world.append(long_text(segment_capacity));
  world.log.give_up(second, world.log.end());

  const std::uint64_t third = world.append("two");

  CHECK(world.text(third, third + 3) == "two");
  CHECK(world.text(0, 3) == "one");
  world.log.give_up(third, third + 3);
  world.log.give_up(0, 3);
  CHECK(world.segments_in_use() == 0);
}

TEST_CASE("one request can be given up piece by piece") {
  World world;
  const std::string text = long_text(segment_capacity * 2 + 100);
  world.append(text);

  world.log.give_up(0, segment_capacity - 1);
  CHECK(world.segments_in_use() == 3);
  world.log.give_up(segment_capacity - 1, segment_capacity);
  CHECK(world.segments_in_use() == 2);
  world.log.give_up(segment_capacity, text.size());
  CHECK(world.segments_in_use() == 0);
}

TEST_CASE("where the pool has no room for all of a request nothing of it is kept") {
  World world;
  const std::size_t limit = world.memory.budget.limit(PoolKind::requests);
  world.append("before");
  const std::string text(limit, 'x');

  CHECK(world.append(text) == RequestLog::no_room);

  CHECK(world.segments_in_use() == 1);
  CHECK(world.append("after") == 6);
  CHECK(world.text(0, 11) == "beforeafter");
}

TEST_CASE("where the source has no memory for a later segment nothing is kept") {
  const std::string text = long_text(segment_capacity * 3);
  for (std::size_t granted = 0; granted < 3; ++granted) {
    World world;
    world.memory.memory.refuse_one_after(granted);

    CHECK(world.append(text) == RequestLog::no_room);

    CHECK(world.memory.bytes_in_use() == 0);
    CHECK(world.append(text) == 0);
    CHECK(world.text(0, text.size()) == text);
  }
}

TEST_CASE("a log that leaves half of the pool to others has one request that is longer alone") {
  RequestMemory memory;
  RequestLog log(*memory.account, true);
  const std::size_t half = memory.budget.share(PoolKind::requests) / 2;
  const std::string piece = long_text(segment_capacity);
  std::size_t pieces = 0;
  while (log.append(raw(piece)) != RequestLog::no_room) ++pieces;
  CHECK(pieces == half / segment_bytes);
  log.give_up(0, log.end());
  const std::string longer = long_text(half + segment_bytes);
  const std::uint64_t begin = log.append(raw(longer));
  CHECK(begin != RequestLog::no_room);
  CHECK(log.append(raw(piece)) == RequestLog::no_room);
  log.give_up(begin, log.end());
  CHECK(log.append(raw(piece)) != RequestLog::no_room);
}

TEST_CASE("a log that leaves half of the pool to others counts each segment at what it costs") {
  RequestMemory memory;
  RequestLog log(*memory.account, true);
  const std::size_t half = memory.budget.share(PoolKind::requests) / 2;
  const std::size_t small = charge_for(SegmentSize::small, memory.budget);
  const std::string piece = long_text(small_segment_capacity);
  while (log.append(raw(piece)) != RequestLog::no_room) {
  }
  // Where no whole segment fits into the half any more, small ones do.
  CHECK(memory.budget.statistics().chunks.live > small);
  CHECK(memory.bytes_in_use() <= half);
  CHECK(memory.bytes_in_use() > half - small);
}

TEST_CASE("a log that ends gives back what is in it") {
  RequestMemory memory;
  {
    RequestLog log(*memory.account);
    const std::string text = long_text(segment_capacity * 2);
    REQUIRE(log.append(raw(text)) == 0);
    REQUIRE(memory.bytes_in_use() > 0);
  }
  CHECK(memory.bytes_in_use() == 0);
}

}  // namespace
}  // namespace plimsoll::request_log_test
