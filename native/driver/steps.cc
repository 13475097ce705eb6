#include "plimsoll/native/driver/steps.h"

#include "plimsoll/native/driver/driver.h"

namespace plimsoll::inline v0::native {
namespace {

constexpr plimsoll::Error cancelled_between{.code = ErrorCode::cancelled,
                                            .what = "the call was cancelled between its requests"};
constexpr plimsoll::Error stopped_between{.code = ErrorCode::out_of_memory,
                                          .executed = Executed::maybe,
                                          .what = "the call ended between its requests"};

}  // namespace

void Steps::handle_submitted(CallTarget& target, RequestId id) {
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

// Ends the call with the exception that is being handled. `delivery` is the outcome of the last
// request, which says whether it was executed.
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
  } catch (...) {  // the driver has not accepted the request, so no outcome will come
    finish_with_exception(Delivery{.error = &stopped_between});
    return end();
  }
  // The caller may have cancelled since deliver() looked, but cancelled the id of the request
  // before.
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

}  // namespace plimsoll::inline v0::native
