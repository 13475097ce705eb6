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
#include "plimsoll/core/client/action.h"
#include "plimsoll/core/client/admission.h"
#include "plimsoll/core/client/client_recording.h"
#include "plimsoll/core/client/cluster_counters.h"
#include "plimsoll/core/client/cluster_options.h"
#include "plimsoll/core/client/if_other_servers.h"
#include "plimsoll/core/client/replica_counters.h"
#include "plimsoll/core/client/replica_options.h"
#include "plimsoll/core/client/room_waiters.h"
#include "plimsoll/core/client/side_connections.h"
#include "plimsoll/core/cluster/node_address.h"
#include "plimsoll/core/cluster/node_choice.h"
#include "plimsoll/core/cluster/seeds.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/session/session.h"

// More than 500 lines, because it is the core's whole interface for drivers, and most lines are its
// comments.

// The interface of the core for drivers: native/ under Asio, wasm/ under JavaScript, and tests. No
// call blocks. The driver passes in requests, bytes and time; the poll functions return what to
// send, the outcomes of requests, and when to call handle_timeout(). Not thread-safe: the driver
// locks. A client owns its sessions: the main one, which most requests share, and side connections
// for requests that must not share it. It may have connections to sentinels, which say where its
// primary is, and to replicas, from which it reads. With a cache it also has a NearCache, its part
// in the cache, which sees the events of the main session first.
//
// Invariants:
//  - Each accepted request has exactly one outcome: `completed` or `failed`, with its tag.
//  - While requests wait for room, submit() refuses new ones, so that none overtakes the waiters.
//  - While a waiter is admitted (admitted()), its room is reserved, and the next call must be
//    submit_admitted() or cancel().
//  - If there are other connections, `closed` is the last event, after those of the others.
//  - poll_all() asks for events in this order: messages behind a message, sentinels, requests that
//    a client made before it found its cluster, main session (through the near cache) and waiters,
//    replicas or nodes, side connections, waiters once more, `closed`.
//  - With sentinels, a connection to a server is opened only at the address that they name, and is
//    given up as soon as they name another (handle_sentinels()).

namespace plimsoll::inline v0 {

namespace cache {
class Cache;
}
class Cluster;
class NearCache;
class OtherServers;
class Replicas;
class Sentinels;

using ClientOptions = SessionOptions;

struct ClientStatistics {
  Session::State state = Session::State::idle;
  std::size_t in_flight = 0;  ///< requests and tombstones
  std::uint64_t submitted = 0;
  std::uint64_t rejected = 0;
  std::size_t waiting = 0;            ///< requests that wait now: for room, or for a connection to
                                      ///< block on
  std::size_t waiting_to_block = 0;   ///< of these, the ones that wait for a connection
  std::uint64_t waited = 0;           ///< requests that have waited so far, for either
  std::uint64_t waiters_refused = 0;  ///< requests that could not become waiters; counted in
                                      ///< `rejected` as well
  SessionCounters counters;  ///< of the main connection, in a cluster with those of its nodes; but
                             ///< completed and failed are the outcomes of all that was submitted
  std::size_t blocking_connections = 0;  ///< open ones, for commands that block and for exclusive
                                         ///< use
  std::size_t subscriptions = 0;         ///< open
  ReplicaCounters replicas;              ///< zero, if no replicas are read
  ClusterCounters cluster;               ///< zero, if the servers are no cluster
  Error last_problem;  ///< why the main connection was last lost or could not be made
};

class Client {
 public:
  /// The accounts that pay for a client. They are opened before the client is constructed.
  struct Accounts {
    AccountHandle requests;
    AccountHandle replies;
    AccountHandle connections;
    Charge own;  // pays for the Client object
  };

  /// Opens the accounts in `budget`, which must outlive the client and its replies. out_of_memory:
  /// the memory line has no room for one more client.
  static Result<Accounts> open_accounts(Budget& budget);

