#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/tests/core/base/failed_check.h"
#include "plimsoll/tests/core/resp/model.h"
#include "plimsoll/tests/core/resp/parsed.h"

// What Reader::keep() takes along. That it equals what was viewed is checked wherever a Reading is
// used.

namespace plimsoll::testing::keep_test {
namespace {

std::size_t replies_used(const ReplyMemory& memory) {
  return memory.budget.statistics().pool(PoolKind::replies).used;
}

// Moves on from the reply at hand, and lets go of the buffer.
void move_on(Reader& reader) {
  REQUIRE(reader.next(true) == Reader::Poll::need_more);
  reader.release_idle();
}

// So many numbers, as a server sends them.
std::string list_of(std::size_t count) {
  std::string wire = "*" + std::to_string(count) + "\r\n";
  for (std::size_t i = 0; i < count; ++i) wire += ":1\r\n";
  return wire;
}

TEST_CASE("a small reply is copied into one block, charged exactly") {
  Parsed parsed("*2\r\n$3\r\nfoo\r\n:1\r\n");
  const Result<Reply> kept = parsed.reader().keep();
  move_on(parsed.reader());
  REQUIRE(kept.ok());
  CHECK(replies_used(parsed.memory) == heap_block_footprint(3 * sizeof(Node) + 3));
  CHECK(show(kept->value()) == "[\"foo\", 1]");
}

TEST_CASE("a large reply keeps the buffers that it lies in, and pays for them whole") {
  const std::string bytes = filler(100'000);
  Parsed parsed(bytes);
  const Result<Reply> kept = parsed.reader().keep();
  move_on(parsed.reader());
  REQUIRE(kept.ok());
  CHECK(replies_used(parsed.memory) == heap_block_footprint(chunk_bytes) + 2 * segment_bytes +
                                           heap_block_footprint(Tape::inline_nodes * sizeof(Node)));
  CHECK(kept->charged_bytes() == replies_used(parsed.memory));
  CHECK(kept->value().as_bytes()->size() == bytes.size() - 10);
}

TEST_CASE("half a buffer is where copying ends") {
  Parsed copied(filler(Reply::copied_bytes_max - 1));
  const Result<Reply> small = copied.reader().keep();
  move_on(copied.reader());
  CHECK(replies_used(copied.memory) < segment_bytes);
  Parsed held(filler(Reply::copied_bytes_max));
  const Result<Reply> large = held.reader().keep();
  move_on(held.reader());
  CHECK(replies_used(held.memory) > segment_bytes);
}

TEST_CASE("a small reply that came in pieces is kept in one") {
  const std::string text(2000, 'a');
  Parsed parsed("*1\r\n$?\r\n;1000\r\n" + text.substr(1000) + "\r\n;1000\r\n" + text.substr(1000) +
                "\r\n;0\r\n");
  const Result<Reply> kept = parsed.reader().keep();
  const Value element = *kept->value().as_elements()->begin();
  CHECK(element.as_bytes()->contiguous());
  CHECK(element.as_bytes()->view() == text);
}

TEST_CASE("a kept reply outlives the next replies, its Reader and its account") {
  for (const std::size_t size : {100u, 30'000u, 50'000u, 300'000u}) {
    ReplyMemory memory;
    std::optional<Reply> kept;
    std::string shown;
    {
      Reader reader(*memory.account, {});
      const std::string bytes = "*3\r\n" + filler(size) + ",1.5\r\n" + filler(100) + "+more\r\n";
      std::string_view left = bytes;
      while (!kept) {
        const std::span<char> room = reader.read_space();
        const std::size_t taken = std::min(room.size(), left.size());
        std::memcpy(room.data(), left.data(), taken);
        reader.handle_read(taken);
        left.remove_prefix(taken);
        if (reader.next(true) != Reader::Poll::frame) continue;
        shown = show(reader.value());
        kept = std::move(reader.keep()).value();
      }
      REQUIRE(reader.next(true) == Reader::Poll::frame);
      for (int i = 0; i < 10; ++i) {
        REQUIRE(reader.next(true) == Reader::Poll::need_more);
        const std::span<char> room = reader.read_space();
        std::memset(room.data(), 'x', room.size());
        std::memcpy(room.data(), "+a\r\n", 4);
        reader.handle_read(4);
        REQUIRE(reader.next(true) == Reader::Poll::frame);
      }
    }
    memory.account = AccountHandle();
    CHECK(show(kept->value()) == shown);
    kept.reset();
    CHECK(memory.budget.statistics().pool(PoolKind::connections).used == 0);
    CHECK(replies_used(memory) == 0);
  }
}

TEST_CASE("a reply may be released on another thread while its Reader goes on") {
  ReplyMemory memory;
  Reader reader(*memory.account, {});
  const std::string bytes = filler(40'000) + "+between\r\n";
  for (int i = 0; i < 50; ++i) {
    std::string_view left = bytes;
    std::vector<std::thread> threads;
    while (!left.empty()) {
      const std::span<char> room = reader.read_space();
      const std::size_t taken = std::min(room.size(), left.size());
      std::memcpy(room.data(), left.data(), taken);
      reader.handle_read(taken);
      left.remove_prefix(taken);
      while (reader.next(true) == Reader::Poll::frame) {
        threads.emplace_back([reply = std::move(reader.keep()).value()]() mutable {
          const Reply taken_along = std::move(reply);
        });
      }
    }
    for (std::thread& thread : threads) thread.join();
  }
  reader.release_idle();
  CHECK(replies_used(memory) == 0);
}

TEST_CASE("a reply that cannot be kept is still there") {
  for (const std::size_t size : {100u, 50'000u}) {
    Parsed parsed("*2\r\n" + filler(size) + ":1\r\n");
    const std::string shown = show(parsed.value());
    Charge others(*parsed.memory.account);
    const std::size_t pool = parsed.memory.budget.limit(PoolKind::replies);
    REQUIRE(others.grow(pool - replies_used(parsed.memory)));
    CHECK(parsed.reader().keep().error().code == ErrorCode::reply_too_large);
    CHECK(show(parsed.value()) == shown);
    others.shrink(others.bytes());
    parsed.memory.memory.refuse_one_after(0);
    CHECK(parsed.reader().keep().error().code == ErrorCode::reply_too_large);
    CHECK(show(parsed.value()) == shown);
    const Result<Reply> kept = parsed.reader().keep();
    REQUIRE(kept.ok());
    CHECK(show(kept->value()) == shown);
  }
}

TEST_CASE("what lies in the progress reserve is not kept, unless it is copied") {
  ReplyMemory memory;
  Charge others(*memory.account);
  REQUIRE(others.grow(memory.budget.limit(PoolKind::replies) - 1000));
  for (const std::size_t size : {100u, 50'000u}) {
    Reader reader(*memory.account, {});
    const std::string bytes = filler(size);
    const std::span<char> room = reader.read_space();
    std::memcpy(room.data(), bytes.data(), bytes.size());
    reader.handle_read(bytes.size());
    REQUIRE(reader.next(true) == Reader::Poll::frame);
    CHECK(reader.keep().ok() == (size == 100));
  }
}

TEST_CASE("a large reply with many elements takes its tape along") {
  std::string bytes = "*30000\r\n";
  for (int i = 0; i < 30000; ++i) bytes += "$2\r\nab\r\n";
  Parsed parsed(bytes);
  const std::string shown = show(parsed.value());
  const Result<Reply> kept = parsed.reader().keep();
  move_on(parsed.reader());
  CHECK(show(kept->value()) == shown);
}

TEST_CASE("a copy of a long list is refused where its tape cannot grow, however far it got") {
  const std::string wire = list_of(8000);
  std::size_t refusals = 0;
  for (std::size_t granted = 0;; ++granted) {
    ReplyMemory memory;
    memory.memory.refuse_one_after(granted);
    const Result<Reply> copy = Reader::copy_of(wire, *memory.account);
    if (!memory.memory.has_refused()) {
      REQUIRE(copy);
      CHECK(copy->value().as_elements()->size() == 8000);
      break;
    }
    ++refusals;
    if (!copy) CHECK(copy.error().code == ErrorCode::reply_too_large);
  }
  CHECK(refusals > 3);  // a buffer, both kinds of the tape's pieces, and the copy
}

TEST_CASE("copies of a list are kept until the pool is full, and then refused") {
  ReplyMemory memory({.memory_limit = 4 * 1024 * 1024});
  const std::string wire = list_of(400);
  std::vector<Reply> kept;
  for (;;) {
    Result<Reply> copy = Reader::copy_of(wire, *memory.account);
    if (!copy) {
      CHECK(copy.error().code == ErrorCode::reply_too_large);
      break;
    }
    kept.push_back(std::move(copy).value());
  }
  CHECK(kept.size() > 100);
}

TEST_CASE("replies move, and release what they had") {
  Parsed parsed("+a\r\n");
  Reply first = std::move(parsed.reader().keep()).value();
  CHECK(first.has_value());
  Reply second = std::move(first);
  CHECK(show(second.value()) == "simple \"a\"");
  second = Reply();
  CHECK_FALSE(second.has_value());
  move_on(parsed.reader());
  CHECK(replies_used(parsed.memory) == 0);
}

TEST_CASE("keeping what is not there fails a CHECK") {
  CHECK_FALSE(failed_check([] {
                Parsed parsed(filler(50'000));
                const Result<Reply> once = parsed.reader().keep();
                const Result<Reply> twice = parsed.reader().keep();
              }).empty());
  CHECK_FALSE(failed_check([] {
                ReplyMemory memory;
                static_cast<void>(Reader(*memory.account, {}).keep());
              }).empty());
}

}  // namespace
}  // namespace plimsoll::testing::keep_test
