#include "plimsoll/tests/sim/ledger.h"

#include <algorithm>

#include "plimsoll/core/session/deadline_order.h"

namespace plimsoll::sim {
namespace {

// What a request ends with because of an error reply, and never for want of one.
bool is_said_by_server(ErrorCode code) {
  switch (code) {
    case ErrorCode::server_error:
    case ErrorCode::transaction_aborted:
    case ErrorCode::server_loading:
    case ErrorCode::primary_down:
    case ErrorCode::server_busy:
    case ErrorCode::authentication_failed:
    case ErrorCode::permission_denied:
    case ErrorCode::unknown_command:
    case ErrorCode::not_enough_replicas:
    case ErrorCode::read_only_replica:
    case ErrorCode::persistence_failed:
    case ErrorCode::server_out_of_memory:
    case ErrorCode::refused_by_bridge: return true;
    default: return false;
  }
}

// Timers are exact in a world: nothing excuses more.
constexpr Duration lateness_max = std::chrono::microseconds(1);

// How much later an outcome may come where so many wait. A queue may still have as many that have
// ended.
constexpr Duration lateness_among(std::uint64_t pending) {
  const std::uint64_t visited = 2 * pending;
  if (visited <= DeadlineOrder::exact_max) return Duration::zero();
  return DeadlineOrder::rest_each * static_cast<Duration::rep>(visited);
}

}  // namespace

RequestNumber Ledger::begin(Instant deadline, std::uint16_t runs_max) {
  requests_.push_back({.deadline = deadline, .runs_max = runs_max});
  most_pending_ = std::max(most_pending_, ++pending_);
  return requests_.size() - 1;
}

void Ledger::note_served(RequestNumber number, Ran ran, std::uint64_t connection,
                         std::uint64_t reply_hash) {
  if (number == 0 || number >= requests_.size()) {
    return require(false, "a server gets only what somebody asked for", number);
  }
  Request& request = requests_[number];
  request.served_at = schedule_.now();
  if (connection >= request.connection) {
    request.connection = connection;
    request.reply_hash = reply_hash;
  }
  if (ran == Ran::no || request.runs_max == 0) return;
  ++request.runs;
  require(request.runs <= request.runs_max, "a request runs once at most", number);
  require(request.claim != Claim::never, "what was said not to have run does not run later",
          number);
  require(request.claim != Claim::once || request.runs == 1 || request.runs_max > 1,
          "what has completed does not run again", number);
}

void Ledger::refuse(RequestNumber number) {
  Request& request = requests_[number];
  request.state = State::ended;
  request.claim = Claim::never;
  --pending_;
}

void Ledger::end(RequestNumber number, const Outcome& outcome) {
  if (number == 0 || number >= requests_.size()) {
    return require(false, "an outcome is of a request that somebody made", number);
  }
  Request& request = requests_[number];
  require(request.state == State::pending, "a request has one outcome", number);
  if (request.state == State::ended) return;
  request.state = State::ended;
  --pending_;
  if (request.deadline != never) {
    const Instant due = std::max(request.deadline, outcome.excused_until);
    require(
        schedule_.now() <= due + lateness_max + lateness_among(most_pending_) + outcome.clock_step,
        "an outcome comes before the deadline", number);
  }

  const ErrorCode code = outcome.error == nullptr ? ErrorCode::closed : outcome.error->code;
  const bool is_reply = is_said_by_server(code);
  const bool answered = outcome.error == nullptr || is_reply;
  if (outcome.error != nullptr && outcome.error->executed == Executed::no) {
    if (!is_reply || outcome.truthful) request.claim = Claim::never;
  } else if (outcome.error == nullptr) {
    request.claim = Claim::once;
  }
  hold_to_claim(request, number, outcome.truthful);
  if (answered && outcome.truthful && request.runs_max > 0) {
    require(request.reply_hash == outcome.reply_hash, "a reply is what the server said to it",
            number);
  }
}

void Ledger::hold_to_claim(const Request& request, RequestNumber number, bool truthful) {
  if (request.runs_max == 0) return;
  switch (request.claim) {
    case Claim::none: return;
    case Claim::never:
      require(request.runs == 0, "what is said not to have run never ran", number);
      return;
    case Claim::once:
      require(!truthful || request.runs >= 1, "what has completed has run", number);
      return;
  }
}

RequestNumber Ledger::some_pending() const {
  const auto found = std::find_if(requests_.begin() + 1, requests_.end(),
                                  [](const Request& each) { return each.state == State::pending; });
  return found == requests_.end() ? 0 : static_cast<RequestNumber>(found - requests_.begin());
}

}  // namespace plimsoll::sim
