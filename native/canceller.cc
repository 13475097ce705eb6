#include "plimsoll/native/canceller.h"

#include "plimsoll/native/driver.h"

namespace plimsoll::native {

Canceller::Canceller(Driver& driver, RequestId id) : driver_(driver.weak_from_this()), id_(id) {}

void Canceller::operator()(boost::asio::cancellation_type type) const {
  // The connection goes on and stays in step whatever the type; the command may have run.
  if (type == boost::asio::cancellation_type::none) return;
  if (const auto driver = driver_.lock()) driver->cancel(id_);
}

}  // namespace plimsoll::native
