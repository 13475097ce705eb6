#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/core/session/attempts.h"
#include "plimsoll/core/session/confirmation.h"
#include "plimsoll/core/session/earlier_answers.h"
#include "plimsoll/core/session/error_text.h"
#include "plimsoll/core/session/handshake.h"
#include "plimsoll/core/session/internal_tags.h"
#include "plimsoll/core/session/options.h"
#include "plimsoll/core/session/pipeline.h"
#include "plimsoll/core/session/read_watch.h"
#include "plimsoll/core/session/session_counters.h"

// More than 500 lines, because callers ask a session for much with each request, and its short
// functions are inlined there.
//
// The protocol of one connection, without a socket. A driver reports bytes, connections and time
// with the handle_...() functions, and learns from the poll_...() functions what to do. A session
// tries to connect for connect_timeout, to one of its addresses after the other, and lets time pass
// between rounds of attempts in `waiting` (attempts.h). Once it has been ready, it
// replaces a connection that is lost or silent: requests that were wholly written are in doubt
// then, and the others wait for the next connection.
//
//          connect()           open_if_due()           handle_opened()
//    idle -----------> waiting -------------> opening -----------------> handshaking
//                       ^   ^                    |                        |       |
//                       |   +-- attempt failed --+------------------------+       | last reply
//                       |       (fail_attempt())                                  v
//                       +------ connection lost or dead (lose()) ---------------- ready
//                                                                                 | close()
//                                                                                 v
//    closed <------------------ all requests answered, or close_timeout ------ closing
//      ^
//      +-- from any state: abort(), close() before `ready`, or no more attempts (end())
//
// Invariants:
//  - The driver has a connection, or is opening one, exactly in the states opening, handshaking,
//    ready and closing (`connected_`).
//  - Requests are sent only in `ready` and `closing`. If they were sent earlier and the server
//    refused AUTH or SELECT, they would run as another user or in another database.
//  - After a loss, events come in this order: `disconnected`, then each request in doubt. A new
//    connection is opened only when all have been delivered and the transport is done with the
//    bytes (restart_if_loss_delivered()), because Pipeline::restart() frees bytes that the
//    transport could still be reading.
//  - After the end, events come in this order: `closed`, then each request that had no outcome yet;
//    then has_said_all() is true.
//  - The server's silence is measured only while the session can read. So a session that is paused
//    or waits for memory never declares its peer dead.

namespace plimsoll::inline v0 {

/// What a session reports. Views live until the next poll_event().
struct Event {
  enum class Kind : std::uint8_t {
    ready,            ///< the handshake is done: requests flow, for the first time or again
    completed,        ///< request `tag` has its reply, `value`, which may be an error reply
    failed,           ///< request `tag` ended without a reply that can be used: `error`
    pushed,           ///< the server sent `value` by itself; with a tag, `value` is for request
                      ///< `tag`, whose outcome follows later
    disconnected,     ///< the connection is lost: `error`, and `value` if the server gave a reason;
                      ///< the session tries to make another connection
    closed,           ///< the session is over: `error`, and `value` likewise
    queueing_failed,  ///< an answer to request `tag` before its outcome is an error: `error`,
                      ///< `value`; `answers_owed` says which answer
    credentials_refused,  ///< the server refused new credentials, and keeps the old ones: `error`,
                          ///< and `value` if the server gave a reason
    admitted  ///< there is room now for request `tag`, a waiter (Client::wait_for_room())
  };
  Kind kind;
  Tag tag = 0;
  std::optional<Value> value = std::nullopt;
  const Error* error = nullptr;
  std::uint16_t answers_owed = 0;  ///< how many answers follow this one, including the outcome
};

/// For requests with tags from this one on, below internal_tag_first, the answers before the last
/// are delivered as well, as `pushed` with `answers_owed`.
inline constexpr Tag parts_delivered_first = tags::fetch_first;

constexpr bool delivers_parts(Tag tag) { return tags::is_fetch(tag); }

class Session {
 public:
  enum class State : std::uint8_t { idle, waiting, opening, handshaking, ready, closing, closed };
  enum class Action : std::uint8_t { open, close };

