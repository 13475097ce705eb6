#include "plimsoll/core/session/session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/resp/error_reply.h"
#include "plimsoll/core/session/confirmation.h"
#include "plimsoll/core/session/new_credentials.h"
#include "plimsoll/core/session/problems.h"

// More than 500 lines, because it is one state machine: each call of a driver, each frame and each
// timeout may change `state_`, and the transitions can only be checked side by side.
//
// The order is: the driver's calls; frames; the handshake; attempts to connect; the loss and the
// end of a connection; health checks. Memory to read into is in session_memory.cc.

namespace plimsoll::inline v0 {
namespace {

// A subscription that pauses reads no messages into the progress reserve: they might have to wait
// there, and no session may hold the reserve.
bool spares_reserve(const SessionOptions& options, Session::Use use) {
  return use == Session::Use::subscriptions &&
         options.subscription_overflow == OverflowPolicy::pause_reading;
}

}  // namespace

Session::Session(const SessionOptions& options, const Accounts& accounts, Use use)
    : options_(options),
      accounts_(accounts),
      arrays_are_pushes_(use == Use::subscriptions && options.protocol == Protocol::resp2),
      attempts_(options),
      pipeline_(accounts.requests,
                {.requests_max = static_cast<std::uint32_t>(options.inflight_requests_limit),
                 .read_resends_max = options.read_resends_max,
                 .others_wait = options.inflight_overflow == OnLimit::wait}),
      reader_(accounts.replies, ReaderOptions{.reply_bytes_max = options.reply_bytes_max,
                                              .spares_reserve = spares_reserve(options, use)}) {}

void Session::connect(Instant now) {
  PLIMSOLL_CHECK(state_ == State::idle);
  now_ = now;
  attempts_.begin(options_, now);
  due_at_ = now;
  state_ = State::waiting;
  open_if_due();
}

Session::~Session() { end_wait(); }

Error Session::refusal() const {
  return Error{.code = ErrorCode::closed,
               .what = state_ == State::closing ? client_closed.what : problem_.what};
}

void Session::set_credentials(const Credentials& credentials) {
  options_.username = credentials.username;
  options_.password = credentials.password;
  const bool said_others = state_ == State::handshaking || state_ == State::ready;
  credentials_unsent_ = said_others && !credentials.password.empty();
  send_credentials();
}

void Session::close(Instant now) {
  if (state_ == State::closed || state_ == State::closing) return;
  if (state_ != State::ready) return end(client_closed);
  state_ = State::closing;
  if (is_leaving()) quiet_ = Quiet::no;  // there will be no next server, so this one gets the rest
  due_at_ = after(now, options_.close_timeout);
}

void Session::leave(const Error& reason) {
  if (state_ == State::ready || state_ == State::closing) return lose(reason);
  if (state_ != State::opening && state_ != State::handshaking) return;
  problem_ = reason;
  problem_has_value_ = false;
  attempts_.begin_round();
  wait_for_attempt(Duration::zero());
}

void Session::leave_replica() {
  if (!options_.primary_only || state_ != State::ready || quiet_ != Quiet::no) return;
  quiet_ = Quiet::leaving;
  due_at_ = after(now_, options_.tombstone_age_max);
}

void Session::abort() {
  if (state_ != State::closed) end(client_closed);
}

void Session::handle_opened(Instant now) {
  now_ = now;
  if (state_ != State::opening) return;
  reader_.reset();  // drops bytes that the previous attempt left
  credentials_unsent_ = false;
  if (!handshake_.start(accounts_.connections, options_, ask_user_, mode_wanted_)) {
    return fail_attempt(Error{.code = ErrorCode::out_of_memory,
                              .what = "the connections pool has no room for the handshake"},
                        Failure::passing);
  }
  state_ = State::handshaking;
}

void Session::handle_closed(const Error& reason, Instant now) {
  now_ = now;
  connected_ = false;
  close_wanted_ = false;
  transmitting_ = Transmitting::nothing;
  switch (state_) {
    case State::opening:
    case State::handshaking: return fail_attempt(reason, Attempts::failure_of(reason));
    case State::ready:
    case State::closing: return lose(reason);
    case State::idle:
    case State::waiting:
    case State::closed: return;
  }
}

std::span<char> Session::read_space() {
  if (is_paused()) return {};
  const std::span<char> room = reader_.read_space(reserve_);
  if (room.empty()) {
    dry_ = reserve_ == Reader::Reserve::leave;
    dry_ ? end_wait() : read_watch_.begin_wait(accounts_.replies, now_);
  } else if (read_watch_.waits()) {
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

void Session::handle_written(std::size_t bytes) {
  counters_.bytes_written += bytes;
  const Transmitting written = std::exchange(transmitting_, Transmitting::nothing);
  if (!connected_) {  // a late report about a connection that has ended
    restart_if_loss_delivered();
    return release_if_over();
  }
  switch (written) {
    case Transmitting::nothing: return;  // a write on the previous connection
    case Transmitting::handshake:
      handshake_.handle_written(bytes);
      if (state_ != State::handshaking) finish_handshake();
      return;
    case Transmitting::requests: pipeline_.handle_written(bytes); return;
  }
}

void Session::handle_timeout(Instant now) {
  now_ = now;
  if (now >= read_watch_.check_at()) handle_read_check();
  const bool out_of_time = now >= due_at_;
  switch (state_) {
    case State::waiting:
      if (attempts_.are_out_of_time(now)) {
        end_attempts(problem_);
      } else {
        open_if_due();
      }
      break;
    case State::opening:
      if (out_of_time) fail_attempt(or_earlier_problem(no_connection), Failure::odd);
      break;
    case State::handshaking:
      if (out_of_time)
        fail_attempt(read_watch_.waits() ? lack_of_memory(unread_handshake)
                                         : or_earlier_problem(no_handshake),
                     Failure::odd);
      break;
    case State::ready: is_leaving() && out_of_time ? lose(became_replica) : check_health(); break;
    case State::closing:
      if (now >= due_at_) end(client_closed);
      break;
    case State::idle:
    case State::closed: break;
  }
  pipeline_.handle_timeout(now);
}

std::optional<Session::Action> Session::poll_action() {
  if (std::exchange(close_wanted_, false)) {
    transmitting_ = Transmitting::nothing;
    restart_if_loss_delivered();
    release_if_over();
    return Action::close;
  }
  if (std::exchange(open_wanted_, false)) return Action::open;
  return std::nullopt;
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
  if (!pipeline_.has_unsent() || quiet_ != Quiet::no) return 0;
  const std::size_t count = pipeline_.transmit(spans);
  if (count > 0) transmitting_ = Transmitting::requests;
  return count;
}

std::optional<Event> Session::poll_event() {
  std::optional<Event> event;
  if (poll_frame(event)) return event;
  if (is_leaving()) leave_if_answered();
  if (state_ == State::waiting) {
    event = poll_loss();
    if (event) return event;
  }
  if (state_ != State::closed) {
    if (pipeline_.searching()) {
      event = poll_ended();
      if (event) return event;
      ask_if_silent();  // if the last request has ended, a health check may be overdue
    }
    if (pipeline_.size() == 0) reader_.release_idle();
    restart_if_loss_delivered();
    if (credentials_unsent_) send_credentials();
    if (state_ == State::closing && pipeline_.size() == 0) end(client_closed);
  }
  if (state_ == State::closed) event = poll_end();
  return event;
}

Instant Session::poll_timeout() {
  const Instant next = pipeline_.next_deadline();
  switch (state_) {
    case State::waiting:
      return loss_ == Loss::none ? std::min(next, due_at_) : next;  // a loss is reported first
    case State::opening: return std::min(next, due_at_);
    case State::handshaking: return earliest(next, due_at_, read_check());
    case State::ready:
      return earliest(next, watch_front(), health_check_at(), read_check(),
                      is_leaving() ? due_at_ : never);
    case State::closing: return earliest(next, due_at_, read_check());
    case State::idle: return next;
    case State::closed: break;  // all requests end without waiting
  }
  return never;
}

bool Session::hold_push() {
  PLIMSOLL_CHECK(!held_ && (state_ == State::ready || state_ == State::closing));
  held_ = !reader_.touches_reserve();
  return held_;
}

void Session::resume(Instant now) {
  PLIMSOLL_CHECK(is_paused());
  held_ = dry_ = false;
  resumed_ = true;
  now_ = std::max(now_, now);
  forget_silence();
}

std::optional<Session::Rest> Session::at_rest(Instant now) const {
  const bool rests = state_ == State::ready && pipeline_.size() == 0 && !read_watch_.waits() &&
                     !reader_.holds_bytes() && transmitting_ == Transmitting::nothing &&
                     attempts_.has_lasted(now);
  if (!rests) return std::nullopt;
  return Rest{.quiet_since = quiet_since_, .backoff_draws = attempts_.draws(options_)};
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
  reader_.validate();
}

// Fills `event` and returns true; returns false if no frame leads to an event.
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
        } else if (due == Pipeline::Next::part) {
          event = handle_part();
        } else {
          event = handle_unwanted_reply(due);
        }
        if (event) return true;
        break;
    }
  }
  return false;
}

