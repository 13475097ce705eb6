#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/client/admission.h"
#include "plimsoll/core/client/subscription.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/session/session.h"

// A client's side connections, opened when they are needed: for commands that block, one at a time
// each; for exclusive use (WATCH); and for subscriptions. Options bound their number. Only a
// subscription's connection is replaced after a loss. On the others, the requests of the lost
// connection end, and the next command or exclusive user gets another connection.
//
// The states of a connection that is not for a subscription:
//
//   idle        submit_blocking(), submit_admitted()                 -> busy
//               open_exclusive()                                     -> exclusive
//               side_connection_idle_max, or older than the main one -> closed
//   busy        outcome                                              -> idle
//               cancel() or deadline, the command was not sent       -> idle
//               cancel() or deadline, the command was sent           -> unblocking
//   unblocking  outcome, and the answer to CLIENT UNBLOCK            -> idle
//               neither within tombstone_age_max, or CLIENT UNBLOCK
//               cannot be sent, is refused or is lost                -> aborted (cut())
//   exclusive   release()                                            -> given up
//   given up    open_exclusive(), nothing but UNWATCH is in flight   -> exclusive
//               nothing is in flight                                 -> idle
//
// Invariants:
//  - A connection for blocking commands has one request at a time, because a command that blocks
//    delays all commands behind it.
//  - No command is sent on a connection while a CLIENT UNBLOCK for it is under way: it could
//    unblock the new command instead of the command that it was meant for.
//  - CLIENT UNBLOCK is sent only if the side connection was opened beside the present main
//    connection. After a restart of the server, another client's connection may have the same
//    number.
//  - If a cancelled command has taken an element from the server, its reply is delivered all the
//    same, because the element would be lost otherwise.
//  - A side connection goes to the main connection's server. A subscription follows the main
//    connection to another one.
//  - empty() is true only if there are no side connections and no waiters for one.

namespace plimsoll::inline v0 {

/// Identifies one of the client's connections: a small number, used again once the connection is
/// over.
enum class ConnectionId : std::uint32_t {};
inline constexpr ConnectionId first_connection{0};

/// How long to wait before sending CLIENT UNBLOCK again if the server had nothing to unblock: it
/// may not have read the blocking command yet.
inline constexpr Duration unblock_again_wait = std::chrono::milliseconds(20);

/// A connection that is idle for this long is closed.
inline constexpr Duration side_connection_idle_max = std::chrono::seconds(60);

class SideConnections {
 public:
  /// The options and the accounts are those of `main`, on which CLIENT UNBLOCK is sent, and which
  /// must outlive this object.
  explicit SideConnections(Session& main) : main_(main) {}
  ~SideConnections();
  SideConnections(const SideConnections&) = delete;
  SideConnections& operator=(const SideConnections&) = delete;

  /// True if there are no side connections and no waiters for one, so there can be no events.
  bool empty() const { return empty_; }
  /// From now on empty() is false: the client has sentinels, too, and looks at them wherever it
  /// looks at side connections, so that a client without either looks once.
  void never_be_empty() {
    never_empty_ = true;
    empty_ = false;
  }

  /// Submits a command that blocks, on an idle connection or a new one. Error: rejected_by_limit,
  /// also while other commands wait for a connection.
  Result<RequestId> submit_blocking(const CommandView& command, Instant now, Instant deadline,
                                    Tag tag);

  /// Adds a waiter for a command of `bytes` encoded bytes for which there was no connection.
  /// `other` is the size of the main connection's queue of waiters, which shares its bounds with
  /// this one. Errors of Admission::join(). Once there is a connection, Event::admitted is
  /// reported; the client must then call submit_admitted() or cancel_wait().
  Result<RequestId> join(std::size_t bytes, Instant now, Instant deadline, Tag tag,
                         const Admission::Size& other);
  void cancel_wait(RequestId id);
  /// The waiter that was admitted and has yet to be submitted; null if there is none.
  const Admission::Waiter* admitted() const {
    return has_waiting() && table_->waiting->reserved ? &table_->waiting->waiters.first() : nullptr;
  }
  RequestId submit_admitted(const CommandView& command, Tag tag);
  /// The queue of waiters, for its counters; null until the first waiter joins.
  const Admission* waiters() const { return has_waiting() ? &table_->waiting->waiters : nullptr; }

