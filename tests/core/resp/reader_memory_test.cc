#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/tests/core/resp/reading.h"

// A Reader that is short of memory: replies too large are skipped, and no Reader waits for ever.

namespace plimsoll::testing::reader_memory_test {
namespace {

constexpr std::size_t mib = 1024 * 1024;

// What a small buffer costs.
const std::size_t small_bytes = heap_block_footprint(chunk_bytes);

struct ShortMemory : ReplyMemory {
  /// Leaves `segments` to the replies.
  explicit ShortMemory(std::size_t segments) : ReplyMemory({.memory_limit = memory_limit_min}) {
    const std::size_t pool = budget.limit(PoolKind::replies);
    REQUIRE(others.grow(pool - segments * segment_bytes));
  }

  BudgetStatistics all() const { return budget.statistics(); }

  Charge others{*account};
};

std::string array_of(std::size_t count, std::string_view element) {
  std::string bytes = "*" + std::to_string(count) + "\r\n";
  for (std::size_t i = 0; i < count; ++i) bytes += element;
  return bytes;
}

TEST_CASE("a reply of as many bytes as are allowed is read, one of more is skipped") {
  const std::string reply = filler(1000);
  for (const std::size_t allowed : {1000u, 999u}) {
    for (const std::size_t piece : {1000u, 1u, 7u}) {
      ReplyMemory memory;
      Reading reading(memory, Replies::wanted, {.reply_bytes_max = allowed});
      for (std::size_t at = 0; at < reply.size(); at += piece) {
        reading.feed(std::string_view(reply).substr(at, piece));
      }
      reading.feed("+next\r\n");
      INFO(allowed << " allowed, in pieces of " << piece);
      REQUIRE(reading.frames().size() == 2);
      CHECK((reading.frames()[0] == "(too large)") == (allowed < 1000));
      CHECK(reading.frames()[1] == "simple \"next\"");
    }
  }
}

TEST_CASE("the memory for a reply's elements counts as well") {
  const std::string reply = array_of(1000, ":1\r\n");
  ReplyMemory memory;
  Reading reading(memory, Replies::wanted, {.reply_bytes_max = reply.size() + 100});
  reading.feed(reply + "+next\r\n");
  CHECK(reading.outcome() == "(too large); simple \"next\"");
}

TEST_CASE("once a reply of many elements was taken, nothing of it is charged any more") {
  for (const std::string_view next : {"", "+next\r\n", "+nex", "*2\r\n:1\r\n"}) {
    INFO(next);
    ReplyMemory memory;
    Reading reading(memory);
    reading.feed(array_of(10'000, ":1\r\n"));
    reading.feed(next);
    CHECK(memory.bytes_in_use() <= segment_bytes);
  }
}

TEST_CASE("a string that announces too much is skipped in one buffer") {
  ReplyMemory memory;
  Reading reading(memory, Replies::wanted, {.reply_bytes_max = mib});
  const std::string reply = "*2\r\n" + filler(100) + filler(2 * mib);
  reading.feed(reply + "+next\r\n");
  CHECK(reading.outcome() == "(too large); simple \"next\"");
  CHECK(memory.budget.statistics().pool(PoolKind::replies).peak <=
        small_bytes + segment_bytes + 100);  // and what Reading keeps, to compare
}

TEST_CASE("a reply that grows too large is skipped from there, and its memory given back at once") {
  ReplyMemory memory;
  Reading reading(memory, Replies::wanted, {.reply_bytes_max = 200'000});
  const std::string reply = array_of(30, filler(10'000));
  reading.feed(std::string_view(reply).substr(0, 250'000));
  CHECK(memory.budget.statistics().pool(PoolKind::replies).used <= segment_bytes);
  reading.feed(std::string_view(reply).substr(250'000));
  reading.feed("+next\r\n");
  CHECK(reading.outcome() == "(too large); simple \"next\"");
}

TEST_CASE("a push that is too large is skipped as a reply is") {
  ReplyMemory memory;
  Reading reading(memory, Replies::wanted, {.reply_bytes_max = 100});
  reading.feed(">2\r\n$7\r\nmessage\r\n" + filler(200) + "+next\r\n");
  CHECK(reading.outcome() == "(too large); simple \"next\"");
}

TEST_CASE("bytes in a reply that is skipped are checked as in any other") {
  for (const std::string_view wrong : {"x", "$1\r\nab\r\n", ":a\r\n", "=5\r\nabcde\r\n", "+\n"}) {
    ReplyMemory memory;
    Reading reading(memory, Replies::wanted, {.reply_bytes_max = 100});
    reading.feed("*3\r\n" + filler(200));
    reading.feed(wrong);
    CHECK(reading.error().has_value());
  }
}

TEST_CASE(
    "a reply that the pool has no room for goes on in the reserve, and is skipped if it must") {
  for (const std::size_t segments : {0u, 1u, 2u, 3u}) {
    ShortMemory memory(segments);
    Reading reading(memory);
    const std::string fits = filler(segments * segment_capacity + 60'000);
    CHECK(reading.feed(fits) == fits.size());
    const std::string large = filler(mib);
    CHECK(reading.feed(large) == large.size());
    reading.feed("+next\r\n");
    REQUIRE(reading.frames().size() == 3);
    CHECK(reading.frames()[0] != "(too large)");
    CHECK(reading.frames()[1] == "(too large)");
    CHECK(reading.frames()[2] == "simple \"next\"");
    CHECK(memory.all().peak <= memory.all().limit);
  }
}

TEST_CASE("many small elements are skipped too where there is no memory for them") {
  ShortMemory memory(1);
  Reading reading(memory);
  const std::string large = array_of(100'000, ":1\r\n");
  CHECK(reading.feed(large) == large.size());
  reading.feed("+next\r\n");
  CHECK(reading.outcome() == "(too large); simple \"next\"");
  CHECK(memory.all().peak <= memory.all().limit);
}

struct Waiter final : BudgetWaiter {
  void handle_budget_available() override { told = true; }
  bool told = false;
};

TEST_CASE("who finds no room is told when the one before has done, and goes on") {
  ShortMemory memory(0);
  Reading first(memory);
  Reading second(memory);
  first.feed("$5\r\nhel");
  CHECK(second.feed("+a\r\n") == 0);
  Waiter waiter;
  memory.budget.wait(waiter);
  CHECK(second.feed("+a\r\n") == 0);
  first.feed("lo\r\n");
  CHECK(first.outcome() == "\"hello\"");
  CHECK(waiter.told);
  CHECK(second.feed("+a\r\n") == 4);
  CHECK(second.outcome() == "simple \"a\"");
}

TEST_CASE("readers with replies that do not fit together all come to their end") {
  for (const std::size_t segments : {0u, 1u, 2u, 3u}) {
    ShortMemory memory(segments);
    Reading readings[] = {Reading(memory), Reading(memory), Reading(memory)};
    const std::string reply = array_of(40, filler(10'000)) + "+next\r\n";
    std::size_t fed[] = {0, 0, 0};
    for (std::size_t round = 0; round < 10'000; ++round) {
      for (std::size_t i = 0; i < 3; ++i) {
        fed[i] += readings[i].feed(std::string_view(reply).substr(fed[i], 1000));
      }
    }
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(fed[i] == reply.size());
      REQUIRE(readings[i].frames().size() == 2);
      CHECK(readings[i].frames()[1] == "simple \"next\"");
    }
    CHECK(memory.all().peak <= memory.all().limit);
  }
}

TEST_CASE("a reply that is kept takes room from the next, until it is released") {
  ShortMemory memory(2);
  Reading keeping(memory);
  Reading other(memory);
  Result<Reply> kept = [&] {
    Reader& reader = keeping.reader();
    const std::string reply = filler(60'000);
    std::string_view left = reply;
    Reader::Poll poll = Reader::Poll::need_more;
    while (!left.empty()) {
      const std::span<char> room = reader.read_space();
      const std::string_view part = left.substr(0, room.size());
      std::copy(part.begin(), part.end(), room.begin());
      reader.handle_read(part.size());
      left.remove_prefix(part.size());
      poll = reader.next(true);
    }
    REQUIRE(poll == Reader::Poll::frame);
    Result<Reply> result = reader.keep();
    REQUIRE(reader.next(true) == Reader::Poll::need_more);
    return result;
  }();
  REQUIRE(kept.ok());
  const std::string large = filler(segment_capacity * 3);
  other.feed(large);
  CHECK(other.outcome() == "(too large)");
  *kept = Reply();
  other.feed(large);
  CHECK(other.frames()[1] != "(too large)");
}

TEST_CASE("a Reader that is done with the reserve has given it back") {
  ShortMemory memory(0);
  Reading first(memory);
  Reading second(memory);
  for (int i = 0; i < 100; ++i) {
    CHECK(first.feed("+a\r\n") == 4);
    CHECK(second.feed("+b\r\n") == 4);
  }
}

TEST_CASE("a Reader may leave the reserve to others, but for a frame that lies in it already") {
  ShortMemory memory(0);
  Reader reader(*memory.account, {});
  CHECK(reader.read_space(Reader::Reserve::leave).empty());
  CHECK_FALSE(reader.touches_reserve());
  const std::span<char> room = reader.read_space();
  REQUIRE_FALSE(room.empty());
  CHECK(reader.touches_reserve());
  room[0] = '$';
  reader.handle_read(1);
  CHECK(reader.next(true) == Reader::Poll::need_more);
  CHECK_FALSE(reader.read_space(Reader::Reserve::leave).empty());
}

TEST_CASE("a Reader that spares the reserve reads nothing to it behind the frame at hand") {
  ShortMemory memory(0);
  const bool crosses = GENERATE(false, true);
  Reader reader(*memory.account, {.spares_reserve = true});
  const std::string frame = ">2\r\n" + filler(crosses ? 70'000 : 700) + ":1\r\n";
  const std::string all = frame + frame;
  std::size_t read = 0;
  Reader::Poll poll = Reader::Poll::need_more;
  while (poll == Reader::Poll::need_more) {
    const std::span<char> room = reader.read_space();
    REQUIRE_FALSE(room.empty());
    const std::size_t part = std::min(room.size(), all.size() - read);
    std::memcpy(room.data(), all.data() + read, part);
    reader.handle_read(part);
    read += part;
    poll = reader.next(true);
  }
  CHECK(poll == Reader::Poll::frame);
  CHECK(read == frame.size());
}

TEST_CASE("where there is no memory for a whole buffer, a small one does") {
  ShortMemory memory(1);
  REQUIRE(memory.others.grow(segment_bytes - small_bytes));
  Reader reader(*memory.account, {});
  fill_small_buffer(reader);
  CHECK(reader.read_space().size() == small_segment_capacity);
  CHECK_FALSE(reader.touches_reserve());
  CHECK(memory.all().pool(PoolKind::replies).refused > 0);
  memory.others.shrink(memory.others.bytes());
  reader.handle_read(0);
  CHECK(reader.next(true) == Reader::Poll::need_more);
  fill_small_buffer(reader);
  CHECK(reader.read_space().size() == segment_capacity);
}

TEST_CASE("a whole buffer that was refused is not asked for again at each small read") {
  ShortMemory memory(1);
  REQUIRE(memory.others.grow(segment_bytes - small_bytes));
  Reader reader(*memory.account, {});
  fill_small_buffer(reader);
  for (int i = 0; i < 2 * BufferSize::small_reads_max; ++i) {
    const std::span<char> room = reader.read_space();
    REQUIRE(room.size() == small_segment_capacity);
    std::memcpy(room.data(), ":1\r\n", 4);
    reader.handle_read(4);
    REQUIRE(reader.next(true) == Reader::Poll::frame);
    REQUIRE(reader.next(true) == Reader::Poll::need_more);
  }
  CHECK(memory.all().pool(PoolKind::replies).refused == 1);
}

TEST_CASE("a line that is longer than a small buffer goes on in the reserve if the pool is dry") {
  for (const Replies replies : {Replies::wanted, Replies::unwanted}) {
    ShortMemory memory(1);
    REQUIRE(memory.others.grow(segment_bytes - small_bytes));
    Reading reading(memory, replies);
    const std::string lines = "*2\r\n:1\r\n+" + std::string(9000, 'a') + "\r\n";
    CHECK(reading.feed(lines) == lines.size());
    CHECK(reading.frames().size() == 1);
    CHECK(reading.feed("+next\r\n") == 7);
  }
}

TEST_CASE("nothing is left charged by a Reader that ends in the midst of a reply") {
  for (const std::size_t bytes : {1u, 100u, 70'000u, 200'000u, 500'000u}) {
    ShortMemory memory(2);
    {
      Reading reading(memory);
      reading.feed(std::string_view(array_of(100, filler(10'000))).substr(0, bytes));
    }
    memory.others.shrink(memory.others.bytes());
    CHECK(memory.bytes_in_use() == 0);
  }
}

}  // namespace
}  // namespace plimsoll::testing::reader_memory_test