std::optional<Event> Session::handle_push(Pipeline::Next due) {
  const bool may_confirm = due != Pipeline::Next::nothing && state_ != State::handshaking &&
                           pipeline_.next_wants_confirmations();
  if (reader_.dropped() != Parser::Drop::none) {
    ++counters_.pushes_skipped;
    // The skipped push may have been the confirmation, if it was small and memory was missing.
    const bool lacked_memory = reader_.dropped() == Parser::Drop::too_large &&
                               reader_.frame_bytes() <= options_.reply_bytes_max;
    if (may_confirm && lacked_memory) lose(unseen_confirmation);
    return std::nullopt;
  }
  if (may_confirm && confirms(reader_.value(), pipeline_.next_answer())) {
    return handle_confirmation(due);
  }
  ++counters_.pushed;
  return Event{.kind = Event::Kind::pushed, .value = reader_.value()};
}

// The end of a subscription is shown in any case: the server may have ended another one than the
// request names, and the user of the session knows the names.
std::optional<Event> Session::handle_confirmation(Pipeline::Next due) {
  if (due != Pipeline::Next::request) {
    const bool ends = pipeline_.next_answer() == CommandView::Answer::ends;
    pipeline_.take_part();
    if (!ends) return std::nullopt;
    return Event{.kind = Event::Kind::pushed, .value = reader_.value()};
  }
  ++counters_.completed;
  return Event{
      .kind = Event::Kind::completed, .tag = pipeline_.take_next(), .value = reader_.value()};
}

