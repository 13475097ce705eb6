#pragma once

#include <memory>

#include "plimsoll/native/driver/driver.h"
#include "plimsoll/native/driver/held_connection.h"

namespace plimsoll::inline v0::native {

/// Where requests go, and how long they may take: a client's main connection, or a held
/// connection. Client and Exclusive convert to a Channel, which keeps alive what it needs of them.
struct Channel {
  std::shared_ptr<Driver> driver = nullptr;
  std::shared_ptr<HeldConnection> held = nullptr;  ///< null: the main connection
  Timeout timeout{};

  /// Driver::submit(), on this channel's connection.
  void submit(const CommandView& command, Operation& operation) const;

 private:
  void submit_held(const CommandView& command, Operation& operation) const;
};

}  // namespace plimsoll::inline v0::native
