#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/client/admission.h"
#include "plimsoll/core/client/cluster_node.h"
#include "plimsoll/core/client/connection_waiters.h"
#include "plimsoll/core/client/side_connection.h"
#include "plimsoll/core/client/side_table.h"
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
//  - In a cluster it goes to the owner of the slot that it is used for, once the client's own
//    connection to that node is ready, beside which it stands then. A command that blocks goes on
//    to the next owner, for the rest of its time; a subscription follows its slot; an exclusive
//    connection stays where it is while it watches keys.
//  - is_main_alone() is true exactly if there are no side connections, no waiters for one, and no
//    other servers (note_other_servers()).

namespace plimsoll::inline v0 {

/// How long to wait before sending CLIENT UNBLOCK again if the server had nothing to unblock: it
/// may not have read the blocking command yet.
inline constexpr Duration unblock_again_wait = std::chrono::milliseconds(20);

/// A connection that is idle for this long is closed.
inline constexpr Duration side_connection_idle_max = std::chrono::seconds(60);

class SideConnections {
 public:
  /// The options and the accounts are those of `main`, on which CLIENT UNBLOCK is sent, and which
  /// must outlive this object.
  explicit SideConnections(Session& main) : sides_(main) {}
  /// The servers are a cluster: a connection leads to the owner of the slot that it is used for.
  /// Call this before any other function, or once the main session has found out (find_mode()).
  /// `owners` must outlive all calls. Returns false if there is no memory.
  [[nodiscard]] bool use_cluster(SlotOwners& owners) { return sides_.use_cluster(owners); }
  ~SideConnections();
  SideConnections(const SideConnections&) = delete;
  SideConnections& operator=(const SideConnections&) = delete;

  /// Whether the client has only its main connection: no side connection, nobody who waits for
  /// one, and no other server, so all events are the main session's. Each call of a driver asks
  /// this once, and nothing else if it is true.
  bool is_main_alone() const { return is_main_alone_; }
  /// The client has other servers, too, from now on: sentinels, replicas or nodes of a cluster.
  void note_other_servers() {
    has_other_servers_ = true;
    is_main_alone_ = false;
  }

  /// Submits a command that blocks, on an idle connection or a new one. Error: rejected_by_limit,
  /// also while other commands wait for a connection.
  Result<RequestId> submit_blocking(const CommandView& command, Instant now, Instant deadline,
                                    Tag tag);

  /// Adds a waiter for a command of `bytes` encoded bytes for which there was no connection.
  /// `other` is the size of the main connection's queue of waiters, which shares its bounds with
  /// this one. Errors of Admission::join(). Once there is a connection, Event::admitted is
  /// reported; the client must then call submit_admitted() or cancel_wait().
  Result<RequestId> join(const CommandView& command, std::size_t bytes, Instant now,
                         Instant deadline, Tag tag, const Admission::Size& other);
  void cancel_wait(RequestId id);
  /// The waiter that was admitted and has yet to be submitted; null if there is none.
  const Admission::Waiter* admitted() const {
    return has_waiting() && waiting()->reserved ? &waiting()->waiters.first() : nullptr;
  }
  RequestId submit_admitted(const CommandView& command, Tag tag);
  /// Those who wait for a connection, for their counters; null until the first one joins.
  const ConnectionWaiters* waiters() const { return waiting(); }

  /// Opens an exclusive connection, or takes an idle one. In a cluster the id is a handle
  /// (ExclusiveHandles), and the first command decides which connection it stands for. Error:
  /// rejected_by_limit, also while commands wait for a connection.
  Result<ConnectionId> open_exclusive(Instant now);
  /// Errors: connection_lost: the exclusive connection was lost, and is not replaced; in a cluster
  /// invalid_argument, if the command has keys of several slots, or of another slot than the keys
  /// that are watched.
  Result<RequestId> submit_to(ConnectionId connection, const CommandView& command, Instant now,
                              Instant deadline, Tag tag);
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

  std::optional<SideTable::Action> poll_action() { return sides_.poll_action(); }
  std::optional<Event> poll_event();
  /// A short cut, if the last event came from here: the next message that the same connection
  /// brings, if a call waits for it. Messages come in crowds; nobody else needs to be asked between
  /// two. poll_event() returns what comes next.
  std::optional<Event> poll_message();
  std::uint64_t unsent() const;
  std::uint64_t take_resumed();

  /// Whether an internal request is a CLIENT UNBLOCK.
  static constexpr bool is_about_unblocking(Tag tag) {
    return tag >= internal_unblock_first && tag < internal_unblock_first + connections_max;
  }
  /// Handles the answer to a CLIENT UNBLOCK at a node of a cluster. Returns false if the event is
  /// something else.
  bool takes(const Event& event) {
    if (!is_about_unblocking(event.tag)) return false;
    handle_unblocked(event.tag, event);
    return true;
  }
  /// Handles the answer to a CLIENT UNBLOCK, or its loss.
  void handle_unblocked(Tag internal_tag, const Event& event);

  /// Handles the outcome of an internal AUTH; returns the event for users, if any.
  static std::optional<Event> credentials_outcome(const Event& event);

  /// The session of a connection; null once the connection is over.
  Session* session(ConnectionId connection) const;
  /// Moves out the value of the last event, so that it outlives the event.
  Result<Reply> keep_reply();

  std::size_t blocking_count() const { return sides_.blocking_count(); }
  std::size_t subscriptions_count() const { return sides_.count(Role::subscription); }

  /// CHECKs all that must hold between calls.
  void validate();

 private:
  using Side = SideConnection;
  using Role = Side::Role;
  using Early = Side::Early;
  using Leads = Side::Leads;

  static_assert(connections_max <= request_ids::places_of_connections);

  Result<std::uint32_t> take(Role role, Slot slot);
  Result<RequestId> on(std::uint32_t index, const Result<RequestId>& id) const;
  RequestId begin(std::uint32_t index, RequestId id, const CommandView& command, Instant deadline);
  void end_early(std::uint32_t index, Early early, Instant now);
  std::optional<std::uint32_t> find_blocking(RequestId id) const;
  Result<ConnectionId> open_handle();
  Result<std::uint32_t> connection_for(std::uint32_t handle, const CommandView& command);
  void give_back(Side& side);
  void unblock(std::uint32_t index);
  void cut(Side& side);
  std::optional<Event> poll_side_connections();
  std::optional<Event> translate(Side& side, const Event& event);
  bool goes_on(Side& side, const Event& event);
  bool move_on(Side& from, const Pipeline::Handed& request, const ClusterNode::Verdict& verdict);
  Status lead_subscription(Side& side, SubscriptionKind kind,
                           std::span<const std::string_view> names);
  std::optional<Event> translate_subscription(Side& side, const Event& event);
  bool stage_again(Side& side);
  void drop_if_never_opened(Side& side);
  void drop_those_over();
  std::optional<Event> poll_waiters();
  Pipeline::Room make_room(std::size_t bytes, Slot slot);
  void release_room();
  ConnectionWaiters* waiting() const { return sides_.waiters(); }
  bool has_waiting() const { return waiting() != nullptr; }
  bool nobody_waits() const { return !has_waiting() || waiting()->waiters.empty(); }
  void note_use() { is_main_alone_ = sides_.empty() && nobody_waits() && !has_other_servers_; }

  SideTable sides_;
  Side* last_ = nullptr;       // the connection of the last event
  bool is_main_alone_ = true;  // cached, because every event asks
  bool has_other_servers_ = false;
  bool closing_ = false;
  bool aborted_ = false;
};

}  // namespace plimsoll::inline v0