// Handles an answer before the last, to a request that has several. It causes an event only if it
// is an error, no confirmation where one is due, or a part that is delivered (delivers_parts()).
std::optional<Event> Session::handle_part() {
  if (pipeline_.next_wants_confirmations()) return handle_refusal();
  const Tag tag = pipeline_.next_tag();
  const bool is_first = earlier_answers_.note(pipeline_.next_id());
  const auto owed = static_cast<std::uint16_t>(pipeline_.next_answers() - 1);
  const bool shown = reader_.dropped() == Parser::Drop::none;
  if (tag == internal_auth && shown && is_aggregate(reader_.value().type())) {
    // A map that comes before HELLO was sent is not the reply to it.
    if (!pipeline_.next_is_wholly_exposed()) {
      return handle_unwanted_reply(Pipeline::Next::nothing);
    }
    pipeline_.take_next();
    event_error_ = unsaid_refusal;
    return Event{.kind = Event::Kind::queueing_failed, .tag = tag, .error = &event_error_};
  }
  if (shown && is_protocol_error(reader_.value()) && pipeline_.next_is_half_given()) {
    return handle_early_refusal();
  }
  pipeline_.take_part();
  if (!shown) return std::nullopt;
  const Value value = reader_.value();
  if (is_first && value.is_error()) earlier_answers_.note_first_refused(owed);
  Event event{.kind = Event::Kind::pushed, .tag = tag, .value = value, .answers_owed = owed};
  if (!value.is_error()) return delivers_parts(tag) ? std::optional(event) : std::nullopt;
  event_error_ = error_of_reply(*value.as_error(), Speaker::server);
  if (event_error_.code == ErrorCode::read_only_replica) leave_replica();
  event.kind = Event::Kind::queueing_failed;
  event.error = &event_error_;
  return event;
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

// Handles the last answer to the request at the front if it is an error, or was skipped.
std::optional<Event> Session::handle_refusal() {
  const CommandView::Answer answer = pipeline_.next_answer();
  const bool shown = reader_.dropped() == Parser::Drop::none;
  const bool not_subscribed = shown && says_not_subscribed(reader_.value());
  const bool has_ended = answer == CommandView::Answer::ends && not_subscribed;
  if (options_.hands_back && shown && !has_ended && !is_broken_transaction()) {
    if (const std::optional<Event> event = hand_back_refused()) return event;
  }
  if (pipeline_.next_tag() == internal_end_of_answers && not_subscribed) return std::nullopt;
  // Then the commands after it ran one by one, whatever the reply to EXEC is.
  const bool had_no_multi = earlier_answers_.was_multi_refused(pipeline_.next_id());
  const bool was_sent_before = pipeline_.next_was_sent_before();
  const Tag tag = pipeline_.take_next();
  if (!shown) return handle_skipped_reply(tag);
  const Value value = reader_.value();
  const Result<BytesView> text = value.as_error();
  if (has_ended) {
    ++counters_.completed;
    return Event{.kind = Event::Kind::completed, .tag = tag, .value = value};
  }
  // Some servers answer SUBSCRIBE with a reply that is neither a confirmation nor an error.
  Error error = text ? error_of_reply(*text, speaker_of(answer)) : no_confirmation;
  if (had_no_multi && text) {
    const bool is_of_exec =
        text->starts_with("EXECABORT") || text->starts_with("ERR EXEC without MULTI");
    if (is_of_exec) error = multi_refused;
    error.executed = Executed::maybe;
  }
  if (error.code == ErrorCode::read_only_replica) leave_replica();
  // The server refused a read that was resent. It may have run the first time.
  if (was_sent_before && error.executed == Executed::no) error.executed = Executed::maybe;
  Event event = failed(tag, error);
  event.value = value;
  if (text && text->starts_with(knows_no_exec)) lose(left_in_transaction);
  return event;
}

// A server that says that it has not run the request speaks for itself alone. To a request that was
// cancelled in the same instant the refusal is the end.
std::optional<Event> Session::hand_back_refused() {
  if (!pipeline_.next_is_live()) return std::nullopt;
  const Result<BytesView> text = reader_.value().as_error();
  if (!text || pipeline_.next_tag() >= internal_tag_first) return std::nullopt;
  const Error error = error_of_reply(*text, speaker_of(pipeline_.next_answer()));
  const bool is_redirected = options_.hands_back_redirections && is_about_slots(error.code);
  if (error.executed != Executed::no && !is_redirected) return std::nullopt;
  handing_ = true;
  Event event = failed(pipeline_.next_tag(), error);
  event.value = reader_.value();
  return event;
}

Event Session::handle_skipped_reply(Tag tag) {
  ++counters_.replies_skipped;
  return failed(tag, reader_.dropped_error());
}

std::optional<Event> Session::handle_unwanted_reply(Pipeline::Next due) {
  if (due == Pipeline::Next::tombstone) {
    // One error refuses a subscription as a whole.
    pipeline_.next_wants_confirmations() ? void(pipeline_.take_next()) : pipeline_.take_part();
    return std::nullopt;
  }
  const bool is_error = reader_.dropped() == Parser::Drop::none && reader_.value().is_error();
  if (is_error && pipeline_.next_is_half_given()) return handle_early_refusal();
  lose(Error{.code = ErrorCode::protocol_error,
             .what = "the server sent a reply that no request asked for"});
  problem_has_value_ = reader_.dropped() == Parser::Drop::none;
  return std::nullopt;
}

// The server refuses a request of which it has only the beginning, such as one with an argument
// beyond proto-max-bulk-len. It reads no further, and closes the connection.
std::optional<Event> Session::handle_early_refusal() {
  const Value value = reader_.value();
  Error error = error_of_reply(*value.as_error(), Speaker::server);
  error.executed = pipeline_.next_was_sent_before() ? Executed::maybe : Executed::no;
  const bool is_last = pipeline_.size() == 1;
  Event event = failed(pipeline_.take_half_given(), error);
  event.value = value;
  if (state_ == State::closing && is_last) {
    end(client_closed);
  } else {
    lose(refused_half_way);
  }
  return event;
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
    ++counters_.replies_skipped;
    error.what = with_holders(stalled_in_reply.what);
  } else if (ended.code == ErrorCode::connection_lost) {
    error = never_sent_whole;
  } else if (ended.code == ErrorCode::cancelled) {
    error.what = "the request was cancelled";
  } else {
    error = problem_;
    const bool in_doubt = ended.code == ErrorCode::lost_in_doubt;
    const ErrorCode kept = in_doubt ? ErrorCode::protocol_error : ErrorCode::invalid_argument;
    if (problem_.code != kept) error.code = ended.code;
  }
  error.executed = ended.executed;
  return failed(ended.tag, error);
}