  struct Accounts {
    Account& requests;
    Account& replies;
    Account& connections;
  };

  /// What the connection is for. A connection for subscriptions takes no other requests, because in
  /// RESP2 the session could not distinguish their replies from messages.
  enum class Use : std::uint8_t { requests, subscriptions };

  /// `options` must be valid. The views in them and the accounts must outlive the session.
  Session(const SessionOptions& options, const Accounts& accounts, Use use = Use::requests);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void connect(Instant now);

  /// Stages a request, also before the session is ready. Fails with rejected_by_limit or closed.
  Result<RequestId> submit(const CommandView& command, Instant deadline, Tag tag) {
    if (is_closed()) return refusal();
    return pipeline_.submit(command, deadline, tag);
  }

  /// Does the same, also while the session closes: for a request that was accepted before close().
  Result<RequestId> submit_owed(const CommandView& command, Instant deadline, Tag tag) {
    if (state_ == State::closed) return refusal();
    return pipeline_.submit(command, deadline, tag);
  }

  /// Pipeline::make_room(). The session must not be closed.
  Pipeline::Room make_room(std::size_t bytes) { return pipeline_.make_room(bytes); }
  RequestId submit_to_room(const CommandView& command, Instant deadline, Tag tag) {
    return pipeline_.submit_to_room(command, deadline, tag);
  }
  void release_room() { pipeline_.release_room(); }

  /// True if the session takes no more requests; refusal() says why.
  bool is_closed() const { return state_ == State::closing || state_ == State::closed; }
  Error refusal() const;

  /// The tombstone of a request that the server has may get old from `now` on.
  void cancel(RequestId id, Instant now) {
    now_ = std::max(now_, now);
    pipeline_.cancel(id);
  }

  /// See Pipeline::staged_places().
  std::size_t staged_places(RequestId id, std::uint64_t offset, std::size_t size,
                            std::span<std::string_view> spans) const {
    return pipeline_.staged_places(id, offset, size, spans);
  }

  /// Stages an internal request (Pipeline::submit_internal()). Returns false if there is no room,
  /// or no connection that is ready.
  bool submit_internal(const CommandView& command, Tag tag) {
    return state_ == State::ready && pipeline_.submit_internal(command, tag);
  }

  /// Asks the server for the user of each connection (ACL WHOAMI). Before a connection is ready, an
  /// event with the tag `internal_user` delivers the answer, which may be an error. Call this
  /// before connect().
  void ask_user() { ask_user_ = Handshake::AskUser::yes; }

  /// Asks the server for its mode (HELLO). If the first server that is ready is a node of a
  /// cluster, its Event::ready has the tag `internal_is_cluster`, and nothing is sent before
  /// join_cluster(). A single server must not be replaced by a node later. Call this before
  /// connect().
  void find_mode() { mode_wanted_ = ModeWanted::told; }
  /// Whether find_mode() has not found it yet.
  bool is_finding_mode() const { return mode_wanted_ == ModeWanted::told; }
  /// The server may be a replica from now on, whatever primary_only says.
  void join_cluster() {
    options_.primary_only = false;
    mode_wanted_ = ModeWanted::any;
    quiet_ = Quiet::no;
  }
  /// From now on the server must be a node of a cluster; another one is refused, and tried again.
  void insist_on_cluster() { mode_wanted_ = ModeWanted::cluster; }

  /// Changes the user. If there is a connection, sends AUTH on it, with the tag `internal_auth`;
  /// without a password, only later connections change. The views must live as long as those of the
  /// options.
  void set_credentials(const Credentials& credentials);

  /// Whether new credentials have yet to be sent on the present connection.
  bool are_credentials_unsent() const { return credentials_unsent_; }

  /// Accepts no more requests, waits for outstanding replies (at most close_timeout), then closes.
  void close(Instant now);
  /// Closes at once.
  void abort();

