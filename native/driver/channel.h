#pragma once

#include <memory>

#include "plimsoll/native/driver/driver.h"
#include "plimsoll/native/driver/held_connection.h"
#include "plimsoll/node_route.h"

namespace plimsoll::inline v0::native {

/// Where requests go, and how long they may take: a client's main connection, a held connection, or
/// nodes of a cluster. Client and Exclusive convert to a Channel, which keeps alive what it needs
/// of them.
struct Channel {
  std::shared_ptr<Driver> driver = nullptr;
  std::shared_ptr<HeldConnection> held = nullptr;  ///< null: the main connection
  std::shared_ptr<const NodeRoute> at = nullptr;   ///< in a cluster; null: where the keys are
  Timeout timeout{};

  /// Driver::submit(), on this channel's connection.
  void submit(const CommandView& command, Operation& operation) const;

 private:
  void submit_chosen(const CommandView& command, Operation& operation) const;
};

}  // namespace plimsoll::inline v0::native