std::optional<Event> Session::poll_ended() {
  if (const std::optional<Ended> ended = pipeline_.next_ended()) return failed(*ended);
  return std::nullopt;
}

std::optional<Event> Session::handle_handshake_reply() {
  if (reader_.dropped() != Parser::Drop::none) {
    fail_attempt(Error{.code = ErrorCode::protocol_error,
                       .what = "a reply to the handshake does not fit the replies pool"},
                 Failure::odd);
    return std::nullopt;
  }
  const bool is_user = handshake_.is_user_next();
  switch (handshake_.handle_reply(reader_.value())) {
    case Handshake::Verdict::go_on:
      if (!is_user) return std::nullopt;
      return Event{.kind = Event::Kind::pushed, .tag = internal_user, .value = reader_.value()};
    case Handshake::Verdict::done: return handle_ready();
    case Handshake::Verdict::retry: fail_attempt(handshake_.error(), Failure::passing); break;
    case Handshake::Verdict::odd: fail_attempt(handshake_.error(), Failure::odd); break;
    case Handshake::Verdict::refused: fail_attempt(handshake_.error(), Failure::lasting); break;
  }
  // What a replica answered to HELLO is no refusal, and tells nothing more.
  problem_has_value_ = state_ == State::closed && problem_.code != ErrorCode::read_only_replica;
  return std::nullopt;
}

