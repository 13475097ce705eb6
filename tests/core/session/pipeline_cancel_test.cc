#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/session/pipeline.h"
#include "plimsoll/tests/core/session/piping.h"

// How requests of a Pipeline are cancelled, and what that leaves behind.

namespace plimsoll::pipeline_cancel_test {
namespace {

using testing::Lines;
using testing::Piping;

TEST_CASE("a request cancelled before it was sent leaves no byte behind") {
  for (const int cancelled : {1, 2, 3}) {
    Piping piping;
    const RequestId ids[] = {piping.submit("one", 1), piping.submit("two", 2),
                             piping.submit("three", 3)};
    piping.pipeline().cancel(ids[cancelled - 1]);

    CHECK(piping.ended() == Lines{std::to_string(cancelled) + " cancelled no"});
    CHECK(piping.pipeline().size() == 2);
    CHECK(piping.write() == (cancelled == 1 ? "twothree" : cancelled == 2 ? "onethree" : "onetwo"));
    CHECK(piping.reply() == (cancelled == 1 ? "2" : "1"));
    CHECK(piping.reply() == (cancelled == 3 ? "2" : "3"));
    CHECK(piping.reply() == "nothing");
    CHECK(piping.memory().bytes_in_use() == 0);
  }
}

TEST_CASE("a request cancelled before it was sent is not sent before that is told either") {
  Piping piping;
  piping.submit("one", 1);
  piping.pipeline().cancel(piping.submit("two", 2));

  CHECK(piping.transmit().empty());
  CHECK(piping.ended() == Lines{"2 cancelled no"});
  CHECK(piping.write() == "one");
}

TEST_CASE("nothing is left to send when all that was staged is cancelled") {
  Piping piping;
  const RequestId one = piping.submit("one", 1);
  const RequestId two = piping.submit("two", 2);
  piping.pipeline().cancel(two);
  piping.pipeline().cancel(one);

  CHECK(piping.ended() == Lines{"1 cancelled no", "2 cancelled no"});
  CHECK_FALSE(piping.pipeline().has_unsent());
  CHECK(piping.write().empty());
  CHECK(piping.memory().bytes_in_use() == 0);
  piping.submit("three", 3);
  CHECK(piping.write() == "three");
  CHECK(piping.reply() == "3");
}

TEST_CASE("a request cancelled while the transport has its bytes may have run") {
  Piping piping;
  const RequestId one = piping.submit("one", 1);
  piping.submit("two", 2);
  piping.transmit();
  piping.pipeline().cancel(one);

  CHECK(piping.ended() == Lines{"1 cancelled maybe"});
  piping.pipeline().handle_written(6);
  CHECK(piping.reply() == "tombstone");
  CHECK(piping.reply() == "2");
  CHECK(piping.memory().bytes_in_use() == 0);
}

TEST_CASE("a request cancelled when a part of it was sent is sent whole, and its reply is taken") {
  Piping piping;
  const RequestId one = piping.submit("one", 1);
  piping.submit("two", 2);
  piping.transmit();
  piping.pipeline().handle_written(1);
  piping.pipeline().cancel(one);

  CHECK(piping.ended() == Lines{"1 cancelled maybe"});
  CHECK(piping.write() == "netwo");
  CHECK(piping.reply() == "tombstone");
  CHECK(piping.reply() == "2");
}

TEST_CASE("a request cancelled after it was sent leaves its place in the order") {
  Piping piping;
  piping.submit("one", 1);
  const RequestId two = piping.submit("two", 2);
  piping.submit("three", 3);
  piping.write();
  piping.pipeline().cancel(two);
  CHECK(piping.ended() == Lines{"2 cancelled maybe"});
  CHECK(piping.pipeline().size() == 3);

  CHECK(piping.reply() == "1");
  CHECK(piping.reply() == "tombstone");
  CHECK(piping.reply() == "3");
  CHECK(piping.pipeline().size() == 0);
}

TEST_CASE("a request has one outcome, however often it is cancelled") {
  Piping piping;
  const RequestId sent = piping.submit("sent", 1);
  piping.write();
  const RequestId unsent = piping.submit("unsent", 2);
  for (int i = 0; i < 2; ++i) {
    piping.pipeline().cancel(unsent);
    piping.pipeline().cancel(sent);
  }
  CHECK(piping.ended() == Lines{"1 cancelled maybe", "2 cancelled no"});
  piping.pipeline().cancel(unsent);
  piping.pipeline().cancel(sent);
  CHECK(piping.ended().empty());
}

TEST_CASE("a request that was answered cannot be cancelled, also before the transport is done") {
  Piping piping;
  const RequestId one = piping.submit("one", 1);
  piping.transmit();
  CHECK(piping.reply() == "1");
  piping.pipeline().cancel(one);
  CHECK(piping.ended().empty());
  piping.pipeline().handle_written(3);
  piping.pipeline().cancel(one);
  CHECK(piping.ended().empty());
}

TEST_CASE("a reply that comes before its request's cancellation was told is its outcome") {
  Piping piping;
  const RequestId one = piping.submit("one", 1);
  piping.write();
  piping.pipeline().cancel(one);
  CHECK(piping.reply() == "1");
  CHECK(piping.ended().empty());
}

TEST_CASE("cancelling what was never submitted does nothing") {
  Piping piping;
  const RequestId one = piping.submit("one", 1);
  piping.pipeline().cancel(one + 1);
  piping.pipeline().cancel(one + 1000);
  CHECK(piping.ended().empty());
  CHECK(piping.write() == "one");
}

TEST_CASE("gaps in what is staged are passed over, whatever the transport takes") {
  for (std::size_t taken = 0; taken <= 12; ++taken) {
    Piping piping;
    piping.submit("aaaa", 1);
    const RequestId two = piping.submit("bbbb", 2);
    piping.submit("cccc", 3);
    const RequestId four = piping.submit("dddd", 4);
    piping.submit("eeee", 5);
    piping.pipeline().cancel(two);
    piping.pipeline().cancel(four);
    CHECK(piping.ended() == Lines{"2 cancelled no", "4 cancelled no"});

    CHECK(piping.transmit() == "aaaacccceeee");
    piping.pipeline().handle_written(taken);
    CHECK(piping.write() == std::string("aaaacccceeee").substr(taken));
    CHECK(piping.reply() == "1");
    CHECK(piping.reply() == "3");
    CHECK(piping.reply() == "5");
    CHECK(piping.memory().bytes_in_use() == 0);
  }
}

TEST_CASE("neighbours leave in one span, also around a gap") {
  Piping piping;
  for (Tag tag = 0; tag < 100; ++tag) piping.submit("before", tag);
  const RequestId gap = piping.submit("gap", 100);
  for (Tag tag = 101; tag < 200; ++tag) piping.submit("behind", tag);
  piping.pipeline().cancel(gap);
  CHECK(piping.ended() == Lines{"100 cancelled no"});

  CHECK(piping.transmit(2).size() == 199 * 6);
}

TEST_CASE("a gap may open while the transport has what is before it") {
  Piping piping;
  piping.submit("one", 1);
  piping.transmit();
  const RequestId two = piping.submit("two", 2);
  piping.submit("three", 3);
  piping.pipeline().cancel(two);
  CHECK(piping.ended() == Lines{"2 cancelled no"});
  piping.pipeline().handle_written(2);

  CHECK(piping.write() == "ethree");
  CHECK(piping.reply() == "1");
  CHECK(piping.reply() == "3");
}

TEST_CASE("kept requests are taken together as far as one that was withdrawn unsent") {
  Piping piping(Pipeline::Options{.read_resends_max = 1});
  Pipeline& pipeline = piping.pipeline();
  piping.submit("one", 1);
  piping.submit("two", 2);
  const RequestId three = piping.submit("three", 3);
  const RequestId four = piping.submit("four", 4);
  const RequestId five = piping.submit("five", 5);
  pipeline.cancel(three);
  pipeline.cancel(five);
  CHECK(piping.ended() == Lines{"3 cancelled no", "5 cancelled no"});
  piping.write();

  const RequestId begin = pipeline.answered_until();
  RequestId end = begin;
  for (const Tag tag : {1, 2}) {
    REQUIRE(pipeline.is_next_plain_at(end));
    CHECK(pipeline.take_plain(end) == tag);
  }
  CHECK_FALSE(pipeline.is_next_plain_at(end));
  pipeline.give_up_plain(begin, end);
  CHECK(end == three);
  pipeline.validate();

  end = pipeline.answered_until();
  CHECK(end == four);
  REQUIRE(pipeline.is_next_plain_at(end));
  CHECK(pipeline.take_plain(end) == 4);
  pipeline.give_up_plain(four, end);
  CHECK(end == five);
  CHECK(piping.memory().bytes_in_use() == 0);
}

}  // namespace
}  // namespace plimsoll::pipeline_cancel_test
