#include <chrono>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/exhaustive/client_worlds.h"

// Every way that a client can end, and what its users can do between two of its events. The numbers
// of worlds are what there was when these tests were written.

using namespace plimsoll;
using namespace plimsoll::exhaustive;
using std::chrono::milliseconds;

namespace {

Rules closing_rules() {
  Rules rules;
  rules.transport = Rules::Transport::later;
  rules.requests = {{.timeout = milliseconds(20)}, {}};
  rules.allow(Move::submit, 2)
      .allow(Move::cancel, 1)
      .allow(Move::open, 2)
      .allow(Move::offer, 3)
      .allow(Move::take, 3)
      .allow(Move::read, 3)
      .allow(Move::wait, 3)
      .allow(Move::lose, 1)
      .allow(Move::silence, 1)
      .allow(Move::close, 1)
      .allow(Move::abort, 1);
  return rules;
}

}  // namespace

TEST_CASE("a client closes at any moment") {
  const Rules rules = closing_rules();
  Tally tally;
  CHECK(worlds_of(rules, 8, tally) >= 459'407);
  CHECK(tally.count_ends(ErrorCode::closed) > 0);
  CHECK(tally.count(ErrorCode::lost_unsent, Executed::no) > 0);
  CHECK(tally.count(ErrorCode::lost_in_doubt, Executed::maybe) > 0);
}

TEST_CASE("a client that has never been connected closes at any moment") {
  Rules rules = closing_rules();
  rules.start = Rules::Start::unconnected;
  rules.handshakes = Rules::Handshakes::steps;
  rules.allow(Move::silence, 0).allow(Move::refuse, 1);
  Tally tally;
  CHECK(worlds_of(rules, 7, tally) >= 57'963);
  CHECK(tally.count_ends(ErrorCode::closed) > 0);
}

TEST_CASE("users submit, cancel and close between two events") {
  Rules rules = closing_rules();
  rules.events = Rules::Events::one_by_one;
  rules.transport = Rules::Transport::at_once;
  rules.allow(Move::send, 3).allow(Move::silence, 0).allow(Move::poll, 12).allow(Move::act, 2);
  Tally tally;
  CHECK(worlds_of(rules, 8, tally) >= 176'217);
  CHECK(tally.count_ends(ErrorCode::closed) > 0);
  CHECK(tally.completed > 0);
}
