#pragma once

#include <cstdint>
#include <optional>

#include "plimsoll/core/client/sent_requests.h"
#include "plimsoll/core/client/subscription.h"
#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/cluster/slot_table.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// One connection of a client's SideConnections, where its states are described.
struct SideConnection {
  enum class Role : std::uint8_t { blocking, exclusive, subscription };
  /// Why the user of a command that blocks waits for it no longer. out_of_time: the command's own
  /// time to block is over, and its node does not know, because it has had the command for a part
  /// of that time only.
  enum class Early : std::uint8_t { no, cancelled, timed_out, out_of_time };
  /// To which server the connection leads.
  enum class Leads : std::uint8_t {
    nowhere,  ///< in a cluster: nobody has said yet what it is for
    to_main,  ///< to that of the main connection
    to_owner  ///< to the node of a cluster that serves `slot`
  };

  SideConnection(Role what_for, const SessionOptions& options, const Session::Accounts& accounts,
                 Session::Use use)
      : role(what_for), session(options, accounts, use) {}

  /// Whether it takes no more requests.
  bool is_ending() const {
    return session.state() == Session::State::closing || session.state() == Session::State::closed;
  }
  /// Whether a command that blocks may take it.
  bool is_free() const { return role == Role::blocking && !busy && !unblocking && !is_ending(); }
  /// In a cluster: its node cannot be reached yet, or is not known.
  bool waits_for_node() const {
    return session.state() == Session::State::idle || is_held_back ||
           (is_moving && session.state() == Session::State::waiting);
  }
  bool is_idle() const { return is_free() && session.state() == Session::State::ready; }

  /// Its user gave it back, and nothing is under way but the UNWATCH of the end. The next user's
  /// commands follow that on the wire, so nobody needs to wait for its reply.
  bool returns() const {
    return role == Role::exclusive && given_up && !is_ending() &&
           session.in_flight() == (unwatching ? 1U : 0U);
  }

  /// A command that blocks was submitted here.
  void begin_command(RequestId id, Instant now);
  /// The outcome of the command that blocks, from the event of the session.
  std::optional<Event> end_command(const Event& event, Instant now);

  /// An exclusive user has submitted a command.
  void note_watched(RequestId id, const CommandView& command);
  /// Whether the command is the WATCH of a user who was told that his transaction has failed, since
  /// the slot that he watched is served elsewhere.
  bool begins_anew_with(const CommandView& command) const;
  /// In a cluster, for a request that the node has not run.
  void note_refused(const Event& event, Instant now);

  /// What the subscription has to say once the session has said all.
  std::optional<Event> poll_subscription();

  /// Once none of the requests of the user who gave it back is in flight, it can be used again.
  void settle(Instant now);

  Role role;
  AccountHandle pushes{};  // a subscription's: pays for what it reads and queues
  RequestId incarnation = 0;
  std::uint64_t host_when_opened = 0;  // the connection beside which it was opened: see
                                       // SideTable::host_number()
  SeedId seed{};                       // the main connection's address when it was opened
  bool given_up = false;               // its user gave it back
  // In a cluster:
  Leads leads = Leads::to_main;
  bool is_held_back = false;   // the session has asked for a connection, and waits for the node
  bool is_moving = false;      // it has left its node for another one
  NodeNumber node = no_node;   // to which it was opened; no_node: to that of the main one
  NodeNumber asked = no_node;  // the node that is to run the command, with ASKING
  Instant not_before = Instant::min();  // earlier the node would refuse again
  Journey journey{};  // of the command that blocks, or of the shard channels; `slot`
                      // says what it is for
  // While it is `exclusive`:
  bool may_watch = false;       // WATCH was submitted since the last UNWATCH
  Slot watched = no_slot;       // in a cluster: that of the keys which are watched
  RequestId watched_since = 0;  // the first WATCH of these
  bool watched_once = false;    // there was no other one
  bool watch_failed = false;    // the node has said since that it does not serve the slot
  std::uint32_t handle = 0;     // in a cluster: its last user
  bool unwatching = false;      // the UNWATCH of release() is under way
  // While it is `blocking`:
  bool busy = false;
  bool unblocking = false;  // CLIENT UNBLOCK is under way: no command may be sent here
  Early early = Early::no;  // `no`: its user still waits
  RequestId request = 0;
  RequestId known_as = 0;          // the id that the user has
  Instant here_since = never;      // when it was submitted to this connection
  Instant deadline = never;        // the request's; once it has passed, that of the server's answer
  Instant blocks_until = never;    // when the command's own time is over
  Instant out_of_time_at = never;  // the same, if its node does not know
  Instant unblock_at = never;      // when to send CLIENT UNBLOCK again
  Instant idle_since = never;
  Error error{};
  Session session;
  Box<Subscription> subscription{};
};

}  // namespace plimsoll::inline v0
