#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// Where the requests that went on from a server to another one, or wait for one, are now, so that
/// they can be cancelled by the ids that they had before.
class MovedRequests {
 public:
  MovedRequests(Account& payer, std::size_t requests_max) : requests_(payer, requests_max) {}

  /// Costs little if the ids rise. Without memory for this, or beyond `requests_max`, nothing is
  /// remembered.
  void add(RequestId from, RequestId to);

  std::optional<RequestId> find(RequestId from);

  /// Whether a request is remembered that has left the connection whose first request, at position
  /// 0, has this id.
  bool has_left(RequestId first);

  bool empty() const { return requests_.empty(); }

  /// Forgets requests for which `is_answered(RequestId to)` is true: those in front; and, if there
  /// is no more room, all.
  template <class IsAnswered>
  void forget(IsAnswered&& is_answered) {
    while (!requests_.empty() && is_answered(requests_.front().to)) requests_.pop_front();
    if (requests_.size() < requests_.size_max()) return;
    requests_.erase_if([&](const Moved& each) { return is_answered(each.to); });
  }

 private:
  struct Moved {
    RequestId from;
    RequestId to;
  };

  Queue<Moved> requests_;  // in the order of `from`
};

}  // namespace plimsoll::inline v0
