#include "plimsoll/native/canceller.h"

#include <utility>

#include "plimsoll/native/driver.h"

namespace plimsoll::native {

Canceller::Canceller(Driver& driver, RequestId id) : driver_(driver.weak_from_this()), id_(id) {}

Canceller::Canceller(Driver& driver, std::shared_ptr<CancelPoint> point)
    : driver_(driver.weak_from_this()), point_(std::move(point)) {}

void Canceller::operator()(boost::asio::cancellation_type type) const {
  // The connection goes on and stays in step whatever the type; the command may have run.
  if (type == boost::asio::cancellation_type::none) return;
  if (point_) point_->cancelled = true;
  if (const auto driver = driver_.lock()) driver->cancel(point_ ? point_->request.load() : id_);
}

}  // namespace plimsoll::native
