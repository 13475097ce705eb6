#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include <boost/asio/cancellation_type.hpp>

#include "plimsoll/core/session/pipeline.h"
#include "plimsoll/native/call/call_origin.h"

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
  Canceller(const std::shared_ptr<CallOrigin>& origin, RequestId id) : origin_(origin), id_(id) {}
  Canceller(const std::shared_ptr<CallOrigin>& origin, std::shared_ptr<CancelPoint> point)
      : origin_(origin), point_(std::move(point)) {}

  void operator()(boost::asio::cancellation_type type) const;

 private:
  // Weak: a cancellation slot may outlive the execution context whose executor the origin has.
  std::weak_ptr<CallOrigin> origin_;
  RequestId id_ = 0;
  std::shared_ptr<CancelPoint> point_;  // in place of the id
};

}  // namespace plimsoll::inline v0::native
