#pragma once

#include <memory>

#include "plimsoll/native/call/operation.h"

namespace plimsoll::native {

class Driver;

/// An operation of several requests, one after the other, in front of the one that its caller waits
/// for: it is submitted in that one's place, looks at each outcome, and hands the last one on. Made
/// by new; cancelling reaches whichever request is under way.
class Steps : public Operation {
 public:
  /// `driver`: where the requests are submitted.
  Steps(Driver& driver, Operation& outer) : Operation(true), driver_(driver), outer_(&outer) {}

  void handle_submitted(CancelTarget& target, RequestId id) final;
  std::shared_ptr<CancelPoint> handle_waiting(CancelTarget& target, RequestId id) final {
    handle_submitted(target, id);
    return point_;
  }
  bool deliver(const Delivery& delivery) noexcept final;
  void complete() final;
  void destroy() final;

 protected:
  virtual ~Steps() = default;

  enum class Next { over, another_request };

  /// Under the client's lock. `over`: finish() was called. Else go_on() follows. May
  /// throw, as a decode() does.
  virtual Next handle_outcome(const Delivery& delivery) = 0;
  /// That, or go_on(), has thrown, and the call ends with an error: puts in order what is left.
  virtual void handle_exception() noexcept {}

  /// Outside the lock, in the driver's turn: submits this once more.
  virtual void go_on() = 0;

  Driver& driver() const { return driver_; }

  /// The outcome, for the caller. Returns whether that is a value.
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

}  // namespace plimsoll::native