  /// Opens an exclusive connection, or takes an idle one. Error: rejected_by_limit, also while
  /// commands wait for a connection.
  Result<ConnectionId> open_exclusive(Instant now);
  /// connection_lost: the exclusive connection was lost, and is not replaced.
  Result<RequestId> submit_to(ConnectionId connection, const CommandView& command, Instant deadline,
                              Tag tag);
  /// Gives the connection back. Requests in flight on it still get their outcomes.
  void release(ConnectionId connection, Instant now);

  Result<ConnectionId> open_subscription(Instant now);
  Result<RequestId> subscribe(ConnectionId connection, SubscriptionKind kind,
                              std::span<const std::string_view> names, Instant now,
                              Instant deadline, Tag tag);
  Result<RequestId> unsubscribe(ConnectionId connection, SubscriptionKind kind,
                                std::span<const std::string_view> names, Instant now,
                                Instant deadline, Tag tag);
  Result<RequestId> next_messages(ConnectionId connection, std::size_t messages_max, Instant now,
                                  Instant deadline, Tag tag);
  /// The messages missed before the message that is the last event.
  MessagesMissed messages_missed() const;
  void close_subscription(ConnectionId connection, Instant now);
  SubscriptionStatistics subscription_statistics(ConnectionId connection) const;

  /// Whether an id is that of a request on a side connection.
  static bool is_side_id(RequestId id) { return request_ids::is_on_side(id); }
  void cancel(RequestId id, Instant now);

  /// See Pipeline::staged_places().
  std::size_t staged_places(RequestId id, std::uint64_t offset, std::size_t size,
                            std::span<std::string_view> spans) const;

  /// Whether a request on a side connection was answered, or can no longer be answered.
  bool is_answered(RequestId id) const;
  /// Whether no request is in flight on any side connection.
  bool none_is_under_way() const;

  /// Whether no session or waiter has another event. Connections may still have to be closed.
  bool have_said_all() const;

  /// The client has another server now, for `reason`: leaves all connections to the one before.
  void leave_server(const Error& reason, Instant now);

  void set_credentials(const Credentials& credentials);
  void close(Instant now);
  void abort();
  /// Call this when the main connection is over. Aborts the side connections, unless the user has
  /// closed the client.
  void abort_unless_closing();
  /// True if the user has closed the client but not aborted it, so side connections may still wait
  /// for replies.
  bool take_their_time() const { return closing_ && !aborted_; }
  void handle_timeout(Instant now);
  Instant poll_timeout();

  struct SideAction {
    Session::Action action;
    ConnectionId connection;
    SeedId seed;
  };
  std::optional<SideAction> poll_action();
  std::optional<Event> poll_event();
  /// A short cut, if the last event came from here: the next message that the same connection
  /// brings, if a call waits for it. Messages come in crowds; nobody else needs to be asked between
  /// two. poll_event() returns what comes next.
  std::optional<Event> poll_message();
  std::uint64_t unsent() const;
  std::uint64_t take_resumed();

  /// Handles the answer to a CLIENT UNBLOCK, or its loss.
  void handle_unblocked(Tag internal_tag, const Event& event);

  /// Handles the outcome of an internal AUTH; returns the event for users, if any.
  static std::optional<Event> credentials_outcome(const Event& event);

  /// The session of a connection; null once the connection is over.
  Session* session(ConnectionId connection) const;
  /// Moves out the value of the last event, so that it outlives the event.
  Result<Reply> keep_reply();

  std::size_t blocking_count() const { return count(Role::blocking) + count(Role::exclusive); }
  std::size_t subscriptions_count() const { return count(Role::subscription); }

  /// CHECKs all that must hold between calls.
  void validate();

 private:
  enum class Role : std::uint8_t { blocking, exclusive, subscription };
  enum class Early : std::uint8_t { no, cancelled, timed_out };

