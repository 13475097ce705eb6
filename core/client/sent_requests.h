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
  std::uint32_t number = 0;  ///< in the order of submission; after the highest comes 0 again
  Slot slot = 0;
  std::uint8_t hops : 5 = 0;       ///< how often it was sent on to another node
  bool is_unordered : 1 = false;   ///< it waits for no other request of its slot, and none for it
  bool is_for_node : 1 = false;    ///< it is for one node, which owns `slot`, whatever keys it has
  bool is_at_replica : 1 = false;  ///< a read: this node is a replica of the owner
  std::uint8_t waits : 7 = 0;      ///< how often it has waited because a node could not run it yet
  bool with_asking : 1 = false;    ///< at this node: behind ASKING

  static constexpr std::uint8_t hops_max = 31;
  static constexpr std::uint8_t waits_max = 127;

  /// Of two requests of a client: there are never so many at a time that this could be wrong.
  bool is_before(const Journey& other) const {
    return static_cast<std::int32_t>(number - other.number) < 0;
  }
};

/// The journeys of the requests that a node has been sent and has not answered, so that they can go
/// on if the node does not run them.
class SentRequests {
 public:
  struct Request {
    RequestId id = 0;  ///< in the node's session
    Journey journey{};
  };
  static_assert(sizeof(Request) == 16);

  /// There is one place more than `requests_max`, because make_room() keeps the last request:
  /// without it a client with one request at a time could not send a second one.
  SentRequests(Account& payer, std::size_t requests_max) : requests_(payer, requests_max + 1) {}

  /// The ids must rise. Returns false if there is no memory.
  bool add(const Request& request) {
    return requests_.push_back(request) == Queue<Request>::Push::accepted;
  }
  void remove_last() { requests_.pop_back(); }

  /// Whether add() needs no make_room(). So it is mostly: what is answered may take a chunk in
  /// vain.
  bool has_room() const {
    return requests_.has_room_behind_last() && requests_.capacity() <= kept_max;
  }

  /// Forgets requests that `session` has answered, in whole chunks. The last chunk stays: a queue
  /// that is drained gives its memory back, and each request that comes alone would ask for it
  /// again. At the bound it forgets all that are answered, and those that ended unsent behind one
  /// that is not: that is a walk over all.
  template <class Session>
  [[gnu::noinline]] void make_room(Session& session) {
    const RequestId end = session.answered_until();
    requests_.pop_chunks_before([end](const Request& each) { return each.id < end; });
    if (requests_.has_room_behind_last() || requests_.capacity() < requests_.size_max()) return;
    while (requests_.size() > 1 && requests_.front().id < end) requests_.pop_front();
    if (requests_.size() < requests_.size_max()) return;
    requests_.erase_if([&session](const Request& each) { return !session.live(each.id); });
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
  static constexpr std::size_t kept_max = 2 * Queue<Request>::elements_per_chunk;

  Queue<Request> requests_;
};

}  // namespace plimsoll::inline v0