  /// The connection that Action::open asked for is open; or it failed or ended. `reason` is the
  /// transport's error, with its text: connect_failed, connection_lost, tls_failed...
  void handle_opened(Instant now);
  void handle_closed(const Error& reason, Instant now);
  std::span<char> read_space();
  void handle_read(std::size_t bytes, Instant now);
  void handle_written(std::size_t bytes);
  void handle_timeout(Instant now);

  /// After Action::close the driver must report nothing more about that connection, except the end
  /// of a write (handle_written()), which it may report until it carries out the next Action::open.
  std::optional<Action> poll_action();

  /// Returns the number of spans with bytes to send. If it is not 0, the driver must call
  /// handle_written() once before the next call.
  std::size_t poll_transmit(std::span<std::string_view> spans);
  std::optional<Event> poll_event();

  /// Calls `visit(Tag, Value)` for the events that poll_event() would return next, one after the
  /// other, but much faster, as long as each is `completed` with a short reply
  /// (Reader::next_short()) to a caller's request, at most `count_max` times. Returns how many
  /// times. `visit` may keep the reply, like that of an event.
  template <class Visit>
  int visit_short_replies(int count_max, const Visit& visit) {
    if ((state_ != State::ready && state_ != State::closing) || held_) return 0;
    int count = 0;
    while (count < count_max && pipeline_.is_next_plain() && reader_.next_short()) {
      ++counters_.completed;
      ++count;
      visit(pipeline_.take_plain(), reader_.value());
    }
    return count;
  }

  /// The same for a session whose pipeline may keep bytes (read_resends_max). Stops also behind a
  /// request that was withdrawn unsent.
  template <class Visit>
  int visit_short_kept_replies(int count_max, const Visit& visit) {
    if ((state_ != State::ready && state_ != State::closing) || held_) return 0;
    const RequestId begin = pipeline_.answered_until();
    RequestId end = begin;
    int count = 0;
    while (count < count_max && pipeline_.is_next_plain_at(end) && reader_.next_short()) {
      ++counters_.completed;
      ++count;
      visit(pipeline_.take_plain(end), reader_.value());
    }
    if (count > 0) pipeline_.give_up_plain(begin, end);
    return count;
  }

  Instant poll_timeout();

  /// Keeps the push of the last event valid, and reads nothing more, until resume() or the end of
  /// the connection. Returns false if the push lies in the progress reserve, which no session may
  /// hold.
  [[nodiscard]] bool hold_push();
  bool holds_push() const { return held_; }
  Value held_push() const { return reader_.value(); }

  /// Whether the session waits for memory to read into: the last read_space() found none. The
  /// server may have sent bytes since then that were not read.
  bool waits_for_memory() const { return read_watch_.waits(); }

  /// The event for a request that has ended with this error. Also for one that never came here.
  Event failed(Tag tag, const Error& error);

  /// The text of the error for a request whose deadline has passed. Lives at least until the next
  /// call.
  const char* deadline_passed() {
    if (read_watch_.waits()) {
      return with_holders(
          "the request's deadline passed while memory was missing to read what the server says");
    }
    const bool is_connecting =
        state_ == State::waiting || state_ == State::opening || state_ == State::handshaking;
    if (!is_connecting || *problem_.what == '\0') {
      return "the request's deadline passed before its reply";
    }
    return error_text_.write("the request's deadline passed while there was no connection",
                             problem_.what, accounts_.connections);
  }

  /// Whether the session may read into the progress reserve while the pool is dry. With `leave`, a
  /// dry pool pauses the session.
  void set_reserve(Reader::Reserve reserve) { reserve_ = reserve; }

  /// While paused, read_space() is empty even if there is memory, and silence is not measured.
  bool is_paused() const { return held_ || dry_; }
  void resume(Instant now);
  /// Whether a pause has ended since the last call.
  bool take_resumed() { return std::exchange(resumed_, false); }

