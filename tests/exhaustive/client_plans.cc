#include "plimsoll/tests/exhaustive/client_plans.h"

#include <chrono>

#include "plimsoll/tests/exhaustive/client_world.h"
#include "plimsoll/tests/exhaustive/enumerate.h"

namespace plimsoll::exhaustive {
namespace {

using std::chrono::milliseconds;

// Two requests, of which the first has a deadline.
Rules two_requests() {
  Rules rules;
  rules.requests = {{.timeout = milliseconds(20)}, {}};
  rules.allow(Move::submit, 2).allow(Move::cancel, 1).allow(Move::read, 4).allow(Move::wait, 3);
  return rules;
}

Rules& writing_later(Rules& rules, std::uint8_t times) {
  rules.transport = Rules::Transport::later;
  return rules.allow(Move::send, 0).allow(Move::offer, times).allow(Move::take, times);
}

Rules handshake_rules() {
  using Mood = TinyServer::Mood;
  Rules rules;
  rules.handshakes = Rules::Handshakes::steps;
  rules.moods = {Mood::good,           Mood::loading,     Mood::loading_at_ping,
                 Mood::wrong_password, Mood::no_database, Mood::garbage,
                 Mood::early};
  rules.options.database = 1;
  rules.requests = {{.timeout = milliseconds(30)}};
  return rules.allow(Move::submit, 1)
      .allow(Move::open, 3)
      .allow(Move::refuse, 1)
      .allow(Move::send, 3)
      .allow(Move::read, 5)
      .allow(Move::wait, 3)
      .allow(Move::lose, 1)
      .allow(Move::abort, 1);
}

Rules losing_rules() {
  Rules rules = two_requests();
  return rules.allow(Move::send, 4)
      .allow(Move::open, 3)
      .allow(Move::refuse, 1)
      .allow(Move::lose, 2);
}

Rules closing_rules() {
  Rules rules = two_requests();
  return writing_later(rules, 3)
      .allow(Move::open, 2)
      .allow(Move::read, 3)
      .allow(Move::lose, 1)
      .allow(Move::silence, 1)
      .allow(Move::close, 1)
      .allow(Move::abort, 1);
}

}  // namespace

std::vector<Plan> handshake_plans() {
  Rules first = handshake_rules();
  first.start = Rules::Start::unconnected;

  Rules later = handshake_rules();
  later.allow(Move::lose, 2);

  Rules slow = first;
  writing_later(slow, 3);

  Rules slow_later = later;
  writing_later(slow_later, 3).allow(Move::arrive, 1);

  Rules tracking = handshake_rules();
  tracking.options.database = 0;
  tracking.options.tracking = {.method = TrackingOptions::Method::opt_in, .required = true};
  tracking.moods = {TinyServer::Mood::good, TinyServer::Mood::loading_at_ping,
                    TinyServer::Mood::no_tracking, TinyServer::Mood::early};
  tracking.allow(Move::lose, 2);

  return {{"the first handshake", 6, 359'035, first},
          {"a later handshake that asks for tracking", 7, 92'524, tracking},
          {"a later handshake", 7, 139'975, later},
          {"a first handshake that is written slowly", 7, 211'508, slow},
          {"a later handshake that is written slowly", 8, 316'061, slow_later}};
}

std::vector<Plan> timeout_plans() {
  Rules deadlines = two_requests();
  deadlines.requests = {{.timeout = milliseconds(30)}, {.timeout = milliseconds(20)}};
  deadlines.allow(Move::send, 4).allow(Move::cancel, 2).allow(Move::oversleep, 1);

  Rules written = deadlines;
  written.requests.push_back({});
  writing_later(written, 4).allow(Move::submit, 3).allow(Move::wait, 2).allow(Move::oversleep, 0);

  Rules answered = two_requests();
  writing_later(answered, 3).allow(Move::arrive, 2);

  Rules silent = two_requests();
  silent.allow(Move::send, 4)
      .allow(Move::open, 2)
      .allow(Move::read, 3)
      .allow(Move::wait, 6)
      .allow(Move::silence, 1);

  Rules limited = deadlines;
  limited.options.inflight_requests_limit = 1;
  limited.requests.push_back({});
  limited.allow(Move::submit, 3).allow(Move::oversleep, 0);

  Rules swelling = two_requests();
  swelling.options.reply_bytes_max = reply_bytes_max_min;
  swelling.allow(Move::send, 3).allow(Move::swell, 2);

  return {{"two deadlines", 7, 144'787, deadlines},
          {"deadlines while the transport writes", 8, 107'095, written},
          {"replies while the transport writes", 8, 129'623, answered},
          {"a server that falls silent", 7, 111'581, silent},
          {"a limit of one request", 8, 211'430, limited},
          {"replies that are too large", 7, 330'410, swelling}};
}

std::vector<Plan> reconnect_plans() {
  const Rules lost = losing_rules();

  Rules lost_writing = losing_rules();
  writing_later(lost_writing, 4);

  Rules lost_answered = losing_rules();
  writing_later(lost_answered, 3).allow(Move::arrive, 1).allow(Move::refuse, 0);

  Rules resent = losing_rules();
  resent.options.read_resends_max = 1;
  resent.requests[0].effect = CommandView::Effect::read;
  writing_later(resent, 4).allow(Move::refuse, 0);

  Rules giving_up = losing_rules();
  giving_up.options.reconnect_attempts_max = 1;
  giving_up.allow(Move::refuse, 2);

  Rules ending = losing_rules();
  ending.options.reconnect_attempts_max = 0;
  writing_later(ending, 4);

  Rules resent_ending = resent;
  resent_ending.options.reconnect_attempts_max = 1;
  resent_ending.allow(Move::refuse, 1);

  Rules lied_to = losing_rules();
  writing_later(lied_to, 3).allow(Move::extra, 1).allow(Move::refuse, 0);

  Rules backlog;
  backlog.requests.resize(40);
  backlog.allow(Move::submit_all, 1)
      .allow(Move::open, 1)
      .allow(Move::send, 2)
      .allow(Move::read, 3)
      .allow(Move::wait, 1)
      .allow(Move::lose, 1);

  Rules away;
  away.seeds = 8;
  away.allow(Move::open, 1).allow(Move::refuse, 4).allow(Move::wait, 6).allow(Move::lose, 1);

  return {{"lost connections", 7, 77'010, lost},
          {"connections lost while the transport writes", 8, 96'973, lost_writing},
          {"connections lost while replies come early", 8, 194'250, lost_answered},
          {"a read that may be sent again", 8, 89'502, resent},
          {"a client that gives up", 7, 76'172, giving_up},
          {"a client that does not reconnect", 8, 55'184, ending},
          {"a client that gives up a read", 8, 94'527, resent_ending},
          {"a server that says too much", 7, 139'294, lied_to},
          {"a backlog", 9, 32'733, backlog},
          {"a server that is away", 10, 1'752, away, Plan::Waits::growing}};
}

std::vector<Plan> closing_plans() {
  const Rules closing = closing_rules();

  Rules never_connected = closing_rules();
  never_connected.start = Rules::Start::unconnected;
  never_connected.handshakes = Rules::Handshakes::steps;
  never_connected.allow(Move::silence, 0).allow(Move::refuse, 1);

  Rules between_events = closing_rules();
  between_events.events = Rules::Events::one_by_one;
  between_events.transport = Rules::Transport::at_once;
  between_events.allow(Move::send, 3)
      .allow(Move::silence, 0)
      .allow(Move::poll, 12)
      .allow(Move::act, 2);

  return {{"a client that closes", 7, 120'554, closing},
          {"a client that closes before it was connected", 7, 53'500, never_connected},
          {"users between two events", 8, 174'365, between_events}};
}

std::vector<Plan> all_plans() {
  std::vector<Plan> all;
  for (auto* plans : {handshake_plans, timeout_plans, reconnect_plans, closing_plans}) {
    for (Plan& plan : plans()) all.push_back(std::move(plan));
  }
  return all;
}

std::uint64_t carry_out(const Plan& plan, Tally& tally) {
  const std::uint64_t worlds = enumerate(
      plan.moves_max, [&](Choices& choices) { return ClientWorld(choices, plan.rules, tally); });
  const bool growing = tally.longest_waits[3] > 4 * plan.rules.options.reconnect_wait_min;
  if (plan.waits == Plan::Waits::growing && !growing) {
    throw Failure("the waits between attempts grow", "");
  }
  return worlds;
}

}  // namespace plimsoll::exhaustive
