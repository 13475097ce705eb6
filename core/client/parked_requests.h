#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/client/moved_requests.h"
#include "plimsoll/core/client/sent_requests.h"
#include "plimsoll/core/cluster/slot_table.h"
#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/session/options.h"
#include "plimsoll/core/session/pipeline.h"

namespace plimsoll::inline v0 {

/// Requests of a client of a cluster that wait until they can be sent to a node: in the order in
/// which they were submitted, with their bytes, deadlines and tags. They lie in a pipeline that
/// nobody sends.
class ParkedRequests {
 public:
  struct Request {
    RequestId id = 0;  ///< in pipeline()
    Journey journey{};
    NodeNumber asked = no_node;  ///< to this node, with ASKING; no_node: to the owner of the slot.
                                 ///< If its journey is_for_node: that node, without ASKING
    bool is_for_main = false;    ///< it has no key: to the client's main connection
    bool is_whole = false;       ///< it goes in parts, and stays here until all are answered
    Instant not_before = Instant::min();  ///< earlier it would be refused again
  };

  /// Twice the limit, because a request of several parts is parked itself, and so may be its parts.
  static Pipeline::Options options_for(const SessionOptions& of_main) {
    static_assert(2 * inflight_requests_limit_max <= UINT32_MAX);
    return {.requests_max = static_cast<std::uint32_t>(2 * of_main.inflight_requests_limit),
            .read_resends_max = std::max<std::uint8_t>(of_main.read_resends_max, 1),
            .others_wait = of_main.inflight_overflow == OnLimit::wait};
  }

  /// `place`: of its requests among those of all connections (packed_id.h).
  ParkedRequests(Account& payer, const Pipeline::Options& options, std::uint64_t place)
      : place_(place),
        requests_(payer, options.requests_max),
        pipeline_(payer, options),
        moved(payer, options.requests_max) {}

  /// Fails with rejected_by_limit.
  Result<RequestId> park(const CommandView& command, Instant deadline, Tag tag, Request request) {
    if (requests_.size() == requests_.size_max()) forget_ended();
    request.id = pipeline_.staged_until();
    // What comes back may have been submitted before others that are back already.
    const bool is_last = requests_.empty() || requests_.back().journey.is_before(request.journey);
    // First, because a request that was staged could not be taken back without an outcome.
    if (requests_.push_back(is_last ? request : requests_.back()) !=
        Queue<Request>::Push::accepted) {
      return no_memory();
    }
    const Result<RequestId> id = pipeline_.submit(command, deadline, tag);
    if (!id) {
      requests_.pop_back();
    } else if (!is_last) {
      insert(request);
    }
    return id;
  }

  /// Pipeline::make_room(), also for the place here.
  Pipeline::Room make_room(std::size_t bytes) {
    if (requests_.size() == requests_.size_max()) forget_ended();
    if (requests_.push_back({}) != Queue<Request>::Push::accepted) return Pipeline::Room::no_memory;
    const Pipeline::Room room = pipeline_.make_room(bytes);
    if (room != Pipeline::Room::made) requests_.pop_back();
    return room;
  }
  RequestId park_in_room(const CommandView& command, Instant deadline, Tag tag, Request request) {
    request.id = pipeline_.submit_to_room(command, deadline, tag);
    requests_.back() = request;
    return request.id;
  }
  void release_room() {
    requests_.pop_back();
    pipeline_.release_room();
  }

  /// Ends a request, without an outcome.
  void end(RequestId id) {
    pipeline_.leave_to_another(id);
    while (!requests_.empty() && !pipeline_.live(requests_.front().id)) requests_.pop_front();
  }

  /// The request of this id, also if it has just ended; null if it is here no more. Looks first
  /// behind the one that was found last: requests tend to end in order.
  const Request* find(RequestId id) {
    const Request* found = nullptr;
    const auto find_from = [&](std::size_t index) {
      requests_.for_each_from(index, [&](const Request& each) {
        if (each.id == id) found = &each;
        ++index;
        return found == nullptr;
      });
      return index;
    };
    const std::size_t behind_last = std::exchange(found_until_, find_from(found_until_));
    if (found == nullptr && behind_last > 0) found_until_ = find_from(0);
    return found;
  }

  /// The bytes of the request that was parked last.
  std::size_t bytes_of_last(RequestId id) const {
    return static_cast<std::size_t>(pipeline_.staged_until() - id);
  }

  bool empty() const { return requests_.empty(); }
  std::size_t count() const { return pipeline_.size(); }

  /// Calls `visit(const Request&)` for each request, also for those that have ended.
  template <class Visit>
  void for_each(Visit&& visit) {
    requests_.for_each_from(0, [&](const Request& each) {
      visit(each);
      return true;
    });
  }

  /// Calls `take(const Request&, const Pipeline::Handed&)` for each request that waits, in order.
  /// Those for which it returns true have gone on, and leave without an outcome.
  template <class Take>
  void release(Take&& take) {
    requests_.erase_if([&](const Request& each) {
      const std::optional<Pipeline::Handed> request = pipeline_.live(each.id);
      if (!request) return true;
      if (!take(each, *request)) return false;
      pipeline_.leave_to_another(each.id);
      return true;
    });
  }

  Pipeline& pipeline() { return pipeline_; }
  const Pipeline& pipeline() const { return pipeline_; }

  /// The id by which callers know the request `id` of pipeline().
  RequestId known_as(RequestId id) const { return request_ids::on_side(place_, 0, id); }

 private:
  void forget_ended() {
    requests_.erase_if([this](const Request& each) { return !pipeline_.live(each.id); });
  }

  // The last place is free for the last request: those behind the new one go one place further.
  void insert(Request carried) {
    requests_.for_each_from_bound(
        [number = carried.journey](const Request& each) { return each.journey.is_before(number); },
        [&carried](Request& each) {
          std::swap(each, carried);
          return true;
        });
  }

  static Error no_memory() {
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "the requests pool has no room for a request that has to wait"};
  }

  const std::uint64_t place_;
  std::size_t found_until_ = 0;  // find(): behind the last one, if none has left since
  Queue<Request> requests_;
  Pipeline pipeline_;

 public:
  MovedRequests moved;  ///< where those that have gone on are now
};

}  // namespace plimsoll::inline v0
