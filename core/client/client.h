#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/freshness.h"
#include "plimsoll/core/client/admission.h"
#include "plimsoll/core/client/client_recording.h"
#include "plimsoll/core/client/side_connections.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/session/session.h"

// The surface that drivers see: native/ under Asio, wasm/ under JavaScript, tests without either.
// It never waits. Calls bring in requests, bytes and time; the poll functions say what to send,
// what came of the requests, and when to call handle_timeout(). Not thread-safe: a driver locks. A
// client owns its sessions: the main one, which most requests share, and side connections for those
// that must not share it.
//
// Invariants:
//  - Each request that was accepted has one outcome: `completed` or `failed`, with its tag.
//  - While requests wait for room, none overtakes them: submit() refuses new ones.
//  - While a waiter is admitted (admitted()), its room is reserved, and nothing but
//    submit_admitted() or cancel() may come next.
//  - If there are side connections, `closed` is told last, after they are over.
//  - Events come from one chain (poll_all()): main session, through the near cache; waiters; side
//    connections; the end.

namespace plimsoll {

namespace cache {
class Cache;
}
class NearCache;

using ClientOptions = SessionOptions;

/// Opens or closes a connection. After a close the driver reports nothing more about it.
struct Action {
  enum class Kind : std::uint8_t { open, close };
  Kind kind;
  ConnectionId connection;
};

struct ClientStatistics {
  Session::State state = Session::State::idle;
  std::size_t in_flight = 0;  ///< requests and tombstones
  std::uint64_t submitted = 0;
  std::uint64_t rejected = 0;
  std::size_t waiting = 0;            ///< for room, or a connection to block on, now
  std::size_t waiting_to_block = 0;   ///< of these, for a connection
  std::uint64_t waited = 0;           ///< for either, in all
  std::uint64_t waiters_refused = 0;  ///< that could not even wait; counted in `rejected` as well
  SessionCounters counters;           ///< of the main connection
  std::size_t blocking_connections = 0;  ///< open for commands that block and for exclusive use
  std::size_t subscriptions = 0;         ///< open
  Error last_problem;  ///< why there was no connection, the last time that there was none
};

class Client {
 public:
  /// The accounts that pay for a client, opened before there is one.
  struct Accounts {
    AccountHandle requests;
    AccountHandle replies;
    AccountHandle connections;
    Charge own;  // the client itself
  };

  /// Opens the accounts in `budget`, which must outlive the client and its replies. out_of_memory:
  /// the memory limit leaves no room for one more client.
  static Result<Accounts> open_accounts(Budget& budget);

  /// `options` must have passed validate(); what they refer to must outlive the client.
  Client(const ClientOptions& options, Accounts accounts);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Reads through `cache` from now on, which must outlive the client; before connect(). `place`
  /// says which server, database and protocol it is, and all else that its driver knows of the way
  /// there. Clients share entries if they have the same place, show the same (set_shown()), and are
  /// the same user: the server is asked for that on each connection. The options must want tracking
  /// as far as the cache's mode does. out_of_memory; invalid_option: the cache has too many
  /// clients.
  ///
  /// `clock_step`: the most by which a reading of the driver's clock may lag behind the time; zero:
  /// less than anything that is measured by it. Readings that differ by less show a finer clock.
  Status use_cache(cache::Cache& cache, std::string_view place,
                   Duration clock_step = Duration::zero());

  /// What the main connection shows to a party before the server, such as a token to a bridge,
  /// where it is not the same for all connections: before handle_opened() of each for which it is
  /// another. It has a cache.
  void set_shown(std::string_view text);

  /// What it does with its cache, for lookups; null where it has none. Lives as long as the client.
  NearCache* near_cache() const { return near_.get(); }

  /// Whether the server tracks what the main connection reads; why not.
  Tracking tracking() const { return session_.tracking(); }

  /// Starts to connect: Event::ready or Event::closed says how it went.
  void connect(Instant now);

