#include <chrono>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/exhaustive/client_worlds.h"

// Every way that a handshake can go. The numbers of worlds are what there was when these tests were
// written: fewer would mean that a move is not made any more.

using namespace plimsoll;
using namespace plimsoll::exhaustive;
using std::chrono::milliseconds;

namespace {

Rules handshake_rules() {
  using Mood = TinyServer::Mood;
  Rules rules;
  rules.handshakes = Rules::Handshakes::steps;
  rules.moods = {Mood::good,           Mood::loading, Mood::loading_at_ping,
                 Mood::wrong_password, Mood::garbage, Mood::early};
  rules.requests = {{.timeout = milliseconds(30)}};
  rules.allow(Move::submit, 1)
      .allow(Move::open, 3)
      .allow(Move::refuse, 1)
      .allow(Move::read, 5)
      .allow(Move::wait, 3)
      .allow(Move::lose, 1)
      .allow(Move::abort, 1);
  return rules;
}

}  // namespace

TEST_CASE("the first handshake holds, whatever comes between") {
  Rules rules = handshake_rules();
  rules.start = Rules::Start::unconnected;
  rules.allow(Move::send, 3);
  Tally tally;
  CHECK(worlds_of(rules, 6, tally) >= 284'364);
  CHECK(tally.completed > 0);
  CHECK(tally.count_ends(ErrorCode::authentication_failed) > 0);
  CHECK(tally.count_ends(ErrorCode::protocol_error) > 0);
  CHECK(tally.count_ends(ErrorCode::connect_failed) > 0);
  CHECK(tally.count(ErrorCode::timed_out, Executed::no) > 0);
}

TEST_CASE("a later handshake holds, whatever comes between") {
  Rules rules = handshake_rules();
  rules.allow(Move::send, 3).allow(Move::lose, 2);
  Tally tally;
  CHECK(worlds_of(rules, 7, tally) >= 124'974);
  CHECK(tally.completed > 0);
  CHECK(tally.count_ends(ErrorCode::authentication_failed) > 0);
}

TEST_CASE("a handshake that the transport takes its time to write holds") {
  Rules rules = handshake_rules();
  rules.transport = Rules::Transport::later;
  rules.start = Rules::Start::unconnected;
  rules.allow(Move::offer, 3).allow(Move::take, 3);
  Tally tally;
  CHECK(worlds_of(rules, 7, tally) >= 190'190);
  CHECK(tally.completed > 0);
  CHECK(tally.count_disconnections(ErrorCode::protocol_error) > 0);
}