  /// `options` must have passed validate(); the texts that they refer to must outlive the client.
  Client(const ClientOptions& options, Accounts accounts);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Makes this client read through `cache`, which must outlive the client. Call it before
  /// connect(). `place` names the server, database and protocol, and all else that the driver knows
  /// about the way there. Clients share entries if they have the same place, the same set_shown()
  /// text and the same user; the client asks the server for the user on each connection. The
  /// options must ask for tracking if the cache's mode needs it. Errors: out_of_memory;
  /// invalid_option, if the cache has too many clients.
  ///
  /// `clock_step`: how far a reading of the driver's clock may lag behind the time; zero if the lag
  /// is negligible. The client lowers its estimate when two readings differ by less.
  Status use_cache(cache::Cache& cache, std::string_view place,
                   Duration clock_step = Duration::zero());

  /// Makes this client ask sentinels where its primary is, as the options say (`sentinel`). Call it
  /// before connect(), if they do. Error: out_of_memory.
  Status use_sentinels();

  /// The sentinels that are asked; null if none are.
  const Sentinels* sentinels() const { return find_sentinels(); }

  /// Makes this client read from replicas, which its primary names. Call it before connect(), and
  /// behind use_cache() if there is a cache, which must not use broadcasts. `options` must have
  /// passed validate(), read_from must not be `primary`, and the client's options must have
  /// primary_only. Error: out_of_memory.
  Status use_replicas(const ReplicaOptions& options);

  /// The replicas of one primary that are read; null if none are.
  const Replicas* replicas() const { return replicas_.get(); }
  /// Connections beside the main one that are not for single users; null if there are none.
  const OtherServers* others() const { return others_.get(); }

  /// Makes this the client of a cluster, of which the driver's addresses are some nodes. Call it
  /// before connect(), and behind use_cache() if there is a cache, which must not use broadcasts;
  /// with neither sentinels nor replicas. `options` must have passed validate(). Error:
  /// out_of_memory.
  Status use_cluster(const ClusterOptions& options);

  /// Makes this the client of a cluster if the first server that is ready says that it is a node of
  /// one. Otherwise the client has a single server, and never uses a node of a cluster in its
  /// place. Call it before connect(), and not with use_sentinels() or use_cluster(). `options` must
  /// outlive the client. What does not go with a cluster ends the client with invalid_option if
  /// there is one; a lack of memory for it with out_of_memory.
  void find_cluster(const ClusterOptions& options);

  /// The nodes of the cluster; null if the servers are none.
  const Cluster* cluster() const { return cluster_.get(); }

  /// Sets the text that the main connection shows on the way to the server, such as the token for a
  /// bridge. If the text changes, call this before handle_opened() of the connection that shows the
  /// new one. The client must have a cache.
  void set_shown(std::string_view text);

  /// Returns the client's part in its cache, for lookups; null without a cache. Lives as long as
  /// the client.
  NearCache* near_cache() const { return near_.get(); }

  /// Returns whether the server tracks what the main connection reads and, if not, why.
  Tracking tracking() const { return session_.tracking(); }

  /// The address of the main connection, or that of the last attempt at one.
  SeedId seed() const { return session_.seed(); }

  /// Starts to connect. Event::ready reports success, Event::closed reports failure.
  void connect(Instant now);

  /// Stages a request; the client need not be ready yet. The request's one outcome carries `tag`.
  /// `timeout` counts from `now` and includes waiting; zero: no timeout. Errors change nothing:
  /// rejected_by_limit, closed. After rejected_by_limit call wait_for_room() if may_wait().
  ///
  /// The reply to a read was true at most `max_staleness` before this call. Zero: it is true at the
  /// time of the call, which is proved without the clock. A client without a cache always reads
  /// from the server; with any `max_staleness` given, from the primary.
  Result<RequestId> submit(const CommandView& command, Instant now, Duration timeout, Tag tag,
                           Duration max_staleness = cache::any_staleness) {
    if (is_special_) [[unlikely]]
      return submit_specially(command, now, timeout, tag, max_staleness);
    return stage(command, now, timeout, tag);
  }
  /// Whether submit() of this command does no more than submit_plain(): it needs the time for a
  /// deadline only. So it is, unless the client has a cache, reads from replicas, has a cluster or
  /// records, or the command blocks.
  bool is_plain(const CommandView& command) const {
    return command.block_time == Duration::zero() && !is_special_;
  }
  /// submit() of a command for which is_plain() is true. `deadline`: `never` if there is none.
  Result<RequestId> submit_plain(const CommandView& command, Instant deadline, Tag tag) {
    if (!waiters_.empty()) [[unlikely]]
      return refuse_to_overtake();
    return stage_on_main(command, deadline, tag);
  }

