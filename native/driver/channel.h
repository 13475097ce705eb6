#pragma once

#include <memory>
#include <utility>

#include "plimsoll/native/driver/driver.h"
#include "plimsoll/native/driver/held_connection.h"

namespace plimsoll::native {

/// Where requests go, and how long they may take: a client's shared connection, or a connection of
/// one's own. Client and Exclusive turn into one; it keeps what it needs of them alive.
struct Channel {
  std::shared_ptr<Driver> driver = nullptr;
  std::shared_ptr<HeldConnection> held = nullptr;  ///< null: the shared connection
  Timeout timeout{};

  /// Driver::submit(), to where this leads.
  void submit(const CommandView& command, Operation& operation) const;
};

}  // namespace plimsoll::native
