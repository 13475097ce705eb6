#include <algorithm>
#include <array>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/session/problems.h"
#include "plimsoll/core/session/session.h"

// How a session's connection comes and goes: the handshake, attempts, losses, signs of life.

namespace plimsoll {
namespace {

// Whether a transport that fails so may be better the next time. What is wrong with an address, the
// options or the server's certificate shows at once; after a loss somebody may mend it.
bool heals(const Error& reason) {
  constexpr std::array lasting{ErrorCode::tls_failed, ErrorCode::certificate_invalid,
                               // What a bridge says of tokens and addresses.
                               ErrorCode::authentication_failed, ErrorCode::permission_denied,
                               ErrorCode::unsupported_protocol, ErrorCode::invalid_option};
  return std::find(lasting.begin(), lasting.end(), reason.code) == lasting.end();
}

}  // namespace

void Session::handle_opened(Instant now) {
  now_ = now;
  if (state_ != State::opening) return;
  reader_.reset();  // of what an attempt before left
  credentials_untold_ = false;
  if (!handshake_.start(accounts_.connections, options_, ask_user_)) {
    return retry_or_end(Error{.code = ErrorCode::out_of_memory,
                              .what = "the connections pool has no room for the handshake"});
  }
  state_ = State::handshaking;
}

std::optional<Event> Session::handle_handshake_reply() {
  if (reader_.dropped() != Parser::Drop::none) {
    give_up_attempt(Error{.code = ErrorCode::protocol_error,
                          .what = "a reply to the handshake does not fit the replies pool"});
    return std::nullopt;
  }
  const bool is_user = handshake_.is_user_next();
  switch (handshake_.handle_reply(reader_.value())) {
    case Handshake::Verdict::go_on:
      if (!is_user) return std::nullopt;
      return Event{.kind = Event::Kind::pushed, .tag = own_user, .value = reader_.value()};
    case Handshake::Verdict::done: return handle_ready();
    case Handshake::Verdict::retry: retry_or_end(handshake_.error()); break;
    case Handshake::Verdict::odd: give_up_attempt(handshake_.error()); break;
    case Handshake::Verdict::refused: end(handshake_.error()); break;
  }
  problem_has_value_ = state_ == State::closed;
  return std::nullopt;
}

std::optional<Event> Session::handle_ready() {
  if (transmitting_ != Transmitting::handshake && !handshake_.unsent().empty()) {
    give_up_attempt(answered_too_early);
    return std::nullopt;
  }
  state_ = State::ready;
  was_ready_ = true;
  ready_at_ = quiet_since_ = now_;
  attempts_failed_ = 0;
  ++counters_.connections;
  if (transmitting_ != Transmitting::handshake) handshake_.release_bytes();
  return Event{.kind = Event::Kind::ready};
}

// All is answered: then all must have been sent, or requests would go on in the middle of it.
void Session::finish_handshake() {
  if (state_ == State::ready && !handshake_.unsent().empty()) return lose(answered_too_early);
  handshake_.release_bytes();
}

// At first it is probably no server; of one that served us, the next connection may be better.
void Session::handle_protocol_error() {
  if (state_ != State::handshaking) return lose(reader_.error());
  give_up_attempt(reader_.error());
}

void Session::give_up_attempt(const Error& reason) {
  was_ready_ ? retry_or_end(reason) : end(reason);
}

// There was no connection yet.
void Session::retry_or_end(const Error& reason) {
  ++counters_.attempts_failed;
  problem_ = reason;
  problem_has_value_ = false;
  if (!was_ready_) {
    const Duration wait = backoff_.next();
    if (after(now_, wait) < connect_deadline_) return wait_for_attempt(wait);
    return end_of_first_attempts(reason);
  }
  ++attempts_failed_;
  const bool tried_enough = options_.reconnect_attempts_max != unlimited_attempts &&
                            attempts_failed_ >= options_.reconnect_attempts_max;
  if (tried_enough) return end(reason);
  wait_for_attempt(backoff_.next());
}

// In the words of the last attempt.
void Session::end_of_first_attempts(Error reason) {
  if (reason.code == ErrorCode::connection_lost) reason.code = ErrorCode::connect_failed;
  end(reason);
}

void Session::wait_for_attempt(Duration wait) {
  drop_connection();
  state_ = State::waiting;
  attempt_at_ = after(now_, wait);
}

void Session::open_if_due() {
  if (state_ != State::waiting || loss_ != Loss::none || now_ < attempt_at_) return;
  state_ = State::opening;
  connected_ = true;
  open_wanted_ = true;
  if (was_ready_) connect_deadline_ = after(now_, options_.connect_timeout);
}

void Session::handle_closed(const Error& reason, Instant now) {
  now_ = now;
  connected_ = false;
  close_wanted_ = false;
  transmitting_ = Transmitting::nothing;
  switch (state_) {
    case State::opening:
    case State::handshaking: return heals(reason) ? retry_or_end(reason) : give_up_attempt(reason);
    case State::ready:
    case State::closing: return lose(reason);
    case State::idle:
    case State::waiting:
    case State::closed: return;
  }
}

// The connection was ready, and is no more.
void Session::lose(const Error& reason) {
  if (state_ == State::closing) return end(pipeline_.size() == 0 ? client_closed : reason);
  ++counters_.connections_lost;
  if (options_.reconnect_attempts_max == 0) return end(reason);
  problem_ = reason;
  problem_has_value_ = false;
  drop_connection();
  loss_ = Loss::to_tell;
  pipeline_.handle_connection_lost();
  attempts_failed_ = 0;
  // A server that drops us as soon as we are ready is not asked again at once for ever.
  if (now_ - ready_at_ >= backoff_.ceiling()) backoff_.reset();
  wait_for_attempt(backoff_.next());
}

void Session::end(const Error& reason) {
  state_ = State::closed;
  problem_ = reason;
  problem_has_value_ = false;
  drop_connection();
}

bool Session::hold_push() {
  PLIMSOLL_CHECK(!held_ && (state_ == State::ready || state_ == State::closing));
  held_ = !reader_.touches_reserve();
  return held_;
}

// What was not read meanwhile was no silence of the server's.
void Session::resume(Instant now) {
  PLIMSOLL_CHECK(is_paused());
  held_ = dry_ = false;
  resumed_ = true;
  now_ = std::max(now_, now);
  quiet_since_ = watched_since_ = now_;
  watched_ = pipeline_.front_unawaited().value_or(no_request);
}

void Session::drop_connection() {
  // What the driver was not asked to open yet, it need not close.
  if (connected_ && !open_wanted_) close_wanted_ = true;
  open_wanted_ = false;
  connected_ = false;
  end_wait();
  read_check_at_ = never;
  watched_ = no_request;
  has_parts_ = false;
  held_ = dry_ = resumed_ = false;
}

// The loss of the connection first, with its reason; those who are in doubt then end one by one.
std::optional<Event> Session::poll_loss() {
  if (loss_ != Loss::to_tell) {
    // Only now: what an event showed lives until the next was asked for.
    reader_.reset();
    return std::nullopt;
  }
  loss_ = Loss::telling;
  return problem_event(Event::Kind::disconnected);
}

Event Session::problem_event(Event::Kind kind) const {
  Event event{.kind = kind, .error = &problem_};
  if (problem_has_value_) event.value = reader_.value();
  return event;
}

// Once all is told, and the transport has let go of what it was given, the requests that are left
// wait for the next connection.
void Session::restart_if_told() {
  if (state_ != State::waiting || transmitting_ != Transmitting::nothing) return;
  handshake_.release_bytes();
  if (loss_ != Loss::telling || pipeline_.searching()) return;
  counters_.requests_resent += pipeline_.restart();
  loss_ = Loss::none;
  open_if_due();
}

void Session::set_credentials(const Credentials& credentials) {
  options_.username = credentials.username;
  options_.password = credentials.password;
  const bool said_others = state_ == State::handshaking || state_ == State::ready;
  credentials_untold_ = said_others && !credentials.password.empty();
  tell_credentials();
}

// A refusal of AUTH is not said at all while the server has others' replies to send on the
// connection (clientHasPendingReplies() in its acl.c), which would shift every reply behind it. So
// a HELLO follows, which changes nothing, nobody is forbidden, and is answered by a map: where that
// comes first, AUTH was refused. In RESP2 a connection that has subscriptions takes neither: there
// the next one is made with them.
void Session::tell_credentials() {
  if (!credentials_untold_ || state_ != State::ready) return;
  if (arrays_are_pushes_) {
    credentials_untold_ = false;
    return;
  }
  const std::array<std::string_view, 3> words{
      "AUTH", options_.username.empty() ? "default" : options_.username, options_.password};
  constexpr std::string_view witness_word = "HELLO";
  CommandView auth;
  auth.args = words;
  CommandView witness;
  witness.args = {&witness_word, 1};
  const std::size_t size = encoded_size(auth) + encoded_size(witness);
  Block bytes = Block::allocate(accounts_.connections, size);
  if (!bytes) return;  // poll_event() comes by again
  char* const begin = static_cast<char*>(bytes.data());
  encode(witness, encode(auth, begin));
  CommandView both = CommandView::from_encoded({begin, size});
  both.answers = 2;
  credentials_untold_ = !pipeline_.submit_own(both, own_auth);
  if (credentials_untold_) bytes.discard();
}

void Session::check_health() {
  if (now_ >= watch_front()) {
    ++counters_.connections_dead;
    return lose(no_sign_of_life);
  }
  ask_if_silent();
}

void Session::ask_if_silent() {
  if (state_ != State::ready || now_ < health_check_at()) return;
  constexpr std::string_view word = "PING";
  CommandView ping;
  ping.args = {&word, 1};
  if (pipeline_.submit_own(ping, 0)) ++counters_.health_checks;
  quiet_since_ = now_;
  watch_front();
}

// For how long the server may say nothing before it is asked; zero: for ever.
Duration Session::silence_max() const {
  const Duration interval = options_.health_check_interval;
  const Duration tracked = options_.tracking.silence_max;
  const bool matters = tracked > Duration::zero() && handshake_.is_tracked();
  return matters && (interval == Duration::zero() || tracked < interval) ? tracked : interval;
}

// When the server is to be asked for a sign of life: never while it owes some reply.
Instant Session::health_check_at() const {
  const Duration silence = silence_max();
  const bool wanted = silence > Duration::zero() && pipeline_.size() == 0 && !is_paused();
  return wanted && !waits_ ? after(quiet_since_, silence) : never;
}

// When the connection is dead, unless the reply that is due comes: a reply that somebody waits for
// may take its time.
Instant Session::watch_front() {
  if (is_paused() || waits_) return never;
  const RequestId front = pipeline_.front_unawaited().value_or(no_request);
  if (front != watched_) {
    watched_ = front;
    watched_since_ = now_;
  }
  return front == no_request ? never : after(watched_since_, options_.tombstone_age_max);
}

std::optional<Session::Rest> Session::at_rest(Instant now) const {
  const bool rests = state_ == State::ready && pipeline_.size() == 0 && !waits_ &&
                     !reader_.holds_bytes() && transmitting_ == Transmitting::nothing &&
                     now - ready_at_ >= backoff_.ceiling();
  if (!rests) return std::nullopt;
  return Rest{.quiet_since = quiet_since_, .backoff_draws = backoff_.draws()};
}

void Session::validate() {
  switch (state_) {
    case State::idle:
    case State::waiting:
    case State::closed: PLIMSOLL_CHECK(!connected_); break;
    case State::opening:
    case State::handshaking:
    case State::ready:
    case State::closing: PLIMSOLL_CHECK(connected_); break;
  }
  PLIMSOLL_CHECK(loss_ == Loss::none || state_ == State::waiting || state_ == State::closed);
  PLIMSOLL_CHECK(!open_wanted_ || state_ == State::opening);
  PLIMSOLL_CHECK(!held_ || state_ == State::ready || state_ == State::closing);
  pipeline_.validate();
}

}  // namespace plimsoll