  /// submit() with the options' request_timeout.
  ///
  /// In both, a command that blocks (block_time) gets a side connection, and its timeout starts
  /// when block_time has passed, because the server should answer by then. rejected_by_limit then
  /// means blocking_connections_max, or that others wait for a connection; wait_for_room() applies
  /// in this case, too.
  Result<RequestId> submit(const CommandView& command, Instant now, Tag tag) {
    return submit(command, now, options().request_timeout, tag);
  }

  /// Submits a command to one node of the cluster, or to all of its primaries: then the reply is a
  /// map of their addresses to their answers. After rejected_by_limit it cannot wait for room.
  /// Other errors: invalid_argument, if the servers are no cluster; refused_command, if the command
  /// blocks.
  Result<RequestId> submit_at(const NodeChoice& where, const CommandView& command, Instant now,
                              Duration timeout, Tag tag);

  /// Completes, without a value, when a proof shows that the client knows all changes from before
  /// this call to the keys that it has cached. A proof takes one round trip, with broadcasts two,
  /// and serves all calls that are waiting for it. Completes at once if nothing is tracked or the
  /// client is closing, because there is nothing to prove then. The client must have a cache.
  /// Errors as for submit().
  Result<RequestId> prove(Instant now, Duration timeout, Tag tag);

  /// Whether a request that submit() rejected with this error may wait_for_room().
  bool may_wait(const Error& refusal) const {
    return refusal.code == ErrorCode::rejected_by_limit &&
           options().inflight_overflow == OnLimit::wait;
  }

  /// Adds a waiter for a request that was just rejected. The caller keeps the command. Waiters are
  /// served in order; submit() rejects new requests meanwhile. Once there is room, Event::admitted
  /// comes with `tag`, and the very next call must be submit_admitted() or cancel(): the room is
  /// reserved for this request until then. Otherwise the wait fails with timed_out, cancelled or
  /// closed. Commands that block wait in a queue of their own, for connections, within the same
  /// bounds. Internal requests and requests on exclusive and subscription connections never wait.
  /// Errors: rejected_by_limit (waiters_max, half of the pool's share, no memory for a waiter, or
  /// inflight_overflow is not OnLimit::wait); closed.
  Result<RequestId> wait_for_room(const CommandView& command, Instant now, Duration timeout,
                                  Tag tag);

  /// Stages the admitted request with its waiter's deadline. The outcome carries `tag`, which may
  /// differ from the waiter's tag. The returned id differs from the waiter's id.
  RequestId submit_admitted(const CommandView& command, Tag tag);

  /// The admitted waiter that the caller has yet to submit or cancel; null if there is none.
  const Admission::Waiter* admitted() {
    const Admission::Waiter* const admitted = waiters_.admitted();
    return admitted != nullptr ? admitted : side_connections_.admitted();
  }

  /// Whether requests wait for room. handle_written() can make room, so call poll_event() after it.
  bool has_waiters() const { return !waiters_.empty(); }

  /// The error for a request of so many bytes for which the requests pool has no room.
  Error lack_of_room(std::size_t bytes) const {
    return Pipeline::lack_of_room(requests_account(), bytes);
  }

  /// The account that pays for requests, and for the commands of waiters.
  Account& requests_account() const { return *accounts_.requests; }
  /// The account that pays for the client and its connections.
  Account& connections_account() const { return *accounts_.connections; }
  /// The account that pays for replies that are kept.
  Account& replies_account() const { return *accounts_.replies; }

  /// For a command with deferred words (core/resp/encoder.h), right behind the call that staged it:
  /// returns where bytes of the encoded request lie, for the caller to write. Fills `spans` with
  /// the places of the `size` bytes from `offset` on, or of as many as fit. The bytes must be
  /// within the request.
  std::size_t staged_places(RequestId id, std::uint64_t offset, std::size_t size,
                            std::span<std::string_view> spans) const {
    return SideConnections::is_side_id(id) ? places_elsewhere(id, offset, size, spans)
                                           : session_.staged_places(id, offset, size, spans);
  }

