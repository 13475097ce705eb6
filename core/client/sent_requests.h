#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/session/pipeline.h"

namespace plimsoll::inline v0 {

/// On its way through a cluster a request carries this from node to node.
struct Journey {
  Slot slot = 0;
  std::uint8_t hops = 0;   ///< how often it was sent on to another node
  std::uint8_t waits = 0;  ///< how often it has waited because a node could not run it yet
};

/// The journeys of the requests that a node has been sent and has not answered, so that they can go
/// on if the node does not run them.
class SentRequests {
 public:
  struct Request {
    RequestId id = 0;  ///< in the node's session
    Journey journey{};
    bool with_asking = false;  ///< ASKING was sent in front of it
  };

  SentRequests(Account& payer, std::size_t requests_max) : requests_(payer, requests_max) {}

  /// The ids must rise. Returns false if there is no memory.
  bool add(const Request& request) {
    return requests_.push_back(request) == Queue<Request>::Push::accepted;
  }
  void remove_last() { requests_.pop_back(); }

  /// Forgets the requests before this one, but keeps the last: a queue that is drained gives its
  /// memory back, and each request that comes alone would ask for it again.
  void drop_answered(RequestId answered_until) {
    while (requests_.size() > 1 && requests_.front().id < answered_until) requests_.pop_front();
  }
  void clear() { requests_.clear(); }

  /// Takes O(log n).
  std::optional<Request> find(RequestId id) {
    const Request* const found =
        requests_.lower_bound([id](const Request& each) { return each.id < id; });
    if (found == nullptr || found->id != id) return std::nullopt;
    return *found;
  }

 private:
  Queue<Request> requests_;
};

}  // namespace plimsoll::inline v0
