#include <chrono>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/exhaustive/client_worlds.h"

// Every way that connections can be lost and replaced under two requests. The numbers of worlds are
// what there was when these tests were written.

using namespace plimsoll;
using namespace plimsoll::exhaustive;
using std::chrono::milliseconds;

namespace {

Rules losing_rules() {
  Rules rules;
  rules.requests = {{.timeout = milliseconds(20)}, {}};
  rules.allow(Move::submit, 2)
      .allow(Move::cancel, 1)
      .allow(Move::open, 3)
      .allow(Move::refuse, 1)
      .allow(Move::read, 4)
      .allow(Move::wait, 3)
      .allow(Move::lose, 2);
  return rules;
}

}  // namespace

TEST_CASE("two requests survive lost connections") {
  Rules rules = losing_rules();
  rules.allow(Move::send, 4);
  Tally tally;
  CHECK(worlds_of(rules, 7, tally) >= 88'069);
  CHECK(tally.count(ErrorCode::lost_in_doubt, Executed::maybe) > 0);
  CHECK(tally.count(ErrorCode::lost_unsent, Executed::no) == 0);
  CHECK(tally.completed > 0);
}

TEST_CASE("two requests survive connections that are lost while the transport writes") {
  Rules rules = losing_rules();
  rules.transport = Rules::Transport::later;
  rules.allow(Move::offer, 4).allow(Move::take, 4);
  Tally tally;
  CHECK(worlds_of(rules, 9, tally) >= 295'131);
  CHECK(tally.count(ErrorCode::lost_in_doubt, Executed::maybe) > 0);
}

TEST_CASE("a read is sent again as often as it may, a write never") {
  Rules rules = losing_rules();
  rules.options.read_resends_max = 1;
  rules.requests = {{.timeout = milliseconds(20), .effect = CommandView::Effect::read}, {}};
  rules.transport = Rules::Transport::later;
  rules.allow(Move::offer, 4).allow(Move::take, 4).allow(Move::refuse, 0);
  Tally tally;
  CHECK(worlds_of(rules, 9, tally) >= 290'064);
  CHECK(tally.resent > 0);
  CHECK(tally.count(ErrorCode::lost_in_doubt, Executed::maybe) > 0);
}

TEST_CASE("a client that may not try for ever gives up, and says what has run") {
  Rules rules = losing_rules();
  rules.options.reconnect_attempts_max = 1;
  rules.allow(Move::send, 4).allow(Move::refuse, 2);
  Tally tally;
  CHECK(worlds_of(rules, 7, tally) >= 87'209);
  CHECK(tally.count(ErrorCode::lost_unsent, Executed::no) > 0);
  CHECK(tally.count_ends(ErrorCode::connect_failed) > 0);
}

TEST_CASE("a client that does not reconnect ends with its connection") {
  Rules rules = losing_rules();
  rules.options.reconnect_attempts_max = 0;
  rules.transport = Rules::Transport::later;
  rules.allow(Move::offer, 4).allow(Move::take, 4);
  Tally tally;
  CHECK(worlds_of(rules, 9, tally) >= 182'405);
  CHECK(tally.count_ends(ErrorCode::connection_lost) > 0);
  CHECK(tally.count(ErrorCode::lost_unsent, Executed::no) > 0);
}

TEST_CASE("after a reply that nobody asked for, the next connection tells the truth") {
  Rules rules = losing_rules();
  rules.transport = Rules::Transport::later;
  rules.allow(Move::offer, 3).allow(Move::take, 3).allow(Move::extra, 1).allow(Move::refuse, 0);
  Tally tally;
  CHECK(worlds_of(rules, 7, tally) >= 128'244);
  CHECK(tally.count_disconnections(ErrorCode::protocol_error) > 0);
  CHECK(tally.count(ErrorCode::protocol_error, Executed::maybe) > 0);
}