  /// Cancels a request, unless it has ended already; its outcome is then `cancelled`. If the
  /// request blocks on the server, the client first sends CLIENT UNBLOCK; if the server has already
  /// taken an element for the request, the element is the outcome.
  void cancel(RequestId id, Instant now);

  /// Changes the user: in every handshake from now on, and by AUTH on connections that exist. The
  /// views must live until the next call of this function or the end of the client.
  void set_credentials(const Credentials& credentials);

  /// Opens an exclusive connection, for WATCH and the transaction after it; submit_to() sends
  /// requests there. A lost exclusive connection is not replaced. Errors: rejected_by_limit
  /// (blocking_connections_max), closed.
  Result<ConnectionId> open_exclusive(Instant now);
  /// Errors: connection_lost (release the connection and open another), rejected_by_limit, closed.
  Result<RequestId> submit_to(ConnectionId connection, const CommandView& command, Instant now,
                              Duration timeout, Tag tag);
  /// Gives the connection back. Call it once for each connection. Requests in flight on it go on.
  void release(ConnectionId connection, Instant now);

  /// Opens a connection for subscriptions. After a loss the client replaces it and restores the
  /// subscriptions. Errors: rejected_by_limit (subscriptions_max), closed.
  Result<ConnectionId> open_subscription(Instant now);
  /// Completes when the server has confirmed all names. Errors: invalid_argument,
  /// rejected_by_limit, closed.
  Result<RequestId> subscribe(ConnectionId connection, SubscriptionKind kind,
                              std::span<const std::string_view> names, Instant now,
                              Duration timeout, Tag tag);
  Result<RequestId> unsubscribe(ConnectionId connection, SubscriptionKind kind,
                                std::span<const std::string_view> names, Instant now,
                                Duration timeout, Tag tag);
  /// Completes with the next message as its value: the push as the server sent it. Only one call
  /// per subscription can wait at a time.
  Result<RequestId> next_message(ConnectionId connection, Instant now, Duration timeout, Tag tag) {
    return next_messages(connection, 1, now, timeout, tag);
  }
  /// Waits for a message, then takes the messages that are queued, up to `messages_max`. Each
  /// message comes as Event::pushed with the tag; only message number `messages_max` comes with the
  /// outcome, which otherwise has no value.
  Result<RequestId> next_messages(ConnectionId connection, std::size_t messages_max, Instant now,
                                  Duration timeout, Tag tag);
  /// The messages missed before the message that is the last event.
  MessagesMissed messages_missed() const { return side_connections_.messages_missed(); }
  /// Closes a subscription. Call it once for each connection. A wait for a message ends with
  /// `closed`.
  void close_subscription(ConnectionId connection, Instant now);
  SubscriptionStatistics subscription_statistics(ConnectionId connection) const {
    return side_connections_.subscription_statistics(connection);
  }

  /// Rejects new requests, waits for the replies of those in flight, then closes.
  void close(Instant now);
  /// Closes now and ends every request.
  void abort();

  void handle_opened(ConnectionId connection, Instant now);
  void handle_closed(ConnectionId connection, const Error& reason, Instant now);

  /// Whether the client still uses this connection. If not, poll_action() is about to return a
  /// close.
  bool is_connected(ConnectionId connection) const;

  /// Returns the memory to read to. Empty: do not read now; unless the connection is_paused(), ask
  /// again when the Budget has memory, or after the next handle_timeout(). The memory stays valid
  /// until handle_read(), whose `bytes` may be 0, or the end of the connection.
  std::span<char> read_space(ConnectionId connection);
  void handle_read(ConnectionId connection, std::size_t bytes, Instant now);

  /// True if read_space() is empty because the user does not take a subscription's messages
  /// (OverflowPolicy::pause_reading), not because memory is missing. take_resumed_connections()
  /// reports when to read again.
  bool is_paused(ConnectionId connection) const;
  /// Returns a bit for each paused connection that has become readable since the last call. Call it
  /// once poll_event() has returned nothing.
  std::uint64_t take_resumed_connections() {
    return side_connections_.is_main_alone() ? 0 : side_connections_.take_resumed();
  }

