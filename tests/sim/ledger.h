#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/tests/sim/referee.h"
#include "plimsoll/tests/sim/schedule.h"

// The books: what users asked for, what servers did, and what users were told, each request under a
// number that travels in its arguments. Everything that is promised of a request is held here, at
// the moment when it could break.

namespace plimsoll::sim {

/// From 1, in the order of submitting.
using RequestNumber = std::uint64_t;

class Ledger {
 public:
  Ledger(const Schedule& schedule, Referee& referee) : schedule_(schedule), referee_(referee) {
    requests_.emplace_back();
  }

  /// A user is about to submit a request. The server may run it `runs_max` times, whatever happens;
  /// 0: nobody can tell its runs from those of others.
  RequestNumber begin(Instant deadline, std::uint16_t runs_max);

  /// A server has run it, or refused to, and sends `reply_hash` on that connection. What counts is
  /// the last connection that it was sent on; requests on earlier ones may still be on their way.
  enum class Ran : std::uint8_t { no, yes };
  void note_served(RequestNumber number, Ran ran, std::uint64_t connection,
                   std::uint64_t reply_hash);

  /// What a user was told.
  struct Outcome {
    const Error* error = nullptr;  ///< null: it was completed
    std::uint64_t reply_hash = 0;  ///< of the reply or of the error reply; 0: there was none
    bool truthful = true;          ///< the server did not lie on that connection
    Instant excused_until{};       ///< nobody was there to see a deadline pass before
    Duration clock_step{};         ///< by which the client's clock may be late
  };
  void end(RequestNumber number, const Outcome& outcome);

  /// submit() did not take it.
  void refuse(RequestNumber number);

  /// The same of one of which nothing else is to be known.
  void note_answered(RequestNumber number) {
    if (number < requests_.size()) requests_[number].served_at = schedule_.now();
  }

  /// When a server answered it last.
  Instant served_at(RequestNumber number) const { return requests_[number].served_at; }

  std::uint64_t pending_count() const { return pending_; }
  std::uint64_t requests_count() const { return requests_.size() - 1; }

  /// Some request without an outcome, or 0.
  RequestNumber some_pending() const;

 private:
  enum class State : std::uint8_t { pending, ended };
  /// What its user was told of whether it ran.
  enum class Claim : std::uint8_t { none, never, once };

  struct Request {
    Instant deadline = never;
    Instant served_at{};
    std::uint64_t connection = 0;
    std::uint64_t reply_hash = 0;
    std::uint16_t runs = 0;
    std::uint16_t runs_max = 0;
    State state = State::pending;
    Claim claim = Claim::none;
  };

  void require(bool holds, const char* property, RequestNumber number) {
    referee_.require(holds, property, "request", number);
  }
  void hold_to_claim(const Request& request, RequestNumber number, bool truthful);

  const Schedule& schedule_;
  Referee& referee_;
  std::vector<Request> requests_;
  std::uint64_t pending_ = 0;
  std::uint64_t most_pending_ = 0;  // so far
};

}  // namespace plimsoll::sim