  /// With SessionOptions::hands_back: true if the last event is a failure whose request another
  /// server can still answer. handed() describes the request, handed_bytes() fills `spans` with its
  /// bytes from `begin` on and returns the number of spans used; then call settle_handed(), before
  /// anything else.
  bool hands_back() const { return handing_; }
  Pipeline::Handed handed() { return pipeline_.first_handed(); }
  std::size_t handed_bytes(const Pipeline::Handed& request, std::size_t begin,
                           std::span<std::string_view> spans) const {
    return pipeline_.staged_places(request.id, begin, request.bytes - begin, spans);
  }
  void settle_handed() {
    PLIMSOLL_CHECK(std::exchange(handing_, false));
    state_ == State::closed ? pipeline_.drop_first() : void(pipeline_.take_next());
  }

  /// The requests, for their bytes.
  const Pipeline& requests() const { return pipeline_; }

  /// The same at any time, for a request without an answer: see Pipeline.
  std::optional<Pipeline::Handed> live(RequestId id) { return pipeline_.live(id); }
  std::optional<Pipeline::Handed> next_live(RequestId from) { return pipeline_.next_live(from); }
  void leave_to_another(RequestId id) { pipeline_.leave_to_another(id); }

  /// Keeps the reply of the last event beyond the event (Reader::keep()).
  Result<Reply> keep_reply() { return reader_.keep(); }
  /// Copies the reply of the last event, any number of times (Reader::copy()).
  Result<Reply> copy_reply() { return reader_.copy(); }

  /// Whether keep_reply() can succeed once there is memory (Reader::may_keep()).
  bool may_keep_reply() const { return reader_.may_keep(); }

  State state() const { return state_; }

  const SessionOptions& options() const { return options_; }
  const Accounts& accounts() const { return accounts_; }

  /// The address of the connection, or of the attempt under way or the last one.
  SeedId seed() const { return attempts_.seed(); }

  /// Gives the connection up, for `reason`, as if it had been lost; an attempt under way begins
  /// again at once.
  void leave(const Error& reason);

  /// Ends the session, for `reason`.
  void give_up(const Error& reason) {
    if (state_ != State::closed) end(reason);
  }

  /// Waits no longer for the next attempt: it is likely to succeed.
  void hurry(Instant now) {
    if (state_ != State::waiting) return;
    now_ = due_at_ = std::max(now_, now);
    attempts_.forget_failures();
    open_if_due();
  }

  /// Looks for a primary, if the options want one: the server has refused a write, because it is a
  /// replica now. Sends nothing more, and gives the connection up once all that was sent is
  /// answered, so that nothing is in doubt; at the latest after tombstone_age_max.
  void leave_replica();

  /// Since when the session has measured the server's silence: its last byte, the last health
  /// check, or the end of a time in which the session could not read.
  Instant quiet_since() const { return quiet_since_; }

  /// The time that the driver passed last.
  Instant now() const { return now_; }

  std::size_t in_flight() const { return pipeline_.size(); }
  /// The same, without internal requests.
  std::size_t callers_in_flight() const { return pipeline_.callers_count(); }
  const SessionCounters& counters() const { return counters_; }

  /// Whether some bytes of this request are exposed (pipeline.h) on this connection; or on this or
  /// an earlier one.
  bool is_exposed(RequestId id) const { return pipeline_.is_exposed(id); }
  bool was_exposed(RequestId id) const { return pipeline_.was_exposed(id); }

  /// Whether the session is closed and poll_event() has returned all events.
  bool has_said_all() const { return all_said_; }
  /// Whether in addition no connection is left to close, and no byte is lent to the transport.
  bool is_over() const {
    return all_said_ && !close_wanted_ && transmitting_ == Transmitting::nothing;
  }

  /// Whether poll_transmit() may return bytes.
  bool has_unsent() const {
    if (transmitting_ != Transmitting::nothing) return false;
    if (state_ == State::handshaking) return !handshake_.unsent().empty();
    return (state_ == State::ready || state_ == State::closing) && pipeline_.has_unsent() &&
           quiet_ == Quiet::no;
  }

