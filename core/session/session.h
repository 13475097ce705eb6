#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/core/session/backoff.h"
#include "plimsoll/core/session/handshake.h"
#include "plimsoll/core/session/holders_text.h"
#include "plimsoll/core/session/options.h"
#include "plimsoll/core/session/pipeline.h"
#include "plimsoll/core/session/read_watch.h"

// One connection's protocol, without a socket: what a driver reads, writes and times goes in as
// calls, what it should do comes out of the poll functions. A session tries to connect for
// connect_timeout. Once it has been ready, it replaces a connection that is lost or silent:
// requests that were wholly written are in doubt then, the others wait for the next connection.
//
//          connect()           open_if_due()           handle_opened()
//    idle -----------> waiting -------------> opening -----------------> handshaking
//                       ^   ^                    |                        |       |
//                       |   +-- attempt failed --+------------------------+       | last reply
//                       |       (retry_or_end())                                  v
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
//  - Requests are sent in `ready` and `closing` alone. Before that, an AUTH or SELECT that the
//    server refuses would let them run as another user or in another database.
//  - After a loss, events come in this order: `disconnected`, then each request in doubt. Only when
//    all are told and the transport has let go of its bytes (restart_if_loss_delivered()), a new
//    connection is opened: Pipeline::restart() frees bytes that the transport could still be
//    reading.
//  - After the end, events come in this order: `closed`, then each request that was still waiting;
//    then has_said_all() is true.
//  - A silence of the server is measured only while the session can read: a session that is paused
//    or waits for memory never calls its peer dead.

namespace plimsoll {

/// What a session has to say. Views live until the next poll_event().
struct Event {
  enum class Kind : std::uint8_t {
    ready,            ///< the handshake is done: requests flow, for the first time or again
    completed,        ///< request `tag` has its reply, `value`, which may be an error reply
    failed,           ///< request `tag` ended without a reply that can be used: `error`
    pushed,           ///< the server said `value` by itself; with a tag, to one who waits for it
                      ///< and for more, and whose outcome follows
    disconnected,     ///< the connection is lost: `error`, and the server's own words if there are
                      ///< any; another one is tried
    closed,           ///< the session is over: `error`, and the server's own words likewise
    queueing_failed,  ///< one of the answers that request `tag` is owed before its outcome is an
                      ///< error: `error`, `value`; `answers_owed` says which
    credentials_refused,  ///< the server did not take new ones, and goes by the old ones: `error`,
                          ///< and the server's own words if there are any
    admitted  ///< there is room for request `tag`, which waited for it (Client::wait_for_room())
  };
  Kind kind;
  Tag tag = 0;
  std::optional<Value> value = std::nullopt;
  const Error* error = nullptr;
  std::uint16_t answers_owed = 0;  ///< behind this one of several, the outcome included
};

/// If a request has a tag from this one on, below internal_tag_first, its answers before the last
/// are told as well: `pushed`, with `answers_owed`.
inline constexpr Tag parts_delivered_first = tags::fetch_first;

/// Tags from this one on are the client's own.
inline constexpr Tag internal_tag_first = tags::internal_first;

constexpr bool delivers_parts(Tag tag) { return tags::is_fetch(tag); }

/// The tag of the AUTH with new credentials, and of the HELLO behind it.
inline constexpr Tag internal_auth = internal_tag_first;
/// The tag of a SUBSCRIBE that restores subscriptions.
inline constexpr Tag internal_restore = internal_auth + 1;
/// The tag of the PING that proves what a cache may serve.
inline constexpr Tag internal_proof = UINT64_MAX;
/// The tag of the UNWATCH when an exclusive connection is given back.
inline constexpr Tag internal_unwatch = internal_restore + 1;
/// The tag of the ACL WHOAMI by which a cache learns whose replies the connection brings.
inline constexpr Tag internal_user = UINT64_MAX - 1;
/// The first tag of those of CLIENT UNBLOCK: one for each connection, in the order of their ids.
inline constexpr Tag internal_unblock_first = internal_unwatch + 1;

struct SessionCounters {
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  std::uint64_t pushed = 0;
  std::uint64_t replies_skipped = 0;
  std::uint64_t pushes_skipped = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t connections = 0;       ///< that became ready
  std::uint64_t connections_lost = 0;  ///< after that
  std::uint64_t connections_dead = 0;  ///< of these, given up because they were silent
  std::uint64_t attempts_failed = 0;   ///< at a connection
  std::uint64_t health_checks = 0;
  std::uint64_t requests_resent = 0;