std::optional<Event> Session::handle_ready() {
  if (transmitting_ != Transmitting::handshake && !handshake_.unsent().empty()) {
    fail_attempt(answered_too_early, Failure::odd);
    return std::nullopt;
  }
  state_ = State::ready;
  error_text_.release();
  attempts_.handle_ready(now_);
  quiet_since_ = now_;
  ++counters_.connections;
  if (transmitting_ != Transmitting::handshake) handshake_.release_bytes();
  return Event{.kind = Event::Kind::ready, .tag = note_mode()};
}

// The server has answered the whole handshake, so all of it must have been sent. Otherwise requests
// would be sent in the middle of the handshake.
void Session::finish_handshake() {
  if (state_ == State::ready && !handshake_.unsent().empty()) return lose(answered_too_early);
  handshake_.release_bytes();
}

// In RESP2 a connection with subscriptions takes neither AUTH nor HELLO; there the next connection
// uses the new credentials.
void Session::send_credentials() {
  if (!credentials_unsent_ || state_ != State::ready) return;
  if (arrays_are_pushes_) {
    credentials_unsent_ = false;
    return;
  }
  Block bytes = encode_new_credentials(accounts_.connections, options_);
  if (!bytes) return;  // poll_event() tries again
  CommandView both =
      CommandView::from_encoded({static_cast<const char*>(bytes.data()), bytes.size()});
  both.answers = 2;
  credentials_unsent_ = !pipeline_.submit_internal(both, internal_auth);
  if (credentials_unsent_) bytes.discard();
}

// Waits for the next attempt, or ends the session.
void Session::fail_attempt(const Error& reason, Attempts::Failure failure) {
  ++counters_.attempts_failed;
  const std::optional<Duration> wait = attempts_.handle_failed(options_, failure, now_);
  if (!wait) return end_attempts(reason);
  problem_ = reason;
  problem_has_value_ = false;
  wait_for_attempt(*wait);
}

// Ends the session with the error of the last attempt.
void Session::end_attempts(Error reason) {
  const bool never_was = !attempts_.was_ready() && reason.code == ErrorCode::connection_lost;
  if (never_was) reason.code = ErrorCode::connect_failed;
  end(reason);
}

void Session::wait_for_attempt(Duration wait) {
  drop_connection();
  state_ = State::waiting;
  due_at_ = after(now_, wait);
  open_if_due();
}

void Session::open_if_due() {
  if (state_ != State::waiting || loss_ != Loss::none || now_ < due_at_) return;
  state_ = State::opening;
  connected_ = true;
  open_wanted_ = true;
  due_at_ = attempts_.begin_attempt(options_, now_);
}

// If no connection was ready yet, the peer is probably not a Valkey server, and the session ends.
// If the peer has served this session before, the next connection may work.
void Session::handle_protocol_error() {
  if (state_ != State::handshaking) return lose(reader_.error());
  fail_attempt(reader_.error().offset == 0 ? no_resp : reader_.error(), Failure::odd);
}

// Handles the loss of a connection that was ready.
void Session::lose(const Error& reason) {
  if (state_ == State::closing) return end(pipeline_.size() == 0 ? client_closed : reason);
  ++counters_.connections_lost;
  if (options_.reconnect_attempts_max == 0) return end(reason);
  problem_ = reason;
  problem_has_value_ = false;
  drop_connection();
  loss_ = Loss::undelivered;
  pipeline_.handle_connection_lost();
  wait_for_attempt(attempts_.handle_lost(now_));
}

