#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/cluster/node_set.h"
#include "plimsoll/native/driver/connection.h"

namespace plimsoll::inline v0::native {

/// The connections of one client, by their numbers. The main connection always exists. A set of
/// connections has a bit for each number below 64, as in the core; nodes of a cluster have sets of
/// their own. Used only in the client's turns, unless a function says otherwise.
class Connections {
 public:
  Connections(Connection::Owner& owner, ConnectionContext& context);

  Connection& main() { return *all_[0]; }

  /// Null if the connection was not made yet.
  Connection* find(ConnectionId id) {
    const auto number = static_cast<std::size_t>(id);
    return number < all_.size() ? all_[number].get() : nullptr;
  }

  /// Makes a connection that does not exist yet. Under the owner's lock.
  Connection& make(ConnectionId id);

  /// Returns those below 64 that may have something to send, and notes which nodes may. Under the
  /// owner's lock.
  std::uint64_t take_unsent(Client& core);
  /// Sends staged requests on the connections in `set`, and takes each out of it; then to the nodes
  /// that were noted.
  void flush(std::uint64_t& set);

  /// Takes each connection out of `set` after its turn: if one throws, those that are left stay in
  /// `set` for the next turn.
  void arm_reads(std::uint64_t& set);
  void arm_reads();

  void handle_credentials();
  void handle_no_credentials(std::string_view why);

  /// Returns the transport's last problem with the side connection that failed with `what`: the
  /// Error::what of the core's error, at the end of which the problem's own may stand. Null: there
  /// is none. Under the owner's lock.
  const Connection::Trouble* side_trouble(std::string_view what) const;

 private:
  template <class Use>
  void take_each(std::uint64_t& set, Use use);

  Connection::Owner& owner_;
  ConnectionContext& context_;
  std::vector<std::unique_ptr<Connection>> all_;  // made once, kept for ever
  NodeSet unsent_nodes_;                          // of a cluster: may have something to send
};

}  // namespace plimsoll::inline v0::native