  /// Changes whenever the connection may have released memory. A caller that waits for memory
  /// compares it before it asks again: asking in vain would wake all other waiters, as a release
  /// does.
  std::uint64_t progress() const { return bytes_read + bytes_written + completed + failed; }
};

class Session {
 public:
  enum class State : std::uint8_t { idle, waiting, opening, handshaking, ready, closing, closed };
  enum class Action : std::uint8_t { open, close };

  struct Accounts {
    Account& requests;
    Account& replies;
    Account& connections;
  };

  /// What the connection is for. One for subscriptions takes no other requests: in RESP2 it could
  /// not tell their replies from messages.
  enum class Use : std::uint8_t { requests, subscriptions };

  /// `options` must be valid; what they refer to must outlive the session, like the accounts.
  Session(const SessionOptions& options, const Accounts& accounts, Use use = Use::requests);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void connect(Instant now);

  /// Stages a request, also before the session is ready. Errors: rejected_by_limit; closed.
  Result<RequestId> submit(const CommandView& command, Instant deadline, Tag tag) {
    if (is_closed()) return refusal();
    return pipeline_.submit(command, deadline, tag);
  }

  /// The same for a request whose outcome was promised before close(): also while the session
  /// closes.
  Result<RequestId> submit_owed(const CommandView& command, Instant deadline, Tag tag) {
    if (state_ == State::closed) return refusal();
    return pipeline_.submit(command, deadline, tag);
  }

  /// Pipeline::make_room(), of a session that is not closed.
  Pipeline::Room make_room(std::size_t bytes) { return pipeline_.make_room(bytes); }
  RequestId submit_to_room(const CommandView& command, Instant deadline, Tag tag) {
    return pipeline_.submit_to_room(command, deadline, tag);
  }
  void release_room() { pipeline_.release_room(); }

  /// True if the session takes no more requests; refusal() says why.
  bool is_closed() const { return state_ == State::closing || state_ == State::closed; }
  Error refusal() const;

  void cancel(RequestId id) { pipeline_.cancel(id); }

  /// Stages a request of the client's own (Pipeline::submit_internal()); false where it cannot be
  /// staged, or there is no connection that is ready.
  bool submit_internal(const CommandView& command, Tag tag) {
    return state_ == State::ready && pipeline_.submit_internal(command, tag);
  }

  /// Each connection from now on is asked for its user (ACL WHOAMI): before it is ready there is an
  /// event with the tag `internal_user`, and the answer as its value, which may be an error. Before
  /// connect().
  void ask_user() { ask_user_ = Handshake::AskUser::yes; }

  /// Changes the user. On a connection that is there an AUTH is sent, with `internal_auth` as its
  /// tag. The views must live as long as those of the options.
  void set_credentials(const Credentials& credentials);

  /// Whether new credentials have yet to be sent on the connection that is there.
  bool are_credentials_unsent() const { return credentials_unsent_; }

  /// Takes no more requests, waits for the replies that are owed (close_timeout at most), closes.
  void close(Instant now);
  /// Closes at once.
  void abort();

  /// The connection that Action::open asked for is there, or it failed or ended: `reason`, a
  /// connect_failed or connection_lost error whose text says what the transport knows.
  void handle_opened(Instant now);
  void handle_closed(const Error& reason, Instant now);
  std::span<char> read_space();
  void handle_read(std::size_t bytes, Instant now);
  void handle_written(std::size_t bytes);
  void handle_timeout(Instant now);

