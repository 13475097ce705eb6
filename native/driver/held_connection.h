#pragma once

#include <memory>
#include <optional>

#include "plimsoll/core/client/client.h"

namespace plimsoll::inline v0::native {

class Driver;

/// A held connection: lent to one user for exclusive use or for a subscription, and given back when
/// this object is destroyed. If the client is closed before, there is nothing to give back, and
/// end() does nothing.
class HeldConnection {
 public:
  enum class Use { exclusive, subscription };

  HeldConnection(const std::shared_ptr<Driver>& driver, Use use);
  HeldConnection(const HeldConnection&) = delete;
  HeldConnection& operator=(const HeldConnection&) = delete;
  ~HeldConnection();

  /// The core has opened the connection. Under the client's lock.
  void begin(ConnectionId connection) { connection_ = connection; }

  /// The connection; none before begin() and after end(). Under the client's lock.
  const std::optional<ConnectionId>& connection() const { return connection_; }

  /// The user has this now: from here on it keeps the driver alive. An operation under way must not
  /// keep the driver alive, because the driver owns the operation, and neither would be freed.
  void keep_driver() { driver_ = weak_driver_.lock(); }

  /// Null before keep_driver().
  const std::shared_ptr<Driver>& driver() const { return driver_; }

  /// Gives the connection back now.
  void end();

 private:
  const Use use_;
  const std::weak_ptr<Driver> weak_driver_;
  std::shared_ptr<Driver> driver_;
  std::optional<ConnectionId> connection_;  // guarded by the driver's mutex
};

}  // namespace plimsoll::inline v0::native
