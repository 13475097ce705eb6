#include "plimsoll/native/driver/steps.h"

#include <utility>

#include "plimsoll/native/driver/driver.h"

namespace plimsoll::native {
namespace {

constexpr plimsoll::Error cancelled_between{.code = ErrorCode::cancelled,
                                            .what = "the call was cancelled between its requests"};
constexpr plimsoll::Error stopped_between{.code = ErrorCode::out_of_memory,
                                          .executed = Executed::maybe,
                                          .what = "the call ended between its requests"};

}  // namespace

void Steps::handle_submitted(CancelTarget& target, RequestId id) {
  if (!outer_->wants_submitted()) return;
  if (point_) {
    point_->request = id;
    return;
  }
  point_ = std::make_shared<CancelPoint>();
  point_->request = id;
  outer_->handle_submitted(target, point_);
}

bool Steps::deliver(const Delivery& delivery) noexcept {
  try {
    next_ = handle_outcome(delivery);
  } catch (...) {
    finish_with_exception(delivery);
  }
  if (next_ == Next::another_request && was_cancelled()) {
    next_ = Next::over;
    finish(Delivery{.error = &cancelled_between});
  }
  return delivered_value_;
}

// The one that is being handled. `delivery` is what the request came to.
void Steps::finish_with_exception(const Delivery& delivery) noexcept {
  next_ = Next::over;
  handle_exception();
  const Error failure = detail::to_error_of_exception(delivery);
  finish(Delivery{.failure = &failure});
}

void Steps::complete() {
  if (next_ == Next::over) return end();
  Driver& driver = driver_;
  const std::shared_ptr<CancelPoint> point = point_;
  try {
    go_on();
  } catch (...) {  // before the driver took it: there is nobody else to tell
    finish_with_exception(Delivery{.error = &stopped_between});
    return end();
  }
  // It may have been cancelled since it was asked last, with the request before as what to cancel.
  if (point && point->cancelled) driver.cancel(point->request);
}

void Steps::end() {
  Operation* const outer = outer_;
  delete this;
  outer->complete();
}

void Steps::destroy() {
  outer_->destroy();
  delete this;
}

}  // namespace plimsoll::native
