#pragma once

#include <memory>
#include <optional>

#include "plimsoll/core/client/client.h"

namespace plimsoll::native {

class Driver;

/// A connection that is lent to one user, until this object goes: for exclusive use, or for
/// subscriptions. It is no longer there once the client is closed; whoever has this need not care.
class HeldConnection {
 public:
  enum class Use { exclusive, subscription };

  HeldConnection(const std::shared_ptr<Driver>& driver, Use use);
  HeldConnection(const HeldConnection&) = delete;
  HeldConnection& operator=(const HeldConnection&) = delete;
  ~HeldConnection();

  /// The connection is there. Under the client's lock.
  void begin(ConnectionId connection) { connection_ = connection; }

  /// None before begin() and after end(). Under the client's lock.
  const std::optional<ConnectionId>& connection() const { return connection_; }

  /// Its user has it: from now on it keeps the driver alive. An operation that is under way must
  /// not, since the driver owns that.
  void keep_driver() { driver_ = weak_driver_.lock(); }

  /// Null before keep_driver().
  const std::shared_ptr<Driver>& driver() const { return driver_; }

  /// Gives it back before its time.
  void end();

 private:
  const Use use_;
  const std::weak_ptr<Driver> weak_driver_;
  std::shared_ptr<Driver> driver_;
  std::optional<ConnectionId> connection_;  // guarded by the driver's mutex
};

}  // namespace plimsoll::native