  /// After Action::close the driver says nothing more of that connection, but that a write of its
  /// ended may still be said (handle_written()) before the next Action::open is carried out.
  std::optional<Action> poll_action();

  /// Bytes to send, none mostly. Each answer with bytes wants one handle_written() before the next.
  std::size_t poll_transmit(std::span<std::string_view> spans);
  std::optional<Event> poll_event();
  Instant poll_timeout();

  /// Nothing more is read, and the push that is the last event stays what it is, until resume() or
  /// the end of the connection. False: it lies in the progress reserve, which nobody may hold.
  [[nodiscard]] bool hold_push();
  bool holds_push() const { return held_; }
  Value held_push() const { return reader_.value(); }

  /// True if there was no memory to read to when it was asked for last. What the server has sent
  /// since then is unknown.
  bool waits_for_memory() const { return read_watch_.waits(); }

  /// What to tell a request whose deadline has passed. Lives until the next call, or longer.
  const char* deadline_passed();

  /// Whether the progress reserve is read to while the pool is dry; if not, that is a pause too.
  void set_reserve(Reader::Reserve reserve) { reserve_ = reserve; }

  /// read_space() has nothing whatever memory there is, and silence means nothing.
  bool is_paused() const { return held_ || dry_; }
  void resume(Instant now);
  /// Whether a pause has ended since this was asked last.
  bool take_resumed() { return std::exchange(resumed_, false); }

  /// Takes the reply of the last event along (Reader::keep()).
  Result<Reply> keep_reply() { return reader_.keep(); }
  /// The same of one that others are told as well, any number of times (Reader::copy()).
  Result<Reply> copy_reply() { return reader_.copy(); }

  /// Whether keep_reply() may work once there is memory (Reader::may_keep()).
  bool may_keep_reply() const { return reader_.may_keep(); }

  State state() const { return state_; }

  const SessionOptions& options() const { return options_; }

  /// The last time that a driver passed in.
  Instant now() const { return now_; }

  std::size_t in_flight() const { return pipeline_.size(); }
  const SessionCounters& counters() const { return counters_; }

  /// Whether the transport was given bytes of this request: the server may have it.
  bool is_exposed(RequestId id) const { return pipeline_.is_exposed(id); }
  bool was_exposed(RequestId id) const { return pipeline_.was_exposed(id); }

  /// The session is closed, and poll_event() has told everything.
  bool has_said_all() const { return all_said_; }
  /// In addition, there is no connection left to close, and no byte is lent to the transport.
  bool is_over() const {
    return all_said_ && !close_wanted_ && transmitting_ == Transmitting::nothing;
  }

  /// Whether poll_transmit() may have something to say.
  bool has_unsent() const;

  /// The server's number for the connection (CLIENT ID); 0 if the server did not tell it.
  std::uint64_t client_id() const { return handshake_.client_id(); }

  /// Whether the user may PING, as far as the server of the connection has said.
  bool may_ping() const { return handshake_.may_ping(); }

  /// Whether the server tracks what the connection reads: off where none is ready.
  Tracking tracking() const {
    const bool connected = state_ == State::ready || state_ == State::closing;
    return connected ? handshake_.tracking() : Tracking{};
  }

  /// Pipeline::answered_until().
  RequestId answered_until() { return pipeline_.answered_until(); }
  /// Pipeline::staged_until(), Pipeline::take_places(), Pipeline::is_full().
  RequestId staged_until() const { return pipeline_.staged_until(); }
  void take_places(std::size_t count) { pipeline_.take_places(count); }
  bool is_full() const { return pipeline_.is_full(); }