  /// Stages a request, also before the client is ready; `tag` comes back with its one outcome.
  /// `timeout` counts from `now`, waiting included; zero: none. Errors leave nothing behind:
  /// rejected_by_limit, closed. After the first, wait_for_room() if inflight_overflow says so.
  ///
  /// A read is answered with what was true at most `max_staleness` before this call; if that is
  /// zero, with what is true now, whatever the clock says. Without a cache that is always so.
  Result<RequestId> submit(const CommandView& command, Instant now, Duration timeout, Tag tag,
                           Duration max_staleness = cache::any_staleness) {
    if (max_staleness != cache::any_staleness && near_ && command.block_time == Duration::zero()) {
      return stage_near(command, now, timeout, tag, max_staleness);
    }
    if (recording_.on()) return submit_recorded(command, now, timeout, tag);
    return stage(command, now, timeout, tag);
  }
  /// One that blocks (block_time) goes to a connection of its own, and `timeout` counts from when
  /// the server should have answered by itself; rejected_by_limit: blocking_connections_max, after
  /// which it may wait_for_room(), too.
  Result<RequestId> submit(const CommandView& command, Instant now, Tag tag) {
    return submit(command, now, options().request_timeout, tag);
  }

  /// Completes, without a value, when all that this client has put into the cache is proved to be
  /// true since this call. That takes a round trip, or two with broadcasts, for all calls at a
  /// time. Completes at once if nothing is tracked or the client is closing: then there is nothing
  /// to prove. The client must have a cache. Errors as for submit().
  Result<RequestId> prove(Instant now, Duration timeout, Tag tag);

  /// Whether a request that submit() refused with this error may wait_for_room().
  bool may_wait(const Error& refusal) const {
    return refusal.code == ErrorCode::rejected_by_limit &&
           options().inflight_overflow == OnLimit::wait;
  }

  /// Gets in line for a request that was just refused. The command stays with the caller. First
  /// come, first served: submit() is refused while others wait. Once there is room, Event::admitted
  /// comes with `tag`, and the very next call must be submit_admitted() or cancel(): the room is
  /// reserved for this request until then. Otherwise the wait fails with timed_out, cancelled or
  /// closed. Commands that block have a line of their own, for connections, within the same bounds.
  /// Requests of the client itself, and those on other connections, wait in no line.
  /// rejected_by_limit: waiters_max, half of the pool's share, no memory to wait, or
  /// inflight_overflow is not OnLimit::wait; closed.
  Result<RequestId> wait_for_room(const CommandView& command, Instant now, Duration timeout,
                                  Tag tag);

  /// Stages the request that was admitted, with the deadline that it had. `tag` comes with its
  /// outcome and may differ from the tag that it waited with; so does the id.
  RequestId submit_admitted(const CommandView& command, Tag tag);

  /// The request that was admitted and has yet to be submitted; null if there is none.
  const Admission::Waiter* admitted() {
    return admitted_ ? &admission_.first() : side_connections_.admitted();
  }

  /// Whether requests wait for room. handle_written() makes room as well: ask poll_event() after
  /// it.
  bool has_waiters() const { return !admission_.empty(); }

  /// Pays for requests, and for the commands of requests that wait for room.
  Account& requests_account() const { return *accounts_.requests; }
  /// Pays for replies that are kept.
  Account& replies_account() const { return *accounts_.replies; }

  /// Ends a request early, unless it has ended: its outcome is `cancelled` then. If the request
  /// blocks, the server is asked to let it go first; if it had taken an element already, that is
  /// the outcome all the same.
  void cancel(RequestId id, Instant now);

  /// Changes the user: in every handshake from now on, and by AUTH on the connections that are
  /// there. The views must live until the next call of this, or the client's end.
  void set_credentials(const Credentials& credentials);

  /// Opens a connection for one user, for WATCH and what follows it: submit_to() sends requests
  /// there. It is not replaced when it is lost. rejected_by_limit: blocking_connections_max;
  /// closed.
  Result<ConnectionId> open_exclusive(Instant now);
  /// connection_lost: release it and open another; rejected_by_limit; closed.
  Result<RequestId> submit_to(ConnectionId connection, const CommandView& command, Instant now,
                              Duration timeout, Tag tag);
  /// Call it once for each connection. Requests that are in flight on it go on.
  void release(ConnectionId connection, Instant now);

