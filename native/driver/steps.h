#pragma once

#include <memory>

#include "plimsoll/native/call/operation.h"

namespace plimsoll::inline v0::native {

class Driver;

/// An operation of several requests, one after the other. It is submitted in place of `outer`, the
/// operation that the caller waits for, looks at each outcome, and delivers the last one to
/// `outer`. Made by new. A cancellation reaches the request that is under way.
///
/// After `over`, complete() ends this object and completes `outer`. After `another_request`, it
/// calls go_on(), which submits this object again.
class Steps : public Operation {
 public:
  /// `driver`: where the requests are submitted.
  Steps(Driver& driver, Operation& outer) : Operation(true), driver_(driver), outer_(&outer) {}

  void handle_submitted(CallTarget& target, RequestId id) final;
  std::shared_ptr<CancelPoint> handle_waiting(CallTarget& target, RequestId id) final {
    handle_submitted(target, id);
    return point_;
  }
  bool deliver(const Delivery& delivery) noexcept final;
  void complete() final;
  void destroy() final;

 protected:
  virtual ~Steps() = default;

  enum class Next { over, another_request };

  /// Takes the outcome of a request, under the client's lock. Returns `over` after it has called
  /// finish(); else go_on() follows. May throw, as a decode() does.
  virtual Next handle_outcome(const Delivery& delivery) = 0;
  /// handle_outcome() or go_on() has thrown, and the call ends with an error. Cleans up.
  virtual void handle_exception() noexcept {}

  /// Submits this again, with the next request. Without the client's lock, in the driver's turn.
  virtual void go_on() = 0;

  Driver& driver() const { return driver_; }

  /// Delivers the call's outcome. Returns whether the caller gets a value.
  bool finish(const Delivery& delivery) noexcept {
    return delivered_value_ = outer_->deliver(delivery);
  }

 private:
  bool was_cancelled() const { return point_ && point_->cancelled; }
  void finish_with_exception(const Delivery& delivery) noexcept;
  void end();

  Driver& driver_;
  Operation* outer_;
  std::shared_ptr<CancelPoint> point_;
  Next next_ = Next::over;
  bool delivered_value_ = false;
};

}  // namespace plimsoll::inline v0::native
