#include <chrono>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/exhaustive/client_worlds.h"

// Every way that deadlines, cancelling and signs of life can cross what is sent and what comes. The
// numbers of worlds are what there was when these tests were written.

using namespace plimsoll;
using namespace plimsoll::exhaustive;
using std::chrono::milliseconds;

TEST_CASE("deadlines and cancelling hold at any stage of two requests") {
  Rules rules;
  rules.requests = {{.timeout = milliseconds(20)}, {.timeout = milliseconds(30)}};
  rules.allow(Move::submit, 2)
      .allow(Move::cancel, 2)
      .allow(Move::send, 4)
      .allow(Move::read, 4)
      .allow(Move::wait, 3)
      .allow(Move::oversleep, 1);
  Tally tally;
  CHECK(worlds_of(rules, 7, tally) >= 158'316);
  CHECK(tally.count(ErrorCode::timed_out, Executed::no) > 0);
  CHECK(tally.count(ErrorCode::timed_out, Executed::maybe) > 0);
  CHECK(tally.count(ErrorCode::cancelled, Executed::no) > 0);
  CHECK(tally.count(ErrorCode::cancelled, Executed::maybe) > 0);
  CHECK(tally.completed > 0);
}

TEST_CASE("deadlines and cancelling hold while the transport still writes") {
  Rules rules;
  rules.transport = Rules::Transport::later;
  rules.requests = {{.timeout = milliseconds(20)}, {.timeout = milliseconds(30)}, {}};
  rules.allow(Move::submit, 3)
      .allow(Move::cancel, 2)
      .allow(Move::offer, 4)
      .allow(Move::take, 4)
      .allow(Move::read, 3)
      .allow(Move::wait, 2);
  Tally tally;
  CHECK(worlds_of(rules, 9, tally) >= 417'987);
  CHECK(tally.count(ErrorCode::cancelled, Executed::no) > 0);
  CHECK(tally.count(ErrorCode::cancelled, Executed::maybe) > 0);
}

TEST_CASE("a server that falls silent is given up, and only then") {
  Rules rules;
  rules.requests = {{.timeout = milliseconds(20)}, {}};
  rules.allow(Move::submit, 2)
      .allow(Move::cancel, 1)
      .allow(Move::open, 2)
      .allow(Move::send, 4)
      .allow(Move::read, 3)
      .allow(Move::wait, 6)
      .allow(Move::silence, 1);
  Tally tally;
  CHECK(worlds_of(rules, 7, tally) >= 131'606);
  CHECK(tally.health_checks > 0);
  CHECK(tally.count_disconnections(ErrorCode::connection_dead) > 0);
}
