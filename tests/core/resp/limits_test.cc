#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/resp/reader.h"
#include "plimsoll/tests/core/resp/reading.h"

// Edges that take more bytes than a conformance document holds.

namespace plimsoll::testing::limits_test {
namespace {

constexpr std::size_t mib = 1024 * 1024;

std::string outcome_of(std::string_view bytes) {
  ReplyMemory memory;
  Reading reading(memory);
  reading.feed(bytes);
  return reading.outcome();
}

TEST_CASE("the longest string and the longest aggregates that are allowed can be announced") {
  CHECK(outcome_of("$" + std::to_string(bulk_bytes_max) + "\r\n") == "...");
  CHECK(outcome_of("=" + std::to_string(bulk_bytes_max) + "\r\n") == "...");
  CHECK(outcome_of("!" + std::to_string(bulk_bytes_max) + "\r\n") == "...");
  CHECK(outcome_of("$?\r\n;" + std::to_string(bulk_bytes_max) + "\r\n") == "...");
  for (const std::string type : {"*", "~", "%", ">", "|"}) {
    CHECK(outcome_of(type + std::to_string(aggregate_elements_max) + "\r\n") == "...");
  }
}

// A Reader with a pool of 128 MiB that is fed the same bytes over and over.
struct LargeReading {
  ReplyMemory memory{{.memory_limit = 512 * mib}};
  Reader reader{*memory.account, {}};

  void feed(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::span<char> room = reader.read_space();
      REQUIRE_FALSE(room.empty());
      const std::size_t taken = std::min(room.size(), bytes.size());
      std::memcpy(room.data(), bytes.data(), taken);
      reader.handle_read(taken);
      bytes.remove_prefix(taken);
      poll = reader.next(true);
    }
  }

  Reader::Poll poll = Reader::Poll::need_more;
};

TEST_CASE("a bulk string of 64 MiB comes whole, and is kept without a copy") {
  LargeReading large;
  std::string part(mib, '\0');
  for (std::size_t i = 0; i < mib; ++i) part[i] = static_cast<char>('a' + i % 23);
  large.feed("$" + std::to_string(64 * mib) + "\r\n");
  for (int i = 0; i < 64; ++i) large.feed(part);
  large.feed("\r\n");
  REQUIRE(large.poll == Reader::Poll::frame);
  REQUIRE(large.reader.dropped() == Parser::Drop::none);
  const std::size_t before = large.memory.memory.bytes_out();
  const Result<Reply> kept = large.reader.keep();
  REQUIRE(kept.ok());
  CHECK(large.memory.memory.bytes_out() - before < 4096);

  const BytesView bytes = *kept->value().as_bytes();
  REQUIRE(bytes.size() == 64 * mib);
  std::size_t at = 0;
  bool same = true;
  bytes.for_each_piece([&](std::string_view piece) {
    while (!piece.empty()) {
      const std::string_view expected = std::string_view(part).substr(at % mib, piece.size());
      same = same && piece.starts_with(expected);
      piece.remove_prefix(expected.size());
      at += expected.size();
    }
  });
  CHECK(same);
}

TEST_CASE("an array of a million elements comes whole") {
  LargeReading large;
  constexpr std::int64_t count = 1'000'000;
  large.feed("*" + std::to_string(count) + "\r\n");
  std::string part;
  for (std::int64_t i = 0; i < count; ++i) {
    part += ":" + std::to_string(i) + "\r\n";
    if (part.size() < 100'000 && i + 1 < count) continue;
    large.feed(part);
    part.clear();
  }
  REQUIRE(large.poll == Reader::Poll::frame);
  const Result<Reply> kept = large.reader.keep();
  REQUIRE(kept.ok());
  const Elements elements = *kept->value().as_elements();
  REQUIRE(elements.size() == count);
  std::int64_t next = 0;
  for (const Value& element : elements) {
    if (*element.as_integer() != next++) FAIL("element " << next - 1);
  }
  CHECK(next == count);
}

TEST_CASE("a streamed array of a million elements comes whole") {
  LargeReading large;
  large.feed("*?\r\n");
  std::string part;
  for (int i = 0; i < 10'000; ++i) part += "#t\r\n";
  for (int i = 0; i < 100; ++i) large.feed(part);
  large.feed(".\r\n");
  REQUIRE(large.poll == Reader::Poll::frame);
  REQUIRE(large.reader.dropped() == Parser::Drop::none);
  CHECK(large.reader.value().as_elements()->size() == 1'000'000);
}

TEST_CASE("a string of the greatest length streams past where it cannot fit") {
  ReplyMemory memory;
  Reading reading(memory);
  const std::string part(mib, 'a');
  reading.feed("$" + std::to_string(bulk_bytes_max) + "\r\n");
  for (std::size_t sent = 0; sent < bulk_bytes_max; sent += part.size()) reading.feed(part);
  reading.feed("\r\n+next\r\n");
  CHECK(reading.outcome() == "(too large); simple \"next\"");
  const BudgetStatistics all = memory.budget.statistics();
  CHECK(all.peak <= all.limit);
}

TEST_CASE("chunks may add up to the greatest length, and not to a byte more") {
  const std::string part(mib, 'a');
  for (const std::size_t last : {mib, mib + 1}) {
    ReplyMemory memory;
    Reading reading(memory, Replies::unwanted);
    reading.feed("$?\r\n");
    const std::string chunk = ";" + std::to_string(mib) + "\r\n" + part + "\r\n";
    for (std::size_t sent = mib; sent < bulk_bytes_max; sent += mib) reading.feed(chunk);
    reading.feed(";" + std::to_string(last) + "\r\n");
    CHECK(reading.error().has_value() == (last > mib));
  }
}

}  // namespace
}  // namespace plimsoll::testing::limits_test