  /// A connection for subscriptions, which are restored when it is replaced.
  /// rejected_by_limit: subscriptions_max; closed.
  Result<ConnectionId> open_subscription(Instant now);
  /// Completes when the server has confirmed all names. invalid_argument; rejected_by_limit.
  Result<RequestId> subscribe(ConnectionId connection, SubscriptionKind kind,
                              std::span<const std::string_view> names, Instant now,
                              Duration timeout, Tag tag);
  Result<RequestId> unsubscribe(ConnectionId connection, SubscriptionKind kind,
                                std::span<const std::string_view> names, Instant now,
                                Duration timeout, Tag tag);
  /// Completes with the next message as its value: the push as the server said it. One at a time.
  Result<RequestId> next_message(ConnectionId connection, Instant now, Duration timeout, Tag tag) {
    return next_messages(connection, 1, now, timeout, tag);
  }
  /// As many as are there once there is one, up to `messages_max`: each that is not the last of so
  /// many comes as Event::pushed with the tag, and the outcome may have no value.
  Result<RequestId> next_messages(ConnectionId connection, std::size_t messages_max, Instant now,
                                  Duration timeout, Tag tag);
  /// What is missing before the message that is the last event.
  MessagesMissed messages_missed() const { return side_connections_.messages_missed(); }
  /// Call it once for each connection. A wait for a message ends with `closed`.
  void close_subscription(ConnectionId connection, Instant now);
  SubscriptionStatistics subscription_statistics(ConnectionId connection) const {
    return side_connections_.subscription_statistics(connection);
  }

  /// Takes no more requests, waits for the replies that are owed, then closes.
  void close(Instant now);
  /// Closes now: every request ends.
  void abort();

  void handle_opened(ConnectionId connection, Instant now);
  void handle_closed(ConnectionId connection, const Error& reason, Instant now);

  /// Whether the client still uses this connection of the driver's. If not, Action::close is about
  /// to come.
  bool is_connected(ConnectionId connection) const;

  /// Where to read to. Empty: do not read now, ask again when the Budget has memory, or after the
  /// next handle_timeout(), unless it is_paused(). Stays valid until handle_read(), which may be of
  /// no bytes, or the end of the connection.
  std::span<char> read_space(ConnectionId connection);
  void handle_read(ConnectionId connection, std::size_t bytes, Instant now);

  /// True if read_space() is empty because the user does not take the messages of a subscription
  /// (OverflowPolicy::pause_reading), not because memory is missing. take_resumed_connections()
  /// says when to read again.
  bool is_paused(ConnectionId connection) const;
  /// A bit for each connection that was paused, and may be read since this was asked last. To be
  /// asked once poll_event() has no more to say.
  std::uint64_t take_resumed_connections() {
    return side_connections_.empty() ? 0 : side_connections_.take_resumed();
  }

  /// What to send, as far as `spans` reach; mostly nothing. After each answer with bytes the driver
  /// must call handle_written(), with the number that the transport took, before it asks again. The
  /// bytes stay where they are until then, or until the connection ends (handle_closed(),
  /// Action::close).
  std::size_t poll_transmit(ConnectionId connection, std::span<std::string_view> spans);
  void handle_written(ConnectionId connection, std::size_t bytes);

  void handle_timeout(Instant now);

  /// When to call handle_timeout() at the latest.
  Instant poll_timeout() {
    recording_.note(FlightRecord::poll_timeout);
    const Instant next = session_.poll_timeout();
    const bool is_used = session_.state() != Session::State::idle && !session_.is_closed();
    const Instant tick = is_used ? budget_.poll_timeout(this, session_.now()) : leave_ticks();
    const Instant line = admission_.empty() ? never : line_timeout();
    const Instant sides = side_connections_.empty() ? never : side_connections_.poll_timeout();
    return std::min({next, tick, line, sides, near_ ? near_timeout() : never});
  }

  /// A bit for each connection that poll_transmit() may have something for.
  std::uint64_t unsent_connections() const {
    return (session_.has_unsent() ? 1u : 0u) |
           (side_connections_.empty() ? 0 : side_connections_.unsent());
  }

  std::optional<Action> poll_action();

  /// The next thing that happened. Call it until there is none, after every call that brings
  /// something in; views in an event live until then.
  std::optional<Event> poll_event() {
    if (recording_.on() || !side_connections_.empty() || near_) return poll_all();
    // A shortcut through poll_all() for a client with nothing but its main connection: mostly a
    // reply is at hand, or nobody has anything to say.
    std::optional<Event> event = session_.poll_event();
    const bool is_all = event ? event->tag < internal_tag_first : admission_.empty();
    if (!is_all) event = poll_main(event);
    return event;
  }

  /// Takes the reply of the last event along. reply_too_large where there is no room for it.
  Result<Reply> keep_reply() {
    if (side_spoke_) return side_connections_.keep_reply();
    return near_ ? keep_shared_reply() : session_.keep_reply();
  }

  ClientStatistics statistics() const;

