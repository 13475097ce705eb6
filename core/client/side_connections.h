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

// The connections of a client beside its main one, opened when they are needed: for commands that
// block, one at a time each; for exclusive use (WATCH); and for subscriptions. They are few and
// bounded by options. Only a subscription gets a new connection after a loss. Elsewhere the
// requests on the lost connection end, and the next command or exclusive user gets another
// connection.
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
//   given up    nothing is in flight                                 -> idle
//
// Invariants:
//  - A connection for blocking commands has one request at a time: one that blocks would hold up
//    all behind it.
//  - No command is sent on a connection for which a CLIENT UNBLOCK is under way: it could unblock
//    that command instead of the one it was meant for.
//  - CLIENT UNBLOCK is sent only while the main connection is the one beside which this one was
//    opened. After a restart of the server the same number may be another client's.
//  - If a cancelled command has taken an element from the server all the same, its reply is told:
//    the element would be lost otherwise.
//  - empty() is true only if there is no connection and nobody waits for one.

namespace plimsoll {

/// Names one of the client's connections: a small number, used anew once a connection is over.
enum class ConnectionId : std::uint32_t {};
inline constexpr ConnectionId first_connection{0};

/// When to send CLIENT UNBLOCK again, if the server had nothing to unblock: it may not have read
/// the blocking command yet.
inline constexpr Duration unblock_again_wait = std::chrono::milliseconds(20);

/// A connection that lies idle for that long is closed.
inline constexpr Duration side_connection_idle_max = std::chrono::seconds(60);

class SideConnections {
 public:
  struct Accounts {
    Account& requests;
    Account& replies;
    Account& connections;
  };

  /// `main` is where CLIENT UNBLOCK is sent. All must outlive this.
  SideConnections(const SessionOptions& options, const Accounts& accounts, Session& main)
      : options_(options), accounts_(accounts), main_(main) {}
  ~SideConnections();
  SideConnections(const SideConnections&) = delete;
  SideConnections& operator=(const SideConnections&) = delete;

  /// True if there are no side connections and nobody waits for one, so no events can come from
  /// them.
  bool empty() const { return empty_; }

  /// Submits a command that blocks, on an idle connection or a new one. rejected_by_limit, also
  /// while others wait for a connection.
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
  /// The queue of waiters, for its counters; null if nobody has waited yet.
  const Admission* waiters() const { return has_waiting() ? &table_->waiting->waiters : nullptr; }

  /// A connection for one user. rejected_by_limit, also where others wait for a connection.
  Result<ConnectionId> open_exclusive(Instant now);
  /// connection_lost: it is, and is not replaced.
  Result<RequestId> submit_to(ConnectionId connection, const CommandView& command, Instant deadline,
                              Tag tag);
  /// The user is done with it. Requests that are in flight on it still have their outcomes.
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
  /// What is missing before the message that is the last event.
  MessagesMissed messages_missed() const;
  void close_subscription(ConnectionId connection, Instant now);
  SubscriptionStatistics subscription_statistics(ConnectionId connection) const;

  /// Whether a request is on one of these.
  static bool is_side_id(RequestId id) { return request_ids::is_on_side(id); }
  void cancel(RequestId id, Instant now);

  /// Whether a request on one of these has had its answer, or never will.
  bool is_answered(RequestId id) const;
  /// Whether no request is in flight on any of these.
  bool none_is_under_way() const;

  /// Whether their sessions have told everything. Connections may still have to be closed.
  bool have_said_all() const;

  void set_credentials(const Credentials& credentials);
  void close(Instant now);
  void abort();
  /// The main connection is over, and not because the user closed it.
  void abort_unless_closing();
  /// They were closed by the user, and wait for the replies that are owed.
  bool take_their_time() const { return closing_ && !aborted_; }
  void handle_timeout(Instant now);
  Instant poll_timeout();

  struct SideAction {
    Session::Action action;
    ConnectionId connection;
  };
  std::optional<SideAction> poll_action();
  std::optional<Event> poll_event();
  std::uint64_t unsent() const;
  std::uint64_t take_resumed();

  /// A CLIENT UNBLOCK was answered, or lost.
  void handle_unblocked(Tag internal_tag, const Event& event);

  /// What came of an AUTH of our own: what users are told, if anything.
  static std::optional<Event> credentials_outcome(const Event& event);

  /// The session of a connection; none once it is over.
  Session* session(ConnectionId connection) const;
  /// Takes the value of the last event along.
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
    AccountHandle pushes{};  // of a subscription: what it reads and what it keeps
    RequestId incarnation = 0;
    std::uint64_t main_when_opened = 0;  // main_number() when it was opened
    bool given_up = false;               // by its user: goes once nothing is under way
    // While it is `blocking`:
    bool busy = false;
    bool unblocking = false;  // CLIENT UNBLOCK is under way, and must not meet the next command
    Early early = Early::no;  // its user waits no longer
    RequestId request = 0;
    Instant deadline = never;    // of the request; once that is over, of the server's answer
    Instant unblock_at = never;  // when to say CLIENT UNBLOCK once more
    Instant idle_since = never;
    Error error{};
    Session session;
    Box<Subscription> subscription{};
  };

  static_assert(connections_max <= request_ids::places_of_connections);

  bool make_table();
  Result<std::uint32_t> open(Role role, Instant now);
  std::optional<std::uint32_t> idle_one() const;
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
  void drop_those_over();
  std::optional<Event> poll_waiters();
  Event waiter_failed(const Ended& ended);
  Pipeline::Room make_room(std::size_t bytes);
  void release_room();
  bool has_waiting() const { return table_ && table_->waiting; }
  bool nobody_waits() const { return !has_waiting() || table_->waiting->waiters.empty(); }
  void note_use() { empty_ = used_ == 0 && nobody_waits(); }

  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::uint64_t left = used_; left != 0; left &= left - 1) {
      const auto index = static_cast<std::uint32_t>(std::countr_zero(left));
      visit(index, *table_->sides[index]);
    }
  }

  const SessionOptions& options_;
  const Accounts accounts_;
  Session& main_;
  Instant now_ = Instant::min();
  std::uint64_t used_ = 0;  // a bit for each connection
  bool empty_ = true;       // no connection and no waiter: asked with every event
  bool closing_ = false;
  bool aborted_ = false;
  RequestId incarnations_ = 0;
  Side* last_ = nullptr;  // whose event was the last

  // Both are made when they are first needed.
  struct Waiting {
    explicit Waiting(Account& requests, std::size_t waiters_max)
        : waiters(requests, waiters_max, Admission::Of::connections) {}

    Admission waiters;
    std::optional<std::uint32_t> reserved;  // where room is reserved for the first waiter
    Instant room_again_at = never;          // when to look again for memory for the first waiter
    std::uint64_t refused_progress = 0;     // the main connection's progress() at that time
    Error error{};
  };
  struct Table {
    std::array<Box<Side>, connections_max> sides;  // the first is not used
    Box<Waiting> waiting;
  };
  Box<Table> table_;
};

}  // namespace plimsoll
