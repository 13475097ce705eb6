// A task made of requests: what the window (window.h) takes its next request from, and where
// replies go.
#pragma once

#include <optional>

#include "plimsoll/demo/request.h"

namespace plimsoll::demo {

class Work {
 public:
  virtual ~Work() = default;

  /// The next request; nothing if it depends on replies that are still to come, or if all has been
  /// asked.
  virtual std::optional<Request> next() = 0;

  /// The reply to a request that next() gave, in whatever order they come.
  virtual void handle_reply(const Request& request, const Reply& reply) = 0;
};

}  // namespace plimsoll::demo