  /// Records from now on what this client is told, in a ring of `ring_bytes`, for a post-mortem
  /// (flight_recorder.h). invalid_argument; out_of_memory.
  Status start_recording(std::size_t ring_bytes) {
    if (near_) {
      return Error{.code = ErrorCode::invalid_argument,
                   .what = "a client with a cache cannot be recorded: a replay has no cache",
                   .expected = "a client without one"};
    }
    return recording_.start(*accounts_.connections, ring_bytes);
  }
  void stop_recording() { recording_.stop(); }
  const FlightRecorder& recorder() const { return recording_.recorder(); }

  /// The text in front of the records: what `./dev sim --replay` has to know of the options. No
  /// secrets. Returns the part of `out` that it took; recording_header_max is enough.
  std::string_view recording_header(std::span<char> out) const {
    return recording_.header(options(), out);
  }
  static constexpr std::size_t recording_header_max = 2560;

  /// CHECKs all that must hold between calls, for tests and the simulator. Walks over everything.
  void validate() {
    session_.validate();
    side_connections_.validate();
    admission_.validate();
  }

 private:
  Result<RequestId> stage(const CommandView& command, Instant now, Duration timeout, Tag tag) {
    if (command.block_time != Duration::zero()) return stage_blocking(command, now, timeout, tag);
    if (near_) return stage_near(command, now, timeout, tag);
    if (!admission_.empty()) return refuse_to_overtake();
    Result<RequestId> id = session_.submit(command, deadline_of(now, timeout), tag);
    ++(id ? submitted_ : rejected_);
    return id;
  }
  // A closed client may be kept for ever, and no driver calls it: other clients get the ticks.
  Instant leave_ticks() {
    budget_.leave(this);
    return never;
  }
  static Instant deadline_of(Instant now, Duration timeout) {
    return timeout == Duration::zero() ? never : after(now, timeout);
  }
  // The server's own time comes first.
  static Instant deadline_of(const CommandView& command, Instant now, Duration timeout) {
    if (command.block_time == CommandView::forever) return never;
    return deadline_of(after(now, command.block_time), timeout);
  }
  Result<RequestId> submit_recorded(const CommandView& command, Instant now, Duration timeout,
                                    Tag tag);
  Result<RequestId> stage_blocking(const CommandView& command, Instant now, Duration timeout,
                                   Tag tag);
  Result<RequestId> stage_near(const CommandView& command, Instant now, Duration timeout, Tag tag,
                               Duration max_staleness = cache::any_staleness);
  Result<RequestId> note_side_request(const CommandView& command, const Result<RequestId>& id);
  Result<RequestId> count(const Result<RequestId>& id);
  Result<RequestId> refuse_to_overtake();
  Status check_open() const;
  Status check_may_wait() const;
  Result<RequestId> join_waiters(const CommandView& command, std::size_t bytes, Instant now,
                                 Duration timeout, Tag tag);
  void cancel_wait(RequestId id);
  void handle_waiters_timeout(Instant now);
  Instant line_timeout() const { return std::min(admission_.next_deadline(), room_again_at_); }
  Instant near_timeout() const;

  std::optional<Event> poll_all();
  std::optional<Event> poll_session();
  std::optional<Event> poll_main(std::optional<Event> event);
  std::optional<Event> handle_internal(const Event& event);
  std::optional<Event> poll_waiters();
  std::optional<Event> poll_first_waiter();
  Event waiter_failed(const Ended& ended);
  Result<Reply> keep_shared_reply();

  const ClientOptions& options() const { return session_.options(); }
  Session* find(ConnectionId connection) {
    return connection == first_connection ? &session_ : find_side(connection);
  }
  Session* find_side(ConnectionId connection);
  void note_input(FlightRecord kind, Instant now) {
    if (recording_.on()) recording_.record_input(kind, now, rest(now));
  }
  std::optional<Session::Rest> rest(Instant now) const;

  Accounts accounts_;
  Budget& budget_;
  std::uint64_t submitted_ = 0;
  std::uint64_t rejected_ = 0;
  ClientRecording recording_;
  Session session_;
  SideConnections side_connections_;
  Admission admission_;
  Box<NearCache> near_;      // where there is a cache
  bool admitted_ = false;    // the first in line is
  bool side_spoke_ = false;  // the last event was of a connection beside the main one
  Error admission_error_;
  Instant waiters_now_ = Instant::min();
  Instant room_again_at_ = never;  // there was no memory for the first in line
  std::uint64_t refused_progress_ = 0;
  std::size_t waiting_for_memory_ = 0;  // as the account knows
  std::optional<Event> end_;            // of the main connection, until the others are over
};

}  // namespace plimsoll
