#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "plimsoll/native/driver/connection.h"

namespace plimsoll::native {

/// The connections of one client by their numbers; the main one is always there. Sets of
/// connections are bits by number, as the core gives them. Used in the client's turns alone, except
/// where it says otherwise.
class Connections {
 public:
  Connections(Connection::Owner& owner, ConnectionContext& context);

  Connection& main() { return *all_[0]; }

  /// Null: it was not made yet.
  Connection* find(ConnectionId id) { return all_[static_cast<std::size_t>(id)].get(); }

  /// Makes one that was not there. Under the owner's lock.
  Connection& make(ConnectionId id);

  /// Sends what is staged on those in `set`, and takes each out of it.
  void flush(std::uint64_t& set);

  /// Takes each out of `set`: if one throws, the others are still there for the next turn.
  void arm_reads(std::uint64_t& set);
  void arm_reads();

  void handle_credentials();
  void handle_no_credentials(std::string_view why);

  /// What the transport said last about the side connection that failed with `what`, the text of an
  /// Error of the core's. Null: it said nothing. Under the owner's lock.
  const Connection::Trouble* side_trouble(const char* what) const;

 private:
  template <class Use>
  void take_each(std::uint64_t& set, Use use);

  Connection::Owner& owner_;
  ConnectionContext& context_;
  std::array<std::unique_ptr<Connection>, connections_max> all_;  // they come, and stay
};

}  // namespace plimsoll::native