  /// Fills `spans` with bytes to send and returns how many spans it filled; usually 0. After each
  /// call that returned bytes, the driver must call handle_written(), with the number of bytes that
  /// the transport took, before the next call. The bytes stay valid until then, or until the
  /// connection ends (handle_closed(), Action::close).
  std::size_t poll_transmit(ConnectionId connection, std::span<std::string_view> spans);
  /// False: poll_transmit() would fill none.
  bool has_unsent(ConnectionId connection) const {
    const Session* const session = find(connection);
    return session != nullptr && session->has_unsent();
  }
  void handle_written(ConnectionId connection, std::size_t bytes);

  void handle_timeout(Instant now);

  /// The latest time at which to call handle_timeout().
  Instant poll_timeout() {
    recording_.note(FlightRecord::poll_timeout);
    const Instant next = session_.poll_timeout();
    const bool is_used = session_.state() != Session::State::idle && !session_.is_closed();
    const Instant tick = is_used ? budget().poll_timeout(this, session_.now()) : leave_ticks();
    const Instant waiters = waiters_.empty() ? never : waiters_.poll_timeout();
    const Instant sides = side_connections_.is_main_alone() ? never : sides_timeout();
    return earliest(next, tick, waiters, sides, near_ ? near_timeout() : never);
  }

  /// How many bytes of requests have ever been staged on the main connection.
  std::uint64_t staged_bytes() const { return session_.staged_until(); }

  /// Returns a bit for each connection with a number below 64 that may have bytes to send
  /// (poll_transmit()).
  std::uint64_t unsent_connections() const {
    return (session_.has_unsent() ? 1u : 0u) |
           (side_connections_.is_main_alone() ? 0 : unsent_sides());
  }
  /// The same for the others, which lead to nodes of a cluster: returns one of them at a time, and
  /// nothing in the end. One that was returned comes again only after it was used again.
  std::optional<ConnectionId> take_unsent_node() {
    return others_ ? take_unsent_of_others() : std::nullopt;
  }

  std::optional<Action> poll_action();

  /// Returns the next event. After every call that passes something in, call this until it returns
  /// nothing. Views in an event live until the next call.
  std::optional<Event> poll_event() {
    if (is_special_ || !side_connections_.is_main_alone()) return poll_all();
    // A fast path for a client with nothing but its main connection, where usually either a reply
    // is ready or there is no event at all.
    std::optional<Event> event = session_.poll_event();
    const bool is_all = event ? event->tag < internal_tag_first : waiters_.empty();
    if (!is_all) event = poll_more(event);
    count_outcome(event);
    return event;
  }

  /// Session::visit_short_replies() of the main connection, or in a cluster of the node that speaks
  /// now (Cluster::speaker()). Visits none if the client has a cache or records. poll_event()
  /// returns what comes next.
  template <class Visit>
  int visit_short_replies(int count_max, const Visit& visit) {
    if (is_special_) [[unlikely]]
      return visit_special(count_max, Visit(visit));
    side_spoke_ = false;
    const int count = session_.visit_short_replies(count_max, visit);
    completed_ += static_cast<std::uint64_t>(count);
    return count;
  }

  /// Copies or moves out the reply of the last event, so that it outlives the event.
  /// reply_too_large: there is no room for it.
  Result<Reply> keep_reply() {
    if (side_spoke_) return keep_side_reply();
    return near_ ? keep_shared_reply() : session_.keep_reply();
  }

  ClientStatistics statistics() const;

