#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/session/pipeline.h"
#include "plimsoll/tests/core/session/piping.h"

// How requests of a Pipeline end when their time is over, or the connection.

namespace plimsoll::pipeline_ends_test {
namespace {

using testing::Lines;
using testing::Piping;

constexpr Instant at(int seconds) { return Instant(std::chrono::seconds(seconds)); }

TEST_CASE("deadlines pass in any order") {
  Piping piping;
  piping.submit("one", 1, at(30));
  piping.submit("two", 2, at(10));
  piping.submit("three", 3);
  piping.submit("four", 4, at(20));
  piping.write();
  CHECK(piping.pipeline().next_deadline() == at(10));

  piping.pipeline().handle_timeout(at(9));
  CHECK(piping.ended().empty());
  piping.pipeline().handle_timeout(at(10));
  CHECK(piping.ended() == Lines{"2 timed_out maybe"});
  CHECK(piping.pipeline().next_deadline() == at(20));
  piping.pipeline().handle_timeout(at(100));
  CHECK(piping.ended() == Lines{"1 timed_out maybe", "4 timed_out maybe"});
  CHECK(piping.pipeline().next_deadline() == never);

  CHECK(piping.reply() == "tombstone");
  CHECK(piping.reply() == "tombstone");
  CHECK(piping.reply() == "3");
  CHECK(piping.reply() == "tombstone");
}

TEST_CASE("a request whose deadline passes before it was sent cannot have run") {
  Piping piping;
  piping.submit("one", 1, at(10));
  piping.submit("two", 2, at(20));
  piping.pipeline().handle_timeout(at(15));

  CHECK(piping.ended() == Lines{"1 timed_out no"});
  CHECK(piping.write() == "two");
}

TEST_CASE("a request submitted while others end keeps its deadline") {
  Piping piping;
  piping.submit("one", 1, at(10));
  piping.submit("two", 2, at(10));
  piping.pipeline().handle_timeout(at(10));
  REQUIRE(piping.pipeline().next_ended().has_value());
  piping.submit("three", 3, at(12));

  CHECK(piping.ended() == Lines{"2 timed_out no"});
  CHECK(piping.pipeline().next_deadline() == at(12));
  CHECK(piping.write() == "three");
}

TEST_CASE("there is no deadline to wake up for once every request was answered and checked") {
  Piping piping;
  piping.submit("one", 1, at(10));
  piping.write();
  piping.reply();
  piping.pipeline().handle_timeout(at(10));
  CHECK(piping.ended().empty());
  CHECK(piping.pipeline().next_deadline() == never);
}

TEST_CASE("a tombstone counts against the limit until its reply comes") {
  Piping piping(1);
  const RequestId one = piping.submit("one", 1);
  piping.write();
  piping.pipeline().cancel(one);
  piping.ended();
  CHECK_FALSE(piping.pipeline().submit(testing::raw("two"), never, 2).ok());
  CHECK(piping.reply() == "tombstone");
  CHECK(piping.pipeline().submit(testing::raw("two"), never, 2).ok());
}

TEST_CASE("a request withdrawn before it was sent makes room at once") {
  Piping piping(1);
  const RequestId one = piping.submit("one", 1);
  piping.pipeline().cancel(one);
  piping.ended();
  CHECK(piping.pipeline().submit(testing::raw("two"), never, 2).ok());
}

TEST_CASE("what was wholly given to the transport is lost in doubt, the rest is lost unsent") {
  Piping piping;
  piping.submit("written", 1);
  piping.write();
  piping.submit("given", 2);
  const std::string text(segment_capacity, 'x');
  piping.submit(text, 3);
  piping.submit("staged", 4);
  piping.transmit(1);

  CHECK(piping.lost() == Lines{"1 lost_in_doubt maybe", "2 lost_in_doubt maybe", "3 lost_unsent no",
                               "4 lost_unsent no"});
  CHECK(piping.memory().bytes_in_use() == 0);
}

TEST_CASE("what was partly taken by the transport is lost unsent") {
  Piping piping;
  piping.submit("one", 1);
  piping.submit("two", 2);
  piping.transmit();
  piping.pipeline().handle_written(4);

  CHECK(piping.lost() == Lines{"1 lost_in_doubt maybe", "2 lost_unsent no"});
}

TEST_CASE("the session's own requests end with their connection, sent or not") {
  constexpr std::string_view word = "PING";
  CommandView ping;
  ping.args = {&word, 1};
  if (GENERATE(false, true)) ping.effect = CommandView::Effect::read;
  for (const bool sent : {false, true}) {
    Piping piping(Pipeline::Options{.read_resends_max = 3});
    if (!sent) piping.submit("a user's", 1);
    REQUIRE(piping.pipeline().submit_internal(ping, 7));
    REQUIRE(piping.pipeline().submit_internal(ping, 0));
    if (sent) {
      piping.write();
      piping.submit("a user's", 1);
    }
    CHECK(piping.reconnect() == Lines{"7 lost_in_doubt maybe"});
    piping.pipeline().validate();
    CHECK(piping.write() == "a user's");
    CHECK(piping.reply() == "1");
  }
}

TEST_CASE("only what has no outcome yet is lost, and what was cancelled says so") {
  Piping piping;
  piping.submit("answered", 1);
  const RequestId tombstone = piping.submit("tombstone", 2);
  const RequestId cancelled = piping.submit("cancelled", 3);
  piping.submit("live", 4);
  piping.transmit();
  CHECK(piping.reply() == "1");
  piping.pipeline().cancel(tombstone);
  CHECK(piping.ended() == Lines{"2 cancelled maybe"});
  piping.pipeline().cancel(cancelled);

  CHECK(piping.lost() == Lines{"3 cancelled maybe", "4 lost_in_doubt maybe"});
  CHECK(piping.pipeline().size() == 0);
  CHECK(piping.pipeline().next_deadline() == never);
  CHECK(piping.memory().bytes_in_use() == 0);
}

TEST_CASE("everything is lost also in the middle of a search for what has ended") {
  Piping piping;
  piping.submit("one", 1, at(10));
  piping.submit("two", 2, at(10));
  piping.submit("three", 3);
  piping.pipeline().handle_timeout(at(10));
  REQUIRE(piping.pipeline().next_ended().has_value());

  CHECK(piping.lost() == Lines{"2 lost_unsent no", "3 lost_unsent no"});
  CHECK(piping.ended().empty());
  CHECK(piping.memory().bytes_in_use() == 0);
}

}  // namespace
}  // namespace plimsoll::pipeline_ends_test
