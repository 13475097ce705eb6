#include "plimsoll/core/session/pipeline.h"

#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/base/error.h"
#include "plimsoll/tests/core/session/piping.h"

// How requests come in, leave and are answered.

namespace plimsoll::pipeline_test {
namespace {

using testing::Lines;
using testing::Piping;
using testing::raw;

TEST_CASE("all that is staged is sent at once, in order") {
  Piping piping;
  CHECK_FALSE(piping.pipeline().has_unsent());
  piping.submit("one", 1);
  piping.submit("two", 2);
  piping.submit("three", 3);
  CHECK(piping.pipeline().has_unsent());

  CHECK(piping.write() == "onetwothree");

  CHECK_FALSE(piping.pipeline().has_unsent());
  CHECK(piping.write().empty());
}

TEST_CASE("small requests leave in one span") {
  Piping piping;
  for (Tag tag = 0; tag < 100; ++tag) piping.submit("ten bytes.", tag);

  CHECK(piping.transmit(1).size() == 1000);
}

TEST_CASE("what the transport did not take is given again") {
  Piping piping;
  piping.submit("one", 1);
  piping.submit("two", 2);

  CHECK(piping.transmit() == "onetwo");
  piping.pipeline().handle_written(0);
  CHECK(piping.transmit() == "onetwo");
  piping.pipeline().handle_written(4);
  CHECK(piping.transmit() == "wo");
  piping.pipeline().handle_written(1);
  CHECK(piping.write() == "o");
  CHECK_FALSE(piping.pipeline().has_unsent());
}

TEST_CASE("what does not fit the spans is given next time") {
  Piping piping;
  const std::string first(segment_capacity * 2, 'a');
  const std::string second(segment_capacity, 'b');
  piping.submit(first, 1);
  piping.submit(second, 2);

  CHECK(piping.write(1) == first.substr(0, segment_capacity));
  CHECK(piping.reply() == "nothing");
  CHECK(piping.write(2) == first.substr(segment_capacity) + second);
  CHECK(piping.reply() == "1");
  CHECK(piping.reply() == "2");
}

TEST_CASE("a request submitted while the transport is busy leaves with the next write") {
  Piping piping;
  piping.submit("one", 1);
  CHECK(piping.transmit() == "one");
  piping.submit("two", 2);
  piping.pipeline().handle_written(3);

  CHECK(piping.write() == "two");
}

TEST_CASE("a reply belongs to the oldest request that waits for one") {
  Piping piping;
  piping.submit("one", 1);
  piping.submit("two", 2);
  piping.write();
  CHECK(piping.reply() == "1");
  piping.submit("three", 3);
  piping.write();

  CHECK(piping.reply() == "2");
  CHECK(piping.reply() == "3");
  CHECK(piping.reply() == "nothing");
}

TEST_CASE("no reply is due for a request that was not sent whole") {
  Piping piping;
  CHECK(piping.reply() == "nothing");
  piping.submit("one", 1);
  CHECK(piping.reply() == "nothing");
  piping.transmit();
  piping.pipeline().handle_written(2);
  CHECK(piping.reply() == "nothing");
  piping.write();
  CHECK(piping.reply() == "1");
}

TEST_CASE("a reply may come before the bytes of its request are known to be sent") {
  Piping piping;
  piping.submit("one", 1);
  piping.submit("two", 2);
  piping.submit("three", 3);
  piping.transmit();

  CHECK(piping.reply() == "1");
  CHECK(piping.reply() == "2");
  piping.pipeline().handle_written(11);
  CHECK(piping.reply() == "3");
  CHECK(piping.pipeline().size() == 0);
  CHECK(piping.memory().bytes_in_use() == 0);
}

TEST_CASE("bytes stay where they are until the transport is done, although the reply has come") {
  Piping piping;
  piping.submit("one", 1);
  std::array<std::string_view, 1> spans;
  REQUIRE(piping.pipeline().transmit(spans) == 1);
  CHECK(piping.reply() == "1");

  CHECK(piping.memory().bytes_in_use() > 0);
  CHECK(spans[0] == "one");
  piping.pipeline().handle_written(3);

  CHECK(piping.memory().bytes_in_use() == 0);
}

TEST_CASE("a request that was answered before the transport took it whole is still sent whole") {
  Piping piping;
  piping.submit("one", 1);
  piping.submit("two", 2);
  piping.transmit();
  CHECK(piping.reply() == "1");
  piping.pipeline().handle_written(1);

  CHECK(piping.write() == "netwo");
  CHECK(piping.reply() == "2");
  CHECK(piping.pipeline().size() == 0);
}

TEST_CASE(
    "the memory of a request is that of its bytes once they are sent, of its state until its "
    "reply") {
  Piping piping;
  const std::string text(segment_capacity * 5, 'x');
  piping.submit(text, 1);
  CHECK(piping.memory().bytes_in_use() > 5 * segment_bytes);
  piping.write();
  CHECK(piping.memory().bytes_in_use() < 2 * chunk_bytes);
  piping.reply();
  CHECK(piping.memory().bytes_in_use() == 0);
}

TEST_CASE("more requests than the limit are rejected by it, until one is answered") {
  Piping piping(2);
  piping.submit("one", 1);
  piping.submit("two", 2);

  const Result<RequestId> refused = piping.pipeline().submit(raw("three"), never, 3);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::rejected_by_limit);
  CHECK(refused.error().value == 2);
  CHECK(refused.error().limit == 2);
  CHECK(piping.write() == "onetwo");
  CHECK_FALSE(piping.pipeline().submit(raw("three"), never, 3).ok());
  piping.reply();