  /// Starts to record this client's inputs and outputs in a ring of `ring_bytes`, for a post-mortem
  /// (flight_recorder.h). Errors: invalid_argument, out_of_memory.
  Status start_recording(std::size_t ring_bytes) {
    if (near_) {
      return Error{.code = ErrorCode::invalid_argument,
                   .what = "a client with a cache cannot be recorded: a replay has no cache",
                   .expected = "a client without one"};
    }
    if (find_sentinels() != nullptr) {
      return Error{.code = ErrorCode::invalid_argument,
                   .what = "a client that asks sentinels cannot be recorded: a replay has none",
                   .expected = "a client with the address of a server"};
    }
    if (replicas_) {
      return Error{
          .code = ErrorCode::invalid_argument,
          .what = "a client that reads from replicas cannot be recorded: a replay has none",
          .expected = "a client with `primary` as read_from"};
    }
    if (cluster_) {
      return Error{.code = ErrorCode::invalid_argument,
                   .what = "the client of a cluster cannot be recorded: a replay has none",
                   .expected = "a client with the address of a server"};
    }
    const Status started = recording_.start(*accounts_.connections, ring_bytes);
    note_special();
    return started;
  }
  void stop_recording() {
    recording_.stop();
    note_special();
  }
  const FlightRecorder& recorder() const { return recording_.recorder(); }

  /// Writes the text in front of the records: the options that `./dev sim --replay` needs. It holds
  /// no secrets. Returns the part of `out` that was written; recording_header_max bytes are enough.
  std::string_view recording_header(std::span<char> out) const {
    return recording_.header(options(), out);
  }
  static constexpr std::size_t recording_header_max = 2560;

  /// CHECKs all that must hold between calls, for tests and the simulator. Walks over everything.
  void validate() {
    session_.validate();
    side_connections_.validate();
    waiters_.queue().validate();
    if (others_) validate_others();
  }

 private:
  Result<RequestId> stage(const CommandView& command, Instant now, Duration timeout, Tag tag) {
    if (command.block_time != Duration::zero()) return stage_blocking(command, now, timeout, tag);
    return submit_plain(command, deadline_of(now, timeout), tag);
  }
  Result<RequestId> submit_specially(const CommandView& command, Instant now, Duration timeout,
                                     Tag tag, Duration max_staleness);
  Result<RequestId> stage_on_main(const CommandView& command, Instant deadline, Tag tag) {
    Result<RequestId> id = session_.submit(command, deadline, tag);
    ++(id ? submitted_ : rejected_);
    return id;
  }
  // No driver calls a closed client, which may be kept for ever, so the budget's ticks must go to
  // other clients.
  Instant leave_ticks() {
    budget().leave(this);
    return never;
  }
  static Instant deadline_of(Instant now, Duration timeout) {
    return timeout == Duration::zero() ? never : after(now, timeout);
  }
  // The timeout starts when the command's own block time is over.
  static Instant deadline_of(const CommandView& command, Instant now, Duration timeout) {
    if (command.block_time == CommandView::forever) return never;
    return deadline_of(after(now, command.block_time), timeout);
  }
  Result<RequestId> submit_recorded(const CommandView& command, Instant now, Duration timeout,
                                    Tag tag);
  Result<RequestId> stage_by_reader(const CommandView& command, Instant now, Duration timeout,
                                    Tag tag, Duration max_staleness);
  [[gnu::always_inline]] inline Result<RequestId> stage_in_cluster(const CommandView& command,
                                                                   Instant now, Duration timeout,
                                                                   Tag tag, Duration max_staleness);
  Result<RequestId> stage_blocking(const CommandView& command, Instant now, Duration timeout,
                                   Tag tag);
  Result<RequestId> stage_near(const CommandView& command, Instant now, Duration timeout, Tag tag,
                               Duration max_staleness = cache::any_staleness);
  Result<RequestId> note_side_request(const CommandView& command, const Result<RequestId>& id);
  Result<RequestId> count(const Result<RequestId>& id);
  Result<RequestId> refuse_to_overtake();
  // Those who wait for one node of a cluster do not count.
  bool others_stand_before() const {
    return !waiters_.empty() && !waiters_.queue().are_all_aside();
  }
  Status check_open() const;
  Status check_may_wait() const;
  Result<RequestId> join_waiters(const CommandView& command, std::size_t bytes, Instant now,
                                 Duration timeout, Tag tag);
  void cancel_wait(RequestId id, Instant now);
  Instant near_timeout() const;

