#include "plimsoll/native/steps.h"

#include <utility>

#include "plimsoll/native/driver.h"

namespace plimsoll::native {
namespace {

constexpr plimsoll::Error cancelled_between{.code = ErrorCode::cancelled,
                                            .what = "the call was cancelled between its requests"};

}  // namespace

void Steps::handle_submitted(Driver& driver, RequestId id) {
  driver_ = &driver;
  if (!outer_->wants_submitted()) return;
  if (point_) {
    point_->request = id;
    return;
  }
  point_ = std::make_shared<CancelPoint>();
  point_->request = id;
  outer_->handle_submitted(driver, point_);
}

void Steps::deliver(const Delivery& delivery) {
  next_ = handle_outcome(delivery);
  if (next_ != Next::another_request || !was_cancelled()) return;
  next_ = Next::over;
  finish(Delivery{.error = &cancelled_between});
}

void Steps::complete() {
  if (next_ == Next::over) {
    Operation* const outer = std::exchange(outer_, nullptr);
    delete this;
    return outer->complete();
  }
  Driver& driver = *driver_;
  const std::shared_ptr<CancelPoint> point = point_;
  go_on(driver);
  // It may have been cancelled since it was asked last, with the request before as what to cancel.
  if (point && point->cancelled) driver.cancel(point->request);
}

void Steps::destroy() {
  outer_->destroy();
  delete this;
}

}  // namespace plimsoll::native