  CHECK(piping.pipeline().submit(raw("three"), never, 3).ok());
  CHECK(piping.write() == "three");
}

TEST_CASE("more bytes than the requests pool has are rejected, until some are sent") {
  Piping piping;
  const std::string half(piping.memory().budget.limit(PoolKind::requests) / 2 - chunk_bytes, 'x');
  piping.submit(half, 1);

  const Result<RequestId> refused = piping.pipeline().submit(raw(half + half), never, 2);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::rejected_by_limit);
  CHECK(piping.write(1000) == half);

  CHECK(piping.pipeline().submit(raw(half), never, 2).ok());
  CHECK(piping.write(1000) == half);
  CHECK(piping.reply() == "1");
  CHECK(piping.reply() == "2");
}

TEST_CASE("a request longer than the whole pool is rejected alone") {
  Piping piping;
  const std::size_t limit = piping.memory().budget.limit(PoolKind::requests);
  piping.submit("before", 1);

  const std::string text(limit + 1, 'x');
  const Result<RequestId> refused = piping.pipeline().submit(raw(text), never, 2);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::rejected_by_limit);
  CHECK(refused.error().executed == Executed::no);
  CHECK(refused.error().value == text.size());
  CHECK(refused.error().limit == limit);
  piping.submit("after", 3);

  CHECK(piping.write() == "beforeafter");
}

TEST_CASE("a request for whose state there is no memory leaves no byte behind") {
  Piping piping;
  piping.submit("x", 0);
  piping.memory().memory.refuse_one_after(0);
  Tag tag = 1;
  Result<RequestId> last = piping.pipeline().submit(raw("x"), never, tag);
  while (last.ok()) last = piping.pipeline().submit(raw("x"), never, ++tag);

  CHECK(last.error().code == ErrorCode::rejected_by_limit);
  CHECK(piping.pipeline().size() == tag);
  piping.submit("after", tag);
  CHECK(piping.write(1000) == std::string(tag, 'x') + "after");
  for (Tag expected = 0; expected <= tag; ++expected) {
    CHECK(piping.reply() == std::to_string(expected));
  }
  CHECK(piping.memory().bytes_in_use() == 0);
}

TEST_CASE("the first request for whose state there is no memory leaves nothing behind") {
  Piping piping;
  piping.memory().memory.refuse_one_after(1);  // its bytes have their segment by then
  CHECK_FALSE(piping.pipeline().submit(raw("refused"), never, 1).ok());

  CHECK_FALSE(piping.pipeline().has_unsent());
  CHECK(piping.memory().bytes_in_use() == 0);
  piping.submit("after", 2);
  CHECK(piping.write() == "after");
  CHECK(piping.reply() == "2");
}

TEST_CASE("thousands of requests keep their order") {
  Piping piping(10'000);
  for (Tag tag = 0; tag < 10'000; ++tag) piping.submit("request", tag);
  CHECK(piping.write().size() == 70'000);

  for (Tag tag = 0; tag < 10'000; ++tag) REQUIRE(piping.reply() == std::to_string(tag));
  CHECK(piping.memory().bytes_in_use() == 0);
}

}  // namespace
}  // namespace plimsoll::pipeline_test
