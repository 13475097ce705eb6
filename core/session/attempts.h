#pragma once

#include <cstdint>
#include <optional>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cluster/seeds.h"
#include "plimsoll/core/session/backoff.h"
#include "plimsoll/core/session/options.h"

// When, and at which of its addresses, a session tries to connect, and when it gives up. The
// addresses of a round are tried at once, one after the other; after each round, and after a loss,
// the session waits. The first connection has a time limit for all attempts together. After a loss,
// the rounds in which all have failed are counted.
//
// If sentinels are asked, the addresses of the options are theirs, and the session has one: that of
// the server that they name.
//
// The options are an argument of the functions, because each connection keeps an object of this
// class, and its session has them already.

namespace plimsoll::inline v0 {

class Attempts {
 public:
  explicit Attempts(const SessionOptions& options);

  /// The session begins to connect, for the first time.
  void begin(const SessionOptions& options, Instant now);

  /// An attempt begins, at seed(). Returns when it is given up.
  Instant begin_attempt(const SessionOptions& options, Instant now);

  /// Whether the last attempt began shortly before the time limit of all attempts. If it is not
  /// done in time, the error of the attempt before it tells the user more.
  bool was_late() const { return was_late_; }

  /// The address of the last attempt.
  SeedId seed() const { return seeds_.current(); }

  /// Whether the first attempts are out of time.
  bool are_out_of_time(Instant now) const { return !was_ready_ && now >= deadline_or_ready_at_; }

  /// How an attempt has failed.
  enum class Failure : std::uint8_t {
    passing,  ///< the next one may succeed
    odd,     ///< a server that has served this session before may serve it again; another would not
    lasting  ///< another address may do better, this one would not
  };

  /// How the transport's failure `reason` counts.
  static Failure failure_of(const Error& reason);

  /// Returns how long to wait for the next attempt; nothing if there is to be none.
  std::optional<Duration> handle_failed(const SessionOptions& options, Failure failure,
                                        Instant now);

  void handle_ready(Instant now);

  /// A connection that was ready is lost. Returns how long to wait for the next attempt.
  Duration handle_lost(Instant now);

  /// The attempt under way ends for another reason: the next one begins a round.
  void begin_round() { seeds_.begin_round(); }

  /// What has failed so far does not lengthen the wait behind the next attempt.
  void forget_failures() { backoff_.reset(); }

  /// Whether a connection was ready once: then the session replaces lost ones.
  bool was_ready() const { return was_ready_; }

  /// Whether the present connection has lasted for as long as the longest wait before the next.
  bool has_lasted(Instant now) const { return now - deadline_or_ready_at_ >= backoff_.ceiling(); }

  /// How often a wait was drawn at random (Backoff::draw()).
  std::uint64_t draws(const SessionOptions& options) const {
    return backoff_.draw() - options.random_seed;
  }

 private:
  Backoff backoff_;
  Seeds seeds_;
  // Before the first connection: its deadline. After that: when the last one became ready.
  Instant deadline_or_ready_at_ = never;
  std::uint32_t rounds_failed_ = 0;  // in a row
  bool was_ready_ = false;
  bool was_late_ = false;
};

}  // namespace plimsoll::inline v0
