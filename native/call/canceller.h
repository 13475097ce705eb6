#pragma once

#include <atomic>
#include <memory>

#include <boost/asio/cancellation_type.hpp>

#include "plimsoll/core/session/pipeline.h"
#include "plimsoll/native/call/call_target.h"

namespace plimsoll::inline v0::native {

/// Which request to cancel, of an operation that is several requests, one after the other.
struct CancelPoint {
  std::atomic<RequestId> request{0};  // the request that is under way
  std::atomic<bool> cancelled{false};
};

/// The handler in a cancellation slot. Cancels one request, if the request is still under way and
/// its client still exists. May be called on any thread.
class Canceller {
 public:
  Canceller(CallTarget& target, RequestId id) : target_(target.weak_from_this()), id_(id) {}
  Canceller(CallTarget& target, std::shared_ptr<CancelPoint> point);

  void operator()(boost::asio::cancellation_type type) const;

  /// The client, or null if it does not exist any more.
  std::shared_ptr<CallTarget> target() const { return target_.lock(); }

 private:
  std::weak_ptr<CallTarget> target_;
  RequestId id_ = 0;
  std::shared_ptr<CancelPoint> point_;  // in place of the id
};

}  // namespace plimsoll::inline v0::native
