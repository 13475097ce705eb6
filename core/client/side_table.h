#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/client/connection_id.h"
#include "plimsoll/core/client/connection_waiters.h"
#include "plimsoll/core/client/exclusive_handles.h"
#include "plimsoll/core/client/if_other_servers.h"
#include "plimsoll/core/client/side_connection.h"
#include "plimsoll/core/cluster/node_address.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

class SlotOwners;

/// A client's side connections: which there are, and to which server each of them leads. Knows
/// nothing of what they are used for but their roles.
class SideTable {
 public:
  using Side = SideConnection;
  using Role = Side::Role;
  using Leads = Side::Leads;

  /// The options and the accounts are those of `main`, which must outlive this object.
  explicit SideTable(Session& main) : main_(main) {}
  ~SideTable();
  SideTable(const SideTable&) = delete;
  SideTable& operator=(const SideTable&) = delete;

  /// The servers are a cluster. `owners` must outlive all calls. Connections that were asked for
  /// before that was known (Session::find_mode()) lead where their first command has its keys.
  /// Returns false if there is no memory.
  bool use_cluster(SlotOwners& owners);
  /// Null, if the servers are no cluster.
  SlotOwners* owners() const {
    return may_have_other_servers() && table_ ? table_->owners : nullptr;
  }
  /// Whether they are one, or it is not known yet.
  bool may_be_cluster() const {
    return may_have_other_servers() && (owners() != nullptr || main_.is_finding_mode());
  }

  Session& main() const { return main_; }
  const SessionOptions& options() const { return main_.options(); }
  const Session::Accounts& accounts() const { return main_.accounts(); }

  void note_time(Instant now) { now_ = std::max(now_, now); }
  Instant now() const { return now_; }

  /// Calls `visit(std::uint32_t index, Side&)` for each connection. It may open others.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::uint64_t left = used_; left != 0; left &= left - 1) {
      const auto index = static_cast<std::uint32_t>(std::countr_zero(left));
      visit(index, *table_->sides[index]);
    }
  }

  bool empty() const { return used_ == 0; }
  bool has(std::uint64_t index) const {
    return index < connections_max && (used_ >> index & 1) != 0;
  }
  Side& operator[](std::uint32_t index) const { return *table_->sides[index]; }
  /// The connection of a user, who has not given it back.
  Side& side(ConnectionId connection, Role role) const;
  /// The id by which users know a request of the connection.
  RequestId known_as(std::uint32_t index, RequestId id) const {
    return request_ids::on_side(index, table_->sides[index]->incarnation, id);
  }

  /// A connection for commands that block, or for an exclusive user: one that is free, or a new
  /// one. It leads to where `slot` is served; if that is no_slot, and outside of a cluster, to the
  /// main connection's server. Error: rejected_by_limit.
  Result<std::uint32_t> take(Role role, Slot slot);
  /// In a cluster: the connection that the user of this handle had before his last one, if it leads
  /// there and has yet to answer him, so that what he submits there keeps its order.
  std::optional<std::uint32_t> take_again(std::uint32_t handle, Slot slot);
  /// The number may be given to another user.
  void forget_handle(std::uint32_t handle);
  /// Whether the exclusive users who have no connection yet may need all places that are not in
  /// use.
  bool are_all_kept() const;
  /// A free connection for commands that block.
  std::optional<std::uint32_t> free_one(Slot slot) const;
  /// A new connection, which in a cluster is opened once it is known where it leads. Error:
  /// rejected_by_limit, if there is no memory; or no number, in a cluster.
  Result<std::uint32_t> open(Role role);
  void drop(std::uint32_t index);

  /// Whether there can be no further connection for this role, which is not `subscription`.
  bool is_full(Role role) const;
  std::size_t count(Role role) const;
  std::size_t blocking_count() const { return count(Role::blocking) + count(Role::exclusive); }
  /// How many of them are in use, so that none can be closed for another one.
  std::size_t blocking_in_use() const;
  /// In a cluster: closes a connection that nobody uses, if there is one, since it leads to another
  /// node than the one that is needed.
  void close_unused();
  static Error too_many(const char* what, std::uint32_t limit);

  /// The number by which a user knows an exclusive connection, as a handle if it is one.
  std::uint32_t handle_of(ConnectionId connection) const {
    const auto number = static_cast<std::uint32_t>(connection);
    return handles() != nullptr ? handles()->handle_of(number) : number;
  }

  /// The handles of exclusive users of a cluster's client; null until the first.
  ExclusiveHandles* handles() const { return table_ ? table_->handles.get() : nullptr; }
  /// Returns null if there is no memory.
  ExclusiveHandles* make_handles();

  /// The commands that wait for a connection; null until the first.
  ConnectionWaiters* waiters() const { return table_ ? table_->waiters.get() : nullptr; }
  /// Returns null if there is no memory.
  ConnectionWaiters* make_waiters();

  /// Whether a request for the slot may be sent on this connection; while it is not open yet,
  /// whether it will be.
  bool leads_to(const Side& side, Slot slot) const;
  /// In a cluster: from now on the connection is for requests of this slot.
  void lead(Side& side, Slot slot);
  /// A subscription's connection is replaced by one to where its slot is served now.
  void move_subscription(Side& side, const Error& reason);

  /// Call this with each turn: opens what can be opened now, and leaves servers that a connection
  /// should not stay at.
  void follow(Side& side);

  struct Action {
    Session::Action action;
    ConnectionId connection;
    SeedId seed;
    const NodeAddress* told;  ///< the node of a cluster; null: the main connection's server
  };
  std::optional<Action> poll_action();

  /// Counts the connections beside which this one stands, to the same server; 0 while there is none
  /// that is ready.
  std::uint64_t host_number(const Side& side) const;
  /// Whether CLIENT UNBLOCK on that other connection is sure to mean this one.
  bool is_known_to_host(const Side& side) const;
  /// Session::submit_internal() on that other connection.
  bool ask_host(const Side& side, const CommandView& command, Tag tag);

 private:
  bool make_table();
  void lead_early(Side& side);
  std::optional<std::uint32_t> returning_one(Slot slot) const;
  static bool is_counted(const Side& side);
  std::optional<Action> poll_action_of(std::uint32_t index, Side& side);
  void follow_main(Side& side);
  void follow_owner(Side& side);
  void close_if_older(Side& side);
  // Counts the client's main connections; 0 while none is ready.
  std::uint64_t main_number() const {
    return main_.state() == Session::State::ready ? main_.counters().connections : 0;
  }

  // Allocated when it is first needed, because most clients have no side connections. It is kept
  // then, with the handles and the waiters.
  struct Table {
    std::array<Box<Side>, connections_max> sides;  // the first is not used
    Box<ConnectionWaiters> waiters;
    Box<ExclusiveHandles> handles;
    SlotOwners* owners = nullptr;
  };

  Session& main_;
  Instant now_ = Instant::min();
  std::uint64_t used_ = 0;  // a bit for each connection that exists
  RequestId incarnations_ = 0;
  Box<Table> table_;
};

}  // namespace plimsoll::inline v0
