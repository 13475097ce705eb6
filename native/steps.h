#pragma once

#include <memory>

#include "plimsoll/native/operation.h"

namespace plimsoll::native {

/// An operation of several requests, one after the other, in front of the one that its caller waits
/// for: it is submitted in that one's place, looks at each outcome, and hands the last one on. Made
/// by new; cancelling reaches whichever request is under way.
class Steps : public Operation {
 public:
  explicit Steps(Operation& outer) : Operation(true), outer_(&outer) {}

  void handle_submitted(Driver& driver, RequestId id) final;
  std::shared_ptr<CancelPoint> handle_waiting(Driver& driver, RequestId id) final {
    handle_submitted(driver, id);
    return point_;
  }
  void deliver(const Delivery& delivery) final;
  void complete() final;
  void destroy() final;

 protected:
  virtual ~Steps() = default;

  enum class Next { over, another_request };

  /// Under the client's lock. `over`: finish() was called. Else go_on() follows.
  virtual Next handle_outcome(const Delivery& delivery) = 0;

  /// Outside the lock, in the driver's turn: submits this once more.
  virtual void go_on(Driver& driver) = 0;

  /// The outcome, for the caller.
  void finish(const Delivery& delivery) { outer_->deliver(delivery); }

 private:
  bool was_cancelled() const { return point_ && point_->cancelled; }

  Operation* outer_;
  Driver* driver_ = nullptr;
  std::shared_ptr<CancelPoint> point_;
  Next next_ = Next::over;
};

}  // namespace plimsoll::native
