#include "plimsoll/native/call/canceller.h"

#include "plimsoll/native/call/call_target.h"

namespace plimsoll::inline v0::native {

void Canceller::operator()(boost::asio::cancellation_type type) const {
  // All types of cancellation are alike: the connection goes on and stays in step, and the command
  // may have run.
  if (type == boost::asio::cancellation_type::none) return;
  if (point_) point_->cancelled = true;
  const std::shared_ptr<CallOrigin> origin = origin_.lock();
  const std::shared_ptr<CallTarget> target = origin ? origin->target() : nullptr;
  if (target) target->cancel(point_ ? point_->request.load() : id_);
}

}  // namespace plimsoll::inline v0::native