  /// The server's id for the connection (CLIENT ID); 0 if the server did not give it.
  std::uint64_t client_id() const { return handshake_.client_id(); }

  /// False if the server refused PING in the handshake of the connection.
  bool may_ping() const { return handshake_.may_ping(); }

  /// Handshake::proves_by_ping() of the connection.
  bool proves_by_ping() const { return handshake_.proves_by_ping(); }
  /// Handshake::resumes_within() of the connection.
  Duration resumes_within() const { return handshake_.resumes_within(); }

  /// Whether the server tracks what the connection reads; off if no connection is ready.
  Tracking tracking() const {
    const bool connected = state_ == State::ready || state_ == State::closing;
    return connected ? handshake_.tracking() : Tracking{};
  }

  /// Pipeline::answered_until().
  RequestId answered_until() { return pipeline_.answered_until(); }
  /// Pipeline::staged_until(), take_places(), set_log_parts() and is_full().
  RequestId staged_until() const { return pipeline_.staged_until(); }
  void take_places(std::size_t count) { pipeline_.take_places(count); }
  void set_log_parts(std::uint32_t parts) { pipeline_.set_log_parts(parts); }
  bool is_full() const { return pipeline_.is_full(); }

  /// at_rest() returns a Rest if the connection is ready, has lasted for Backoff::ceiling(), and
  /// has nothing in flight. Such a session differs from one with a new connection only by the
  /// fields of Rest, so a replay can begin there. Otherwise returns nothing.
  struct Rest {
    Instant quiet_since;  // the last byte from the server, or the last PING
    std::uint64_t backoff_draws;
  };
  std::optional<Rest> at_rest(Instant now) const;

  /// Why the session had no connection when it last had none.
  const Error& last_problem() const { return problem_; }

  /// CHECKs all that must hold between calls. Walks over every request.
  void validate();

 private:
  static constexpr std::string_view knows_no_exec = "ERR unknown command 'EXEC'";

  using Failure = Attempts::Failure;
  enum class Transmitting : std::uint8_t { nothing, handshake, requests };

  bool poll_frame(std::optional<Event>& event);
  // In RESP2 a subscriber gets messages as arrays, and the reply to PING as well, which is short.
  bool is_array_push() const {
    constexpr std::size_t pong_bytes_max = 32;
    if (state_ == State::handshaking) return false;
    if (reader_.dropped() != Parser::Drop::none) {
      return reader_.is_array() && reader_.frame_bytes() > pong_bytes_max;
    }
    const Value value = reader_.value();
    return value.type() == Type::array && !is_about(value, "pong");
  }
  std::optional<Event> handle_push(Pipeline::Next due);
  std::optional<Event> handle_confirmation(Pipeline::Next due);
  std::optional<Event> handle_part();
  void handle_reply(std::optional<Event>& event);
  std::optional<Event> handle_refusal();
  std::optional<Event> hand_back_refused();
  // Whether the commands of next() have run one by one, since MULTI was refused, or EXEC is unknown
  // and has not ended the transaction.
  bool is_broken_transaction() {
    if (earlier_answers_.was_multi_refused(pipeline_.next_id())) return true;
    const Result<BytesView> text = reader_.value().as_error();
    return text && text->starts_with(knows_no_exec);
  }
  Event handle_skipped_reply(Tag tag);
  std::optional<Event> handle_unwanted_reply(Pipeline::Next due);
  std::optional<Event> handle_early_refusal();
  static bool is_protocol_error(const Value& value) {
    const Result<BytesView> text = value.as_error();
    return text && text->starts_with("ERR Protocol error");
  }
  Event failed(const Ended& ended);
  std::optional<Event> poll_ended();

