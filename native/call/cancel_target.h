#pragma once

#include <memory>

#include "plimsoll/core/session/pipeline.h"

namespace plimsoll::native {

/// The client that a request was submitted to, as those know it who may cancel the request.
/// Operations and Canceller name no more of it than this, so that they lie below the driver.
class CancelTarget : public std::enable_shared_from_this<CancelTarget> {
 public:
  /// Cancels the request, if it is still under way. From any thread.
  virtual void cancel(RequestId id) = 0;

 protected:
  ~CancelTarget() = default;
};

}  // namespace plimsoll::native
