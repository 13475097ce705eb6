#include "plimsoll/native/call/canceller.h"

#include <utility>

namespace plimsoll::inline v0::native {

Canceller::Canceller(CallTarget& target, std::shared_ptr<CancelPoint> point)
    : target_(target.weak_from_this()), point_(std::move(point)) {}

void Canceller::operator()(boost::asio::cancellation_type type) const {
  // All types of cancellation are alike: the connection goes on and stays in step, and the command
  // may have run.
  if (type == boost::asio::cancellation_type::none) return;
  if (point_) point_->cancelled = true;
  if (const auto target = target_.lock()) target->cancel(point_ ? point_->request.load() : id_);
}

}  // namespace plimsoll::inline v0::native
