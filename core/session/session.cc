#include "plimsoll/core/session/session.h"

#include <algorithm>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/resp/error_reply.h"
#include "plimsoll/core/session/problems.h"

// What drivers say and ask, and what becomes of the frames. How a connection comes and goes is in
// session_connection.cc.

namespace plimsoll {
namespace {

// Messages behind the one that is read there might have to wait, and nobody may hold the reserve.
bool spares_reserve(const SessionOptions& options, Session::Use use) {
  return use == Session::Use::subscriptions &&
         options.subscription_overflow == OverflowPolicy::pause_reading;
}

// Whether the first word of what is said to a subscriber ends like this: "subscribe", "psubscribe",
// "sunsubscribe"... confirm something, "message" and the like do not.
bool is_about(const Value& push, std::string_view ending) {
  const auto elements = push.as_elements();
  if (!elements || elements->empty()) return false;
  const auto kind = (*elements->begin()).as_bytes();
  return kind && kind->ends_with(ending);
}

}  // namespace

Session::Session(const SessionOptions& options, const Accounts& accounts, Use use)
    : options_(options),
      accounts_(accounts),
      arrays_are_pushes_(use == Use::subscriptions && options.protocol == Protocol::resp2),
      backoff_(options.reconnect_wait_min, options.reconnect_wait_max, options.random_seed),
      pipeline_(accounts.requests,
                {.requests_max = static_cast<std::uint32_t>(options.inflight_requests_limit),
                 .read_resends_max = options.read_resends_max,
                 .others_wait = options.inflight_overflow == OnLimit::wait}),
      reader_(accounts.replies, ReaderOptions{.reply_bytes_max = options.reply_bytes_max,
                                              .spares_reserve = spares_reserve(options, use)}) {}

void Session::connect(Instant now) {
  PLIMSOLL_CHECK(state_ == State::idle);
  now_ = now;
  connect_deadline_ = after(now, options_.connect_timeout);
  attempt_at_ = now;
  state_ = State::waiting;
  open_if_due();
}

Error Session::refusal() const {
  return Error{.code = ErrorCode::closed,
               .what = state_ == State::closing ? client_closed.what : problem_.what};
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

std::span<char> Session::read_space() {
  if (is_paused()) return {};
  const std::span<char> room = reader_.read_space(reserve_);
  if (room.empty()) {
    begin_wait();
  } else if (waits_) {
    end_wait();
  }
  return room;
}

void Session::handle_read(std::size_t bytes, Instant now) {
  now_ = now;
  if (bytes > 0) quiet_since_ = now;
  counters_.bytes_read += bytes;
  reader_.handle_read(bytes);
}

bool Session::has_unsent() const {
  if (transmitting_ != Transmitting::nothing) return false;
  if (state_ == State::handshaking) return !handshake_.unsent().empty();
  return (state_ == State::ready || state_ == State::closing) && pipeline_.has_unsent();
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
  if (!connected_) {  // late news of a connection that has ended
    restart_if_told();
    return release_if_over();
  }
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
  if (now >= read_check_at_) handle_read_check();
  const bool out_of_time = now >= connect_deadline_;
  switch (state_) {
    case State::waiting:
      if (!was_ready_ && out_of_time) {
        end_of_first_attempts(problem_);
      } else {
        open_if_due();
      }
      break;
    case State::opening:
      if (out_of_time) give_up_attempt(no_connection);
      break;
    case State::handshaking:
      if (out_of_time) give_up_attempt(waits_ ? lack_of_memory(unread_handshake) : no_handshake);
      break;
    case State::ready: check_health(); break;
    case State::closing:
      if (now >= close_deadline_) end(client_closed);
      break;
    case State::idle:
    case State::closed: break;
  }
  pipeline_.handle_timeout(now);
}

Instant Session::poll_timeout() {
  const Instant next = pipeline_.next_deadline();
  switch (state_) {
    case State::waiting:
      return loss_ == Loss::none ? std::min(next, attempt_at_) : next;  // a loss is told first
    case State::opening: return std::min(next, connect_deadline_);
    case State::handshaking: return std::min({next, connect_deadline_, read_check()});
    case State::ready: return std::min({next, watch_front(), health_check_at(), read_check()});
    case State::closing: return std::min({next, close_deadline_, read_check()});
    case State::idle: return next;
    case State::closed: break;  // all ends without waiting
  }
  return never;
}

std::optional<Session::Action> Session::poll_action() {
  if (std::exchange(close_wanted_, false)) {
    transmitting_ = Transmitting::nothing;
    restart_if_told();
    release_if_over();
    return Action::close;
  }
  if (std::exchange(open_wanted_, false)) return Action::open;
  return std::nullopt;
}

std::optional<Event> Session::poll_event() {
  std::optional<Event> event;
  if (poll_frame(event)) return event;
  if (state_ == State::waiting) {
    event = poll_loss();
    if (event) return event;
  }
  if (state_ != State::closed) {
    event = poll_ended();
    if (event) return event;
    if (pipeline_.size() == 0) reader_.release_idle();
    restart_if_told();
    if (credentials_untold_) tell_credentials();
    ask_if_silent();
    if (state_ == State::closing && pipeline_.size() == 0) end(client_closed);
  }
  if (state_ == State::closed) event = poll_end();
  return event;
}

// The end first, with its reason, then everyone who was still waiting.
std::optional<Event> Session::poll_end() {
  if (!end_reported_) {
    end_reported_ = true;
    return problem_event(Event::Kind::closed);
  }
  if (const std::optional<Ended> lost = pipeline_.take_lost()) return failed(*lost);
  reader_.reset();
  all_said_ = true;
  release_if_over();
  return std::nullopt;
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

Event Session::failed(const Ended& ended) {
  Error error{.code = ended.code};
  if (ended.code == ErrorCode::timed_out) {
    error.what = deadline_passed();
  } else if (ended.code == ErrorCode::out_of_memory) {
    error.what = gave_up();
  } else if (ended.code == ErrorCode::cancelled) {
    error.what = "the request was cancelled";
  } else {
    error = problem_;
    const bool blames_peer =
        ended.code == ErrorCode::lost_in_doubt && problem_.code == ErrorCode::protocol_error;
    if (!blames_peer) error.code = ended.code;
  }
  error.executed = ended.executed;
  return failed(ended.tag, error);
}

std::optional<Event> Session::poll_ended() {
  const std::optional<Ended> ended = pipeline_.next_ended();
  return ended ? std::optional(failed(*ended)) : std::nullopt;
}

// In RESP2 what is said to subscribers are arrays, and so is the reply to their PING.
bool Session::is_array_push() const {
  if (reader_.dropped() != Parser::Drop::none) return false;
  const Value value = reader_.value();
  return state_ != State::handshaking && value.type() == Type::array && !is_about(value, "pong");
}

std::optional<Event> Session::handle_push(Pipeline::Next due) {
  const bool may_confirm = due != Pipeline::Next::nothing && state_ != State::handshaking &&
                           pipeline_.next_wants_confirmations();
  if (reader_.dropped() != Parser::Drop::none) {
    ++counters_.pushes_skipped;
    // It may have been that: a small one, for which there was no memory.
    const bool lacked_memory = reader_.dropped() == Parser::Drop::too_large &&
                               reader_.frame_bytes() <= options_.reply_bytes_max;
    if (may_confirm && lacked_memory) lose(unseen_confirmation);
    return std::nullopt;
  }
  if (may_confirm && is_about(reader_.value(), "subscribe")) return handle_confirmation(due);
  ++counters_.pushed;
  return Event{.kind = Event::Kind::pushed, .value = reader_.value()};
}

std::optional<Event> Session::handle_confirmation(Pipeline::Next due) {
  if (due != Pipeline::Next::request) {
    pipeline_.take_part();
    return std::nullopt;
  }
  ++counters_.completed;
  return Event{
      .kind = Event::Kind::completed, .tag = pipeline_.take_next(), .value = reader_.value()};
}

// Of a request with several answers: those before the last say no more than that all goes well.
std::optional<Event> Session::handle_part() {
  if (pipeline_.next_wants_confirmations()) return handle_refusal();
  const Tag tag = pipeline_.next_tag();
  const bool is_first = !std::exchange(has_parts_, true) || parts_of_ != pipeline_.next_id();
  parts_of_ = pipeline_.next_id();
  const auto owed = static_cast<std::uint16_t>(pipeline_.next_answers() - 1);
  const bool shown = reader_.dropped() == Parser::Drop::none;
  if (tag == own_auth && shown && is_aggregate(reader_.value().type())) {
    // Before it was asked for, it is no witness.
    if (!pipeline_.next_is_exposed()) {
      handle_unwanted_reply(Pipeline::Next::nothing);
      return std::nullopt;
    }
    pipeline_.take_next();
    event_error_ = unsaid_refusal;
    return Event{.kind = Event::Kind::queueing_failed, .tag = tag, .error = &event_error_};
  }
  pipeline_.take_part();
  if (!shown) return std::nullopt;
  const Value value = reader_.value();
  if (is_first) first_part_refused_ = value.is_error();
  Event event{.kind = Event::Kind::pushed, .tag = tag, .value = value, .answers_owed = owed};
  if (!value.is_error()) return are_parts_told(tag) ? std::optional(event) : std::nullopt;
  event_error_ = error_of_reply(*value.as_error(), Speaker::server);
  event.kind = Event::Kind::queueing_failed;
  event.error = &event_error_;
  return event;
}

void Session::handle_unwanted_reply(Pipeline::Next due) {
  if (due == Pipeline::Next::tombstone) {
    // A subscription is refused as a whole.
    pipeline_.next_wants_confirmations() ? void(pipeline_.take_next()) : pipeline_.take_part();
    return;
  }
  lose(Error{.code = ErrorCode::protocol_error,
             .what = "the server sent a reply that no request asked for"});
  problem_has_value_ = reader_.dropped() == Parser::Drop::none;
}

inline void Session::handle_reply(std::optional<Event>& event) {
  if (reader_.dropped() != Parser::Drop::none || reader_.value().is_error()) {
    event = handle_refusal();
    return;
  }
  ++counters_.completed;
  event.emplace(Event{
      .kind = Event::Kind::completed, .tag = pipeline_.take_next(), .value = reader_.value()});
}

// Fills `event` and returns true, or has nothing to say.
bool Session::poll_frame(std::optional<Event>& event) {
  if (held_) return false;
  while (state_ == State::ready || state_ == State::closing || state_ == State::handshaking) {
    const Pipeline::Next due =
        state_ == State::handshaking ? Pipeline::Next::request : pipeline_.next();
    switch (reader_.next(due != Pipeline::Next::tombstone || arrays_are_pushes_)) {
      case Reader::Poll::need_more: return false;
      case Reader::Poll::failed: handle_protocol_error(); break;
      case Reader::Poll::frame:
        if (reader_.is_push() || (arrays_are_pushes_ && is_array_push())) {
          event = handle_push(due);
        } else if (state_ == State::handshaking) {
          event = handle_handshake_reply();
        } else if (due == Pipeline::Next::request) {
          handle_reply(event);
          return true;
        } else if (due == Pipeline::Next::part) {
          event = handle_part();
        } else {
          handle_unwanted_reply(due);
        }
        if (event) return true;
        break;
    }
  }
  return false;
}

// The last answer to the request at the front is an error, or too large to be shown.
Event Session::handle_refusal() {
  const Speaker speaker = speaker_of(pipeline_.next_answer());
  // Where MULTI was refused the commands behind it ran one by one, whatever is said to EXEC.
  const bool had_no_multi = has_parts_ && first_part_refused_ && parts_of_ == pipeline_.next_id();
  const bool was_sent_before = pipeline_.next_was_sent_before();
  const Tag tag = pipeline_.take_next();
  if (reader_.dropped() != Parser::Drop::none) return handle_skipped_reply(tag);
  const Value value = reader_.value();
  const Result<BytesView> text = value.as_error();
  // Some servers answer SUBSCRIBE with a reply that is neither a confirmation nor an error.
  Error error = text ? error_of_reply(*text, speaker) : no_confirmation;
  if (had_no_multi && text) {
    const bool is_of_exec =
        text->starts_with("EXECABORT") || text->starts_with("ERR EXEC without MULTI");
    if (is_of_exec) error = multi_refused;
    error.executed = Executed::maybe;
  }
  // The server refused a read that was sent again: the first time it may have run.
  if (was_sent_before && error.executed == Executed::no) error.executed = Executed::maybe;
  Event event = failed(tag, error);
  event.value = value;
  if (text && text->starts_with("ERR unknown command 'EXEC'")) lose(left_in_transaction);
  return event;
}

Event Session::handle_skipped_reply(Tag tag) {
  ++counters_.replies_skipped;
  return failed(tag, reader_.dropped_error());
}

}  // namespace plimsoll
