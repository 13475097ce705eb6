#include "plimsoll/core/session/session.h"

#include <algorithm>
#include <utility>

#include "plimsoll/core/base/check.h"

namespace plimsoll {
namespace {

// Attempts at the first connection, one after the other, until connect_timeout.
constexpr Duration attempt_wait_min = std::chrono::milliseconds(10);
constexpr Duration attempt_wait_max = std::chrono::milliseconds(500);

constexpr Error client_closed{.code = ErrorCode::closed, .what = "the client was closed"};

}  // namespace

Session::Session(const SessionOptions& options, const Accounts& accounts)
    : options_(options),
      accounts_(accounts),
      attempt_wait_(attempt_wait_min),
      pipeline_(accounts.requests, options.inflight_requests_limit),
      reader_(accounts.replies, ReaderOptions{.reply_bytes_max = options.reply_bytes_max}) {}

void Session::connect(Instant now) {
  PLIMSOLL_CHECK(state_ == State::idle);
  now_ = now;
  state_ = State::opening;
  connected_ = true;
  open_wanted_ = true;
  connect_deadline_ = after(now, options_.connect_timeout);
}

Error Session::refusal() const {
  return Error{.code = ErrorCode::closed,
               .what = state_ == State::closing ? client_closed.what : end_error_.what};
}

void Session::close(Instant now) {
  if (state_ == State::closed || state_ == State::closing) return;
  if (state_ != State::ready) return end(client_closed);
  state_ = State::closing;
  close_deadline_ = after(now, options_.close_timeout);
}

void Session::abort() {
  if (state_ != State::closed) end(client_closed);
}

void Session::end(const Error& reason) {
  state_ = State::closed;
  end_error_ = reason;
  // What the driver was not asked to open yet, it need not close.
  if (connected_ && !open_wanted_) close_wanted_ = true;
  open_wanted_ = false;
  connected_ = false;
}

void Session::retry_or_end(const Error& reason) {
  if (after(now_, attempt_wait_) >= connect_deadline_) {
    Error error = reason;
    if (error.code != ErrorCode::server_error) error.code = ErrorCode::connect_failed;
    return end(error);
  }
  if (connected_) close_wanted_ = true;
  connected_ = false;
  state_ = State::waiting;
  attempt_at_ = after(now_, attempt_wait_);
  attempt_wait_ = std::min(attempt_wait_ * 2, attempt_wait_max);
}

void Session::handle_opened(Instant now) {
  now_ = now;
  if (state_ != State::opening) return;
  if (!handshake_.start(accounts_.connections, options_)) {
    return end(Error{.code = ErrorCode::out_of_memory,
                     .what = "the connections pool has no room for the handshake"});
  }
  state_ = State::handshaking;
}

void Session::handle_closed(const Error& reason, Instant now) {
  now_ = now;
  connected_ = false;
  transmitting_ = Transmitting::nothing;
  switch (state_) {
    case State::opening: retry_or_end(reason); return;
    case State::handshaking:
      handshake_.release_bytes();
      reader_.reset();
      retry_or_end(reason);
      return;
    case State::ready: end(reason); return;
    case State::closing: end(pipeline_.size() == 0 ? client_closed : reason); return;
    case State::idle:
    case State::waiting:
    case State::closed: return;
  }
}

void Session::handle_read(std::size_t bytes, Instant now) {
  now_ = now;
  counters_.bytes_read += bytes;
  reader_.handle_read(bytes);
}

std::size_t Session::poll_transmit(std::span<std::string_view> spans) {
  PLIMSOLL_CHECK(transmitting_ == Transmitting::nothing && !spans.empty());
  if (state_ == State::handshaking) {
    if (handshake_.unsent().empty()) return 0;
    spans[0] = handshake_.unsent();
    transmitting_ = Transmitting::handshake;
    return 1;
  }
  if (state_ != State::ready && state_ != State::closing) return 0;
  if (!pipeline_.has_unsent()) return 0;
  const std::size_t count = pipeline_.transmit(spans);
  if (count > 0) transmitting_ = Transmitting::requests;
  return count;
}

void Session::handle_written(std::size_t bytes) {
  counters_.bytes_written += bytes;
  const Transmitting written = std::exchange(transmitting_, Transmitting::nothing);
  if (!connected_) return release_if_over();  // late news of a connection that has ended
  switch (written) {
    case Transmitting::nothing: return;  // of the connection before
    case Transmitting::handshake:
      handshake_.handle_written(bytes);
      if (state_ != State::handshaking) finish_handshake();
      return;
    case Transmitting::requests: pipeline_.handle_written(bytes); return;
  }
}

void Session::handle_timeout(Instant now) {
  now_ = now;
  const bool connecting =
      state_ == State::opening || state_ == State::handshaking || state_ == State::waiting;
  if (connecting && now >= connect_deadline_) {
    end(Error{.code = ErrorCode::connect_failed,
              .what = state_ == State::handshaking
                          ? "the server did not answer the handshake within connect_timeout"
                          : "no connection within connect_timeout"});
  } else if (state_ == State::waiting && now >= attempt_at_) {
    state_ = State::opening;
    connected_ = true;
    open_wanted_ = true;
  } else if (state_ == State::closing && now >= close_deadline_) {
    end(client_closed);
  }
  pipeline_.handle_timeout(now);
}

Instant Session::poll_timeout() {
  Instant next = pipeline_.next_deadline();
  switch (state_) {
    case State::waiting: next = std::min(next, attempt_at_); [[fallthrough]];
    case State::opening:
    case State::handshaking: next = std::min(next, connect_deadline_); break;
    case State::closing: next = std::min(next, close_deadline_); break;
    case State::idle:
    case State::ready:
    case State::closed: break;
  }
  return next;
}

std::optional<Session::Action> Session::poll_action() {
  if (std::exchange(close_wanted_, false)) {
    transmitting_ = Transmitting::nothing;
    release_if_over();
    return Action::close;
  }
  if (std::exchange(open_wanted_, false)) return Action::open;
  return std::nullopt;
}

std::optional<Event> Session::poll_event() {
  std::optional<Event> event;
  if (state_ != State::closed) {
    if (poll_frame(event)) return event;
    event = poll_ended();
    if (event) return event;
    if (state_ == State::closing && pipeline_.size() == 0) end(client_closed);
  }
  if (state_ == State::closed) event = poll_end();
  return event;
}

// The end first, with its reason, then everyone who was still waiting.
std::optional<Event> Session::poll_end() {
  if (!end_reported_) {
    end_reported_ = true;
    Event event{.kind = Event::Kind::closed, .error = &end_error_};
    if (end_has_value_) event.value = reader_.value();
    return event;
  }
  const std::optional<Ended> lost = pipeline_.take_lost();
  if (!lost) {
    // Only now: what an event showed lives until the next was asked for.
    reader_.reset();
    all_said_ = true;
    release_if_over();
    return std::nullopt;
  }
  Error error = end_error_;
  const bool blames_peer = end_error_.code == ErrorCode::protocol_error;
  error.code = lost->code == ErrorCode::lost_in_doubt && blames_peer ? ErrorCode::protocol_error
                                                                     : lost->code;
  error.executed = lost->executed;
  return failed(lost->tag, error);
}

// Once nothing is left to say, a closed session holds no memory but what the transport still sends.
void Session::release_if_over() {
  if (!all_said_ || transmitting_ != Transmitting::nothing) return;
  handshake_.release_bytes();
  pipeline_.release();
}

Event Session::failed(Tag tag, const Error& error) {
  ++counters_.failed;
  event_error_ = error;
  return {.kind = Event::Kind::failed, .tag = tag, .error = &event_error_};
}

std::optional<Event> Session::poll_ended() {
  const std::optional<Ended> ended = pipeline_.next_ended();
  if (!ended) return std::nullopt;
  const char* const what = ended->code == ErrorCode::timed_out
                               ? "the request's deadline passed before its reply"
                               : "the request was cancelled";
  return failed(ended->tag, Error{.code = ended->code, .executed = ended->executed, .what = what});
}

std::optional<Event> Session::handle_push() {
  if (reader_.dropped() != Parser::Drop::none) {
    ++counters_.pushes_skipped;
    return std::nullopt;
  }
  ++counters_.pushed;
  return Event{.kind = Event::Kind::pushed, .value = reader_.value()};
}

void Session::handle_unwanted_reply(Pipeline::Next due) {
  if (due == Pipeline::Next::tombstone) {
    pipeline_.take_next();
    return;
  }
  end_has_value_ = reader_.dropped() == Parser::Drop::none;
  end(Error{.code = ErrorCode::protocol_error,
            .what = "the server sent a reply that no request asked for"});
}

inline void Session::handle_reply(std::optional<Event>& event) {
  const Tag tag = pipeline_.take_next();
  if (reader_.dropped() != Parser::Drop::none) {
    event = handle_skipped_reply(tag);
    return;
  }
  const Value value = reader_.value();
  if (value.is_error()) {
    event = failed(tag, Error{.code = ErrorCode::server_error,
                              .executed = Executed::yes,
                              .what = "the server answered with an error"});
    event->value = value;
    return;
  }
  ++counters_.completed;
  event.emplace(Event{.kind = Event::Kind::completed, .tag = tag, .value = value});
}

// Fills `event` and returns true, or has nothing to say.
bool Session::poll_frame(std::optional<Event>& event) {
  while (state_ != State::closed && state_ != State::waiting) {
    const Pipeline::Next due =
        state_ == State::handshaking ? Pipeline::Next::request : pipeline_.next();
    switch (reader_.next(due != Pipeline::Next::tombstone)) {
      case Reader::Poll::need_more:
        if (pipeline_.size() == 0) reader_.release_idle();
        return false;
      case Reader::Poll::failed: end(reader_.error()); break;
      case Reader::Poll::frame:
        if (reader_.is_push()) {
          event = handle_push();
        } else if (state_ == State::handshaking) {
          event = handle_handshake_reply();
        } else if (due == Pipeline::Next::request) {
          handle_reply(event);
          return true;
        } else {
          handle_unwanted_reply(due);
        }
        if (event) return true;
        break;
    }
  }
  return false;
}

Event Session::handle_skipped_reply(Tag tag) {
  ++counters_.replies_skipped;
  return failed(tag, Error{.code = ErrorCode::reply_too_large,
                           .executed = Executed::yes,
                           .what = "the reply did not fit reply_bytes_max or the replies pool, "
                                   "and was skipped",
                           .value = reader_.frame_bytes()});
}

// All is answered: then all must have been sent, or requests would go on in the middle of it.
void Session::finish_handshake() {
  if (state_ != State::closed && !handshake_.unsent().empty()) {
    return end(Error{.code = ErrorCode::protocol_error,
                     .what = "the server answered the handshake before it was sent"});
  }
  handshake_.release_bytes();
}

std::optional<Event> Session::handle_handshake_reply() {
  if (reader_.dropped() != Parser::Drop::none) {
    end(Error{.code = ErrorCode::protocol_error,
              .what = "a reply to the handshake does not fit the replies pool"});
    return std::nullopt;
  }
  switch (handshake_.handle_reply(reader_.value())) {
    case Handshake::Verdict::go_on: return std::nullopt;
    case Handshake::Verdict::done:
      state_ = State::ready;
      if (transmitting_ != Transmitting::handshake) finish_handshake();
      if (state_ == State::closed) return std::nullopt;
      return Event{.kind = Event::Kind::ready};
    case Handshake::Verdict::retry:
      retry_or_end(handshake_.error());
      end_has_value_ = state_ == State::closed;
      if (state_ == State::waiting) reader_.reset();
      return std::nullopt;
    case Handshake::Verdict::refused:
      end_has_value_ = true;
      end(handshake_.error());
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace plimsoll