// A transaction of which only a part was sent is answered no further, because its EXEC is not sent.
// It has not run, so it goes to the next server.
void Session::leave_if_answered() {
  const bool is_answered =
      transmitting_ == Transmitting::nothing &&
      (pipeline_.next() == Pipeline::Next::nothing || !pipeline_.next_is_wholly_exposed());
  if (is_answered && state_ == State::ready) lose(became_replica);
}

void Session::end(const Error& reason) {
  state_ = State::closed;
  problem_ = reason;
  problem_has_value_ = false;
  drop_connection();
}

void Session::drop_connection() {
  // If poll_action() has not returned Action::open yet, the driver has nothing to close.
  if (connected_ && !open_wanted_) close_wanted_ = true;
  open_wanted_ = false;
  connected_ = false;
  end_wait();
  read_watch_.stop_watching();
  watched_ = no_request;
  earlier_answers_.clear();
  held_ = dry_ = resumed_ = false;
  quiet_ = Quiet::no;
}

// Reports the loss of the connection first, with its reason. poll_ended() then reports the requests
// in doubt one by one.
std::optional<Event> Session::poll_loss() {
  if (loss_ != Loss::undelivered) {
    // Not earlier, because the views of an event live until the next poll_event().
    reader_.reset();
    return std::nullopt;
  }
  loss_ = Loss::delivering;
  return problem_event(Event::Kind::disconnected);
}

// Reports the end first, with its reason, and then each request that had no outcome yet.
std::optional<Event> Session::poll_end() {
  if (!end_reported_) {
    end_reported_ = true;
    return problem_event(Event::Kind::closed);
  }
  handing_ = options_.hands_back && pipeline_.is_first_live();
  if (handing_) return failed(pipeline_.first_lost());
  if (const std::optional<Ended> lost = pipeline_.take_lost()) return failed(*lost);
  reader_.reset();
  error_text_.release();
  all_said_ = true;
  release_if_over();
  return std::nullopt;
}

Event Session::problem_event(Event::Kind kind) const {
  Event event{.kind = kind, .error = &problem_};
  if (problem_has_value_) event.value = reader_.value();
  return event;
}

// Prepares the remaining requests for the next connection, once all requests in doubt have been
// reported and the transport is done with their bytes.
void Session::restart_if_loss_delivered() {
  if (state_ != State::waiting || transmitting_ != Transmitting::nothing) return;
  handshake_.release_bytes();
  if (loss_ != Loss::delivering || pipeline_.searching()) return;
  counters_.requests_resent += pipeline_.restart();
  loss_ = Loss::none;
  open_if_due();
}

// Frees the memory of a closed session, once all events are delivered and the transport is done
// with the bytes.
void Session::release_if_over() {
  if (!all_said_ || transmitting_ != Transmitting::nothing) return;
  handshake_.release_bytes();
  pipeline_.release();
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
  if (pipeline_.submit_internal(ping, 0)) ++counters_.health_checks;
  quiet_since_ = now_;
  watch_front();
}

// How long the server may be silent before the session sends a PING; zero: without a limit.
Duration Session::silence_max() const {
  const Duration interval = options_.health_check_interval;
  const Duration tracked = options_.tracking.silence_max;
  const bool matters = tracked > Duration::zero() && handshake_.is_tracked();
  return matters && (interval == Duration::zero() || tracked < interval) ? tracked : interval;
}

// When the session sends a PING; never while the server owes a reply.
Instant Session::health_check_at() const {
  if (pipeline_.size() > 0 || is_paused() || read_watch_.waits()) return never;
  const Duration silence = silence_max();
  return silence > Duration::zero() ? after(quiet_since_, silence) : never;
}

// When the connection counts as dead, unless the next reply comes before. Only replies for which no
// caller waits are watched: a reply to a caller may take as long as the request's timeout allows.
Instant Session::watch_front() {
  if (is_paused() || read_watch_.waits()) return never;
  const RequestId front = pipeline_.front_unawaited().value_or(no_request);
  if (front != watched_) {
    watched_ = front;
    watched_since_ = now_;
  }
  return front == no_request ? never : after(watched_since_, options_.tombstone_age_max);
}

// Restarts the measurement of silence, because the server may have sent bytes that the session
// could not read.
void Session::forget_silence() {
  quiet_since_ = watched_since_ = now_;
  watched_ = pipeline_.front_unawaited().value_or(no_request);
}

void Session::end_wait() {
  if (read_watch_.end_wait(accounts_.replies)) forget_silence();
}

}  // namespace plimsoll::inline v0
