#pragma once

#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>

#include "plimsoll/core/session/pipeline.h"
#include "plimsoll/native/call/call_origin.h"

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

  /// What calls on this client refer to.
  const std::shared_ptr<CallOrigin>& origin() const { return origin_; }

 protected:
  explicit CallTarget(boost::asio::any_io_executor executor)
      : origin_(std::make_shared<CallOrigin>(std::move(executor))) {}
  ~CallTarget() = default;

  /// From now on origin() leads to this client. Call it once, as soon as a shared pointer owns
  /// this.
  void join_origin() { origin_->target_ = weak_from_this(); }

 private:
  const std::shared_ptr<CallOrigin> origin_;
};

}  // namespace plimsoll::inline v0::native