  std::optional<Action> poll_action_of_several();
  void handle_sentinels();
  // Whose short replies may be visited; null: nobody's, because each event has to be looked at.
  Session* special_speaker();
  // `visit` is a copy, so that the variables of the usual one stay in registers.
  template <class Visit>
  [[gnu::noinline]] int visit_special(int count_max, Visit visit) {
    Session* const speaker = special_speaker();
    if (speaker == nullptr) return 0;
    side_spoke_ = speaker != &session_;
    const int count = speaker->visit_short_kept_replies(count_max, visit);
    completed_ += static_cast<std::uint64_t>(count);
    note_visited();
    return count;
  }
  void note_visited();
  Pipeline::Room make_room(std::size_t bytes);
  void release_room();
  std::uint64_t progress() const;
  // Of all connections but the main one.
  Instant sides_timeout();
  std::uint64_t unsent_sides() const;
  std::optional<ConnectionId> take_unsent_of_others();
  std::size_t places_elsewhere(RequestId id, std::uint64_t offset, std::size_t size,
                               std::span<std::string_view> spans) const;
  bool make_others();
  Status make_cluster(const ClusterOptions& options);
  void enter_cluster();
  void validate_others();
  bool others_have_said_all() const;

  std::optional<Event> poll_all() {
    std::optional<Event> event = poll_everywhere();
    count_outcome(event);
    return event;
  }
  std::optional<Event> poll_others(bool again);
  void report_to_near_cache(const Event& event);
  std::optional<Event> poll_everywhere();
  std::optional<Event> poll_session();
  std::optional<Event> poll_main(std::optional<Event> event);
  std::optional<Event> poll_more(std::optional<Event> event);
  std::optional<Event> handle_internal(const Event& event);
  std::optional<Event> poll_waiters();
  std::optional<Event> poll_first_waiter();
  // Counts as submitted: it was accepted when it began to wait.
  Event waiter_failed(const Ended& ended) {
    ++submitted_;
    return session_.failed(ended.tag, waiters_.queue().error_of(ended, session_.refusal()));
  }
  Result<Reply> keep_shared_reply();
  Result<Reply> keep_side_reply();
  void count_outcome(const std::optional<Event>& event) {
    if (!event) return;
    completed_ += event->kind == Event::Kind::completed;
    failed_ += event->kind == Event::Kind::failed;
  }
  void note_special() {
    is_special_ = near_ || replicas_ != nullptr || cluster_ != nullptr || recording_.on();
  }

  const ClientOptions& options() const { return session_.options(); }
  Budget& budget() const { return accounts_.connections->budget(); }
  Session* find(ConnectionId connection) {
    return connection == first_connection ? &session_ : find_side(connection);
  }
  const Session* find(ConnectionId connection) const {
    return connection == first_connection ? &session_ : find_side(connection);
  }
  Session* find_side(ConnectionId connection) const;
  Sentinels* find_sentinels() const;  // null if no sentinel is asked
  void note_input(FlightRecord kind, Instant now) {
    if (recording_.on()) recording_.record_input(kind, now, rest(now));
  }
  // A replay can begin where the client is at rest, because nothing earlier matters there.
  std::optional<Session::Rest> rest(Instant now) const {
    return waiters_.empty() ? session_.at_rest(now) : std::nullopt;
  }

  Accounts accounts_;
  std::uint64_t submitted_ = 0;
  std::uint64_t rejected_ = 0;
  std::uint64_t completed_ = 0;  // outcomes, wherever their requests were
  std::uint64_t failed_ = 0;
  ClientRecording recording_;
  Session session_;
  SideConnections side_connections_;
  RoomWaiters waiters_;
  // What few clients have. If there is any of it, side_connections_.is_main_alone() is false, so
  // that a client without looks once.
  Box<NearCache> near_;                       // null without a cache
  IfOtherServers<Box<OtherServers>> others_;  // owns the next two; null if they are
  IfOtherServers<Replicas*> replicas_;        // null if no replica is read
  IfOtherServers<Cluster*> cluster_;          // null if the servers are no cluster
  const ClusterOptions* may_find_ = nullptr;  // for find_cluster()
  bool is_special_ = false;   // it has a cache, reads from replicas, has a cluster, or
                              // records
  bool side_spoke_ = false;   // the last event did not come from the main connection
  std::optional<Event> end_;  // the main connection's `closed`, held until the side
                              // connections are over
};

}  // namespace plimsoll::inline v0