  struct Side {
    Side(Role what_for, const SessionOptions& options, const Session::Accounts& accounts,
         Session::Use use)
        : role(what_for), session(options, accounts, use) {}

    Role role;
    AccountHandle pushes{};  // a subscription's: pays for what it reads and queues
    RequestId incarnation = 0;
    std::uint64_t main_when_opened = 0;  // main_number() when it was opened
    SeedId seed{};                       // the main connection's address when it was opened
    bool given_up = false;               // its user gave it back
    // While it is `exclusive`:
    bool may_watch = false;   // WATCH was submitted since the last UNWATCH
    bool unwatching = false;  // the UNWATCH of release() is under way
    // While it is `blocking`:
    bool busy = false;
    bool unblocking = false;  // CLIENT UNBLOCK is under way: no command may be sent here
    Early early = Early::no;  // why its user stopped waiting; `no`: still waits
    RequestId request = 0;
    Instant deadline = never;    // the request's; once it has passed, that of the server's answer
    Instant unblock_at = never;  // when to send CLIENT UNBLOCK again
    Instant idle_since = never;
    Error error{};
    Session session;
    Box<Subscription> subscription{};
  };

  static_assert(connections_max <= request_ids::places_of_connections);

  const SessionOptions& options() const { return main_.options(); }
  const Session::Accounts& accounts() const { return main_.accounts(); }
  bool make_table();
  Result<std::uint32_t> open(Role role, Instant now);
  std::optional<std::uint32_t> idle_one() const;
  std::optional<std::uint32_t> returning_one() const;
  static bool is_idle(const Side& side);
  std::size_t count(Role role) const;
  Side& side(ConnectionId connection, Role role) const;
  Result<RequestId> on(std::uint32_t index, const Result<RequestId>& id) const;
  RequestId begin(std::uint32_t index, RequestId id, Instant deadline);
  void end_early(std::uint32_t index, Early early, Instant now);
  std::uint64_t main_number() const;
  bool is_known_to_main(const Side& side) const;
  void unblock(std::uint32_t index);
  void cut(Side& side);
  std::optional<Event> poll_side_connections();
  std::optional<Event> translate(Side& side, const Event& event);
  std::optional<Event> translate_blocking(Side& side, const Event& event);
  std::optional<Event> poll_subscription(Side& side);
  void settle(Side& side);
  void close_if_older(Side& side);
  void follow_main(Side& side) const;
  void drop_those_over();
  std::optional<Event> poll_waiters();
  Event waiter_failed(const Ended& ended);
  Pipeline::Room make_room(std::size_t bytes);
  void release_room();
  bool has_waiting() const { return table_ && table_->waiting; }
  bool nobody_waits() const { return !has_waiting() || table_->waiting->waiters.empty(); }
  void note_use() { empty_ = used_ == 0 && nobody_waits() && !never_empty_; }

  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::uint64_t left = used_; left != 0; left &= left - 1) {
      const auto index = static_cast<std::uint32_t>(std::countr_zero(left));
      visit(index, *table_->sides[index]);
    }
  }

  Session& main_;
  Instant now_ = Instant::min();
  std::uint64_t used_ = 0;  // a bit for each connection that exists
  bool empty_ = true;       // no connection and no waiter; cached because every event asks
  bool never_empty_ = false;
  bool closing_ = false;
  bool aborted_ = false;
  RequestId incarnations_ = 0;
  Side* last_ = nullptr;  // the connection of the last event

  // Both are allocated when they are first needed.
  struct Waiting {
    explicit Waiting(Account& requests, std::size_t waiters_max)
        : waiters(requests, waiters_max, Admission::Of::connections) {}

    Admission waiters;
    std::optional<std::uint32_t> reserved;  // the connection with room for the first waiter
    Instant room_again_at = never;          // when to ask again for memory for the first waiter
    std::uint64_t refused_progress = 0;     // the main connection's progress() at that time
    Error error{};
  };
  struct Table {
    std::array<Box<Side>, connections_max> sides;  // the first is not used
    Box<Waiting> waiting;
  };
  Box<Table> table_;
};

}  // namespace plimsoll::inline v0
