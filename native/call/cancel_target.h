#pragma once

#include <memory>

#include "plimsoll/core/session/pipeline.h"

namespace plimsoll::inline v0::native {

/// The client that a request was submitted to, seen from what may cancel the request. Operations
/// and Canceller know only this interface, not the driver, so that the driver can depend on them.
class CancelTarget : public std::enable_shared_from_this<CancelTarget> {
 public:
  /// Cancels the request if it is still under way. From any thread.
  virtual void cancel(RequestId id) = 0;

 protected:
  ~CancelTarget() = default;
};

}  // namespace plimsoll::inline v0::native
