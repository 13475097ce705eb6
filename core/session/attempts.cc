#include "plimsoll/core/session/attempts.h"

#include <algorithm>
#include <array>

namespace plimsoll::inline v0 {

namespace {

// The shortest wait before one more attempt at a first connection. Hardly anything would answer in
// the time that is left behind a shorter one.
constexpr Duration last_wait_min = std::chrono::milliseconds(5);

}  // namespace

Attempts::Attempts(const SessionOptions& options)
    : backoff_(options.reconnect_wait_min, options.reconnect_wait_max, options.random_seed),
      seeds_(options.sentinel != nullptr ? 1u : options.seeds_count) {}

void Attempts::begin(const SessionOptions& options, Instant now) {
  deadline_or_ready_at_ = after(now, options.connect_timeout);
}

// Before the first connection, an address that does not answer must leave time for the others of
// this round.
Instant Attempts::begin_attempt(const SessionOptions& options, Instant now) {
  const Duration left = was_ready_ ? options.connect_timeout : deadline_or_ready_at_ - now;
  const Duration time = was_ready_ ? left : left / seeds_.left();
  was_late_ = left < options.connect_timeout / 4;
  seeds_.draw(backoff_.draw());
  return after(now, time);
}

// A wrong address, option or certificate fails in the same way each time. After a loss the session
// tries again nevertheless, because an operator may correct the cause.
Attempts::Failure Attempts::failure_of(const Error& reason) {
  constexpr std::array lasting{ErrorCode::tls_failed, ErrorCode::certificate_invalid,
                               // A bridge refuses tokens and addresses with these.
                               ErrorCode::authentication_failed, ErrorCode::permission_denied,
                               ErrorCode::unsupported_protocol, ErrorCode::invalid_option};
  const bool lasts = std::find(lasting.begin(), lasting.end(), reason.code) != lasting.end();
  return lasts ? Failure::odd : Failure::passing;
}

std::optional<Duration> Attempts::handle_failed(const SessionOptions& options, Failure failure,
                                                Instant now) {
  // After a loss, sentinels may name another server the next time.
  const bool may_pass = was_ready_ && options.sentinel != nullptr;
  const bool lasts =
      (failure == Failure::lasting && !may_pass) || (failure == Failure::odd && !was_ready_);
  if (lasts && !options.follows_main) {
    seeds_.rule_out();
    if (seeds_.are_all_ruled_out()) return std::nullopt;
  }
  const bool is_end_of_round = seeds_.left() == 0;
  if (was_ready_ && is_end_of_round) ++rounds_failed_;
  const bool tried_enough = was_ready_ && options.reconnect_attempts_max != unlimited_attempts &&
                            rounds_failed_ >= options.reconnect_attempts_max;
  if (tried_enough) return std::nullopt;
  if (is_end_of_round) seeds_.begin_round();
  const Duration wait = is_end_of_round ? backoff_.next() : Duration::zero();
  if (was_ready_) return wait;
  // A first connection is tried for until its deadline. A wait that was drawn must not end the
  // attempts while there is time for one, so it takes half of what is left at most, unless the
  // options want a longer one.
  const Duration left = deadline_or_ready_at_ - now;
  const Duration half = left / 2;
  if (left < options.reconnect_wait_min || half < last_wait_min) return std::nullopt;
  return std::min(wait, half);
}

void Attempts::handle_ready(Instant now) {
  was_ready_ = true;
  deadline_or_ready_at_ = now;
  rounds_failed_ = 0;
}

Duration Attempts::handle_lost(Instant now) {
  rounds_failed_ = 0;
  // The backoff starts anew only if the connection has lasted. Otherwise a server that drops each
  // connection as soon as it is ready would get new connections without a pause, for ever.
  if (has_lasted(now)) backoff_.reset();
  seeds_.begin_round();
  return backoff_.next();
}

}  // namespace plimsoll::inline v0
