#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "plimsoll/native/driver/connection.h"

namespace plimsoll::inline v0::native {

/// The connections of one client, by their numbers. The main connection always exists. A set of
/// connections has a bit for each number, as in the core. Used only in the client's turns, unless a
/// function says otherwise.
class Connections {
 public:
  Connections(Connection::Owner& owner, ConnectionContext& context);

  Connection& main() { return *all_[0]; }

  /// Null if the connection was not made yet.
  Connection* find(ConnectionId id) { return all_[static_cast<std::size_t>(id)].get(); }

  /// Makes a connection that does not exist yet. Under the owner's lock.
  Connection& make(ConnectionId id);

  /// Sends staged requests on the connections in `set`, and takes each out of it.
  void flush(std::uint64_t& set);

  /// Takes each connection out of `set` after its turn: if one throws, those that are left stay in
  /// `set` for the next turn.
  void arm_reads(std::uint64_t& set);
  void arm_reads();

  void handle_credentials();
  void handle_no_credentials(std::string_view why);

  /// Returns the transport's last problem with the side connection that failed with `what`, the
  /// Error::what of the core's error. Null: there is none. Under the owner's lock.
  const Connection::Trouble* side_trouble(const char* what) const;

 private:
  template <class Use>
  void take_each(std::uint64_t& set, Use use);

  Connection::Owner& owner_;
  ConnectionContext& context_;
  std::array<std::unique_ptr<Connection>, connections_max> all_;  // made once, kept for ever
};

}  // namespace plimsoll::inline v0::native
