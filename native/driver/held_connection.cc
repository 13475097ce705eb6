#include "plimsoll/native/driver/held_connection.h"

#include <utility>

#include "plimsoll/native/driver/driver.h"

namespace plimsoll::inline v0::native {

HeldConnection::HeldConnection(const std::shared_ptr<Driver>& driver, Use use)
    : use_(use), weak_driver_(driver) {}

HeldConnection::~HeldConnection() { end(); }

void HeldConnection::end() {
  const std::shared_ptr<Driver> driver = weak_driver_.lock();
  if (!driver) return;
  driver->apply([this](plimsoll::Client& core, Instant now) {
    const std::optional<ConnectionId> connection = std::exchange(connection_, std::nullopt);
    if (!connection) return;
    switch (use_) {
      case Use::exclusive: core.release(*connection, now); return;
      case Use::subscription: core.close_subscription(*connection, now); return;
    }
  });
}

}  // namespace plimsoll::inline v0::native
