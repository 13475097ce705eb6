#pragma once

#include <memory>

#include "plimsoll/core/session/pipeline.h"

namespace plimsoll::inline v0::native {

class Operation;

/// The client that a call was made on, as the call sees it. Operations and Canceller know only this
/// interface, not the driver, so that the driver can depend on them.
class CallTarget : public std::enable_shared_from_this<CallTarget> {
 public:
  /// Cancels the request if it is still under way. From any thread.
  virtual void cancel(RequestId id) = 0;

  /// Completes `operation`, which has its outcome, in a turn on the client's executor, and never
  /// before this returns. From any thread. Returns false if this process only inherited the client
  /// over a fork(): then the operation is still the caller's.
  virtual bool complete_soon(Operation& operation) = 0;

 protected:
  ~CallTarget() = default;
};

}  // namespace plimsoll::inline v0::native