  std::optional<Event> handle_handshake_reply();
  std::optional<Event> handle_ready();
  // Requests that were staged before this may belong to other nodes.
  Tag note_mode() {
    if (mode_wanted_ != ModeWanted::told) return 0;
    mode_wanted_ = ModeWanted::standalone;
    if (handshake_.mode() != ServerMode::cluster) return 0;
    quiet_ = Quiet::joining;
    return internal_is_cluster;
  }
  void finish_handshake();
  void send_credentials();
  bool is_leaving() const { return quiet_ == Quiet::leaving; }

  // The error that says most about an attempt that was not done in time.
  Error or_earlier_problem(const Error& not_in_time) const {
    return attempts_.was_late() && counters_.attempts_failed > 0 ? problem_ : not_in_time;
  }
  void fail_attempt(const Error& reason, Attempts::Failure failure);
  void end_attempts(Error reason);
  void wait_for_attempt(Duration wait);
  void open_if_due();

  void handle_protocol_error();
  void lose(const Error& reason);
  void leave_if_answered();
  void end(const Error& reason);
  void drop_connection();
  std::optional<Event> poll_loss();
  std::optional<Event> poll_end();
  Event problem_event(Event::Kind kind) const;
  void restart_if_loss_delivered();
  void release_if_over();

  void check_health();
  void ask_if_silent();
  Duration silence_max() const;
  Instant health_check_at() const;
  Instant watch_front();
  void forget_silence();

  void end_wait();
  // When handle_read_check() is due. A connection without a buffer is not watched; most have
  // released their buffer by the time of the check.
  Instant read_check() {
    if (!read_watch_.waits() && !reader_.holds_buffer()) return read_watch_.stop_watching();
    return read_watch_.find_check(is_paused(), now_, counters_.bytes_read);
  }
  void handle_read_check();
  bool others_wait() const;
  void give_up_half();
  Error lack_of_memory(Error error);
  const char* with_holders(const char* what) {
    return error_text_.write(what, accounts_.replies, accounts_.connections, now_);
  }

  SessionOptions options_;
  const Accounts accounts_;
  const bool arrays_are_pushes_;
  Handshake::AskUser ask_user_ = Handshake::AskUser::no;
  bool credentials_unsent_ = false;  // the connection was made with the old credentials
  State state_ = State::idle;
  Transmitting transmitting_ = Transmitting::nothing;
  bool connected_ = false;  // the driver has a connection, or is opening one
  bool open_wanted_ = false;
  bool close_wanted_ = false;
  enum class Loss : std::uint8_t { none, undelivered, delivering } loss_ = Loss::none;
  bool end_reported_ = false;
  bool all_said_ = false;
  bool problem_has_value_ = false;  // the reader's frame is the server's own reason
  bool held_ = false;               // hold_push() keeps the reader's frame
  bool dry_ = false;                // the pool is dry, and reserve_ is `leave`
  bool resumed_ = false;
  bool handing_ = false;  // hands_back()
  // Nothing is sent: not by leave_replica(), and not before join_cluster().
  enum class Quiet : std::uint8_t { no, leaving, joining } quiet_ = Quiet::no;
  ModeWanted mode_wanted_ = ModeWanted::any;
  Reader::Reserve reserve_ = Reader::Reserve::use;
  Instant now_ = Instant::min();
  // waiting: when the next attempt begins; opening, handshaking: when this attempt is given up;
  // ready, and leaving: when it is left at the latest; closing: when the session ends at the
  // latest.
  Instant due_at_ = never;
  Instant quiet_since_ = never;  // the last byte from the server, or the last PING
  EarlierAnswers earlier_answers_;
  static constexpr RequestId no_request = UINT64_MAX;
  RequestId watched_ = no_request;  // its reply is due next, and no caller waits for it
  Instant watched_since_ = never;
  ReadWatch read_watch_;
  ErrorText error_text_;
  Attempts attempts_;
  Error problem_;
  Error event_error_;
  SessionCounters counters_;
  Handshake handshake_;
  Pipeline pipeline_;
  Reader reader_;
};

}  // namespace plimsoll::inline v0
