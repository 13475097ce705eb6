#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/session/pipeline.h"
#include "plimsoll/tests/core/session/piping.h"

// Up to where every request of a Pipeline has had its last answer, or will never have one.

namespace plimsoll::pipeline_answered_test {
namespace {

using testing::Lines;
using testing::Piping;

constexpr Instant at(int seconds) { return Instant(std::chrono::seconds(seconds)); }

TEST_CASE("requests are answered up to the first that waits for its reply") {
  Piping piping;
  const RequestId one = piping.submit("one", 1);
  const RequestId two = piping.submit("two", 2);
  CHECK(piping.pipeline().answered_until() == one);
  piping.write();
  CHECK(piping.pipeline().answered_until() == one);

  CHECK(piping.reply() == "1");
  CHECK(piping.pipeline().answered_until() == two);
  CHECK(piping.reply() == "2");
  CHECK(piping.pipeline().answered_until() > two);
  CHECK(piping.submit("three", 3) == piping.pipeline().answered_until());
}

TEST_CASE("a reply counts before the transport is done with its request") {
  Piping piping;
  piping.submit("one", 1);
  const RequestId two = piping.submit("two", 2);
  const std::size_t given = piping.transmit().size();
  CHECK(piping.reply() == "1");
  CHECK(piping.pipeline().answered_until() == two);
  CHECK(piping.reply() == "2");
  CHECK(piping.pipeline().answered_until() > two);
  piping.pipeline().handle_written(given);
  CHECK(piping.pipeline().answered_until() > two);
}

TEST_CASE("of several answers only the last one counts, also where nobody waits for them") {
  for (const bool cancelled : {false, true}) {
    Piping piping;
    CommandView command = testing::raw("three commands");
    command.answers = 3;
    const RequestId id = piping.pipeline().submit(command, never, 1).value();
    piping.write();
    if (cancelled) {
      piping.pipeline().cancel(id);
      CHECK(piping.ended() == Lines{"1 cancelled maybe"});
    }
    piping.reply();
    piping.reply();
    CHECK(piping.pipeline().answered_until() == id);
    piping.reply();
    CHECK(piping.pipeline().answered_until() > id);
  }
}

TEST_CASE("a request that was given up after it was sent is unanswered until its reply has come") {
  Piping piping;
  const RequestId one = piping.submit("one", 1, at(10));
  const RequestId two = piping.submit("two", 2);
  piping.write();
  piping.pipeline().handle_timeout(at(10));
  CHECK(piping.ended() == Lines{"1 timed_out maybe"});
  CHECK(piping.pipeline().answered_until() == one);
  CHECK(piping.reply() == "tombstone");
  CHECK(piping.pipeline().answered_until() == two);
}

TEST_CASE("a request that was withdrawn before it was sent will never be answered") {
  Piping piping;
  const RequestId one = piping.submit("one", 1);
  const RequestId two = piping.submit("two", 2);
  piping.pipeline().cancel(one);
  CHECK(piping.ended() == Lines{"1 cancelled no"});
  CHECK(piping.pipeline().answered_until() == two);
}

TEST_CASE("the last request may be withdrawn: then nothing is unanswered") {
  Piping piping;
  piping.submit("one", 1);
  piping.write();
  const RequestId two = piping.submit("two", 2, at(10));
  piping.pipeline().handle_timeout(at(10));
  CHECK(piping.ended() == Lines{"2 timed_out no"});
  CHECK(piping.pipeline().answered_until() < two);
  CHECK(piping.reply() == "1");
  CHECK(piping.pipeline().answered_until() > two);
}

TEST_CASE("what was lost with its connection will never be answered, what is sent again may be") {
  Piping piping(Pipeline::Options{.read_resends_max = 1});
  piping.submit("write", 1);
  const RequestId read = piping.submit_read("read", 2);
  piping.submit("another write", 3);
  piping.write();
  const RequestId unsent = piping.submit("unsent", 4);
  CHECK(piping.reconnect() == Lines{"1 lost_in_doubt maybe", "3 lost_in_doubt maybe"});
  CHECK(piping.pipeline().answered_until() == read);
  piping.write();
  CHECK(piping.reply() == "2");
  CHECK(piping.pipeline().answered_until() == unsent);
  CHECK(piping.reply() == "4");
  CHECK(piping.pipeline().answered_until() > unsent);
}

TEST_CASE("a tombstone of a connection that was lost will never be answered") {
  Piping piping;
  const RequestId one = piping.submit("one", 1, at(10));
  piping.write();
  piping.pipeline().handle_timeout(at(10));
  CHECK(piping.ended() == Lines{"1 timed_out maybe"});
  CHECK(piping.reconnect().empty());
  CHECK(piping.pipeline().answered_until() > one);
}

TEST_CASE("a connection that is lost while requests are answered early leaves none unanswered") {
  Piping piping;
  piping.submit("one", 1);
  const RequestId two = piping.submit("two", 2);
  const RequestId three = piping.submit("three", 3);
  piping.transmit();
  CHECK(piping.reply() == "1");
  CHECK(piping.reply() == "2");
  CHECK(piping.pipeline().answered_until() == three);
  CHECK(piping.pipeline().take_lost()->tag == 3);
  CHECK(piping.pipeline().answered_until() > three);
  CHECK(piping.lost().empty());
  CHECK(piping.pipeline().answered_until() > two);
}

TEST_CASE("a place that is kept for a request is no unanswered one") {
  Piping piping;
  const RequestId one = piping.submit("one", 1);
  piping.write();
  CHECK(piping.reply() == "1");
  REQUIRE(piping.pipeline().make_room(4) == Pipeline::Room::made);
  const RequestId until = piping.pipeline().answered_until();
  CHECK(until > one);
  CHECK(piping.pipeline().submit_to_room(testing::raw("room"), never, 2) >= until);
  CHECK(piping.pipeline().answered_until() >= until);
  REQUIRE(piping.pipeline().make_room(4) == Pipeline::Room::made);
  piping.pipeline().release_room();
  CHECK(piping.pipeline().answered_until() >= until);
}

}  // namespace
}  // namespace plimsoll::pipeline_answered_test