  /// Nothing is in flight on a connection that is ready and has lasted: only what Rest says tells
  /// it from one that was just made. None otherwise.
  struct Rest {
    Instant quiet_since;  // the last byte from the server, or the last PING
    std::uint64_t backoff_draws;
  };
  std::optional<Rest> at_rest(Instant now) const;

  /// Why there was no connection, the last time that there was none.
  const Error& last_problem() const { return problem_; }

  /// CHECKs all that must hold between calls. Walks over every request.
  void validate();

 private:
  enum class Transmitting : std::uint8_t { nothing, handshake, requests };

  bool poll_frame(std::optional<Event>& event);
  bool is_array_push() const;
  std::optional<Event> handle_push(Pipeline::Next due);
  std::optional<Event> handle_confirmation(Pipeline::Next due);
  std::optional<Event> handle_part();
  void handle_reply(std::optional<Event>& event);
  Event handle_refusal();
  Event handle_skipped_reply(Tag tag);
  void handle_unwanted_reply(Pipeline::Next due);
  Event failed(Tag tag, const Error& error);
  Event failed(const Ended& ended);
  std::optional<Event> poll_ended();

  std::optional<Event> handle_handshake_reply();
  std::optional<Event> handle_ready();
  void finish_handshake();
  void send_credentials();

  void give_up_attempt(const Error& reason);
  void retry_or_end(const Error& reason);
  void end_of_first_attempts(Error reason);
  void wait_for_attempt(Duration wait);
  void open_if_due();

  void handle_protocol_error();
  void lose(const Error& reason);
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
  // When handle_read_check() is due. Looks at a peer end with its buffer, which most connections
  // have given back by then.
  Instant read_check() {
    if (!read_watch_.waits() && !reader_.holds_buffer()) return read_watch_.stop_watching();
    return read_watch_.find_check(is_paused(), now_, counters_.bytes_read);
  }
  void handle_read_check();
  bool others_wait() const;
  void give_up_half();
  Error lack_of_memory(Error error);
  const char* gave_up();
  const char* with_holders(const char* what);

  SessionOptions options_;
  const Accounts accounts_;
  const bool arrays_are_pushes_;
  Handshake::AskUser ask_user_ = Handshake::AskUser::no;
  bool credentials_unsent_ = false;  // the connection was made with others
  State state_ = State::idle;
  Transmitting transmitting_ = Transmitting::nothing;
  bool connected_ = false;  // the driver has a connection, or is opening one
  bool open_wanted_ = false;
  bool close_wanted_ = false;
  enum class Loss : std::uint8_t { none, undelivered, delivering } loss_ = Loss::none;
  bool end_reported_ = false;
  bool all_said_ = false;
  bool problem_has_value_ = false;  // the reader's frame says what the problem is
  bool was_ready_ = false;          // once: from then on connections are replaced
  bool held_ = false;               // the push at hand stays
  bool dry_ = false;                // and the reserve is not to be used
  bool resumed_ = false;
  Reader::Reserve reserve_ = Reader::Reserve::use;
  bool has_parts_ = false;             // parts_of_ is a request's
  bool first_part_refused_ = false;    // ... of which the first answer was an error
  std::uint32_t attempts_failed_ = 0;  // one after the other
  Instant now_ = Instant::min();
  Instant connect_deadline_ = never;
  Instant attempt_at_ = never;
  Instant close_deadline_ = never;
  Instant ready_at_ = never;
  Instant quiet_since_ = never;  // the last byte from the server, or the last PING
  RequestId parts_of_ = 0;       // the one that had an answer before its last one
  static constexpr RequestId no_request = UINT64_MAX;
  RequestId watched_ = no_request;  // owed to nobody, and due next
  Instant watched_since_ = never;
  ReadWatch read_watch_;
  HoldersText holders_text_;
  Backoff backoff_;
  Error problem_;
  Error event_error_;
  SessionCounters counters_;
  Handshake handshake_;
  Pipeline pipeline_;
  Reader reader_;
};

}  // namespace plimsoll
