#include "plimsoll/core/client/parked_routes.h"

#include <algorithm>

namespace plimsoll::inline v0 {

bool ParkedRoutes::may_go(const ParkedRequests::Request& request, Instant now, Instant& again_at) {
  if (request.not_before > now) {
    again_at = std::min(again_at, request.not_before);
    return false;
  }
  if (request.is_for_main) return true;
  const NodeNumber target = target_of(request, now);
  if (target == no_node) {
    slots_.want_view(now, ViewSchedule::Need::urgent);
    return false;
  }
  const Journey& journey = request.journey;
  if (!journey.is_for_node && !journey.is_unordered && !slots_.is_at_rest(journey.slot, target)) {
    return false;
  }
  if (nodes_.may_send_to(target)) return true;
  want_node(target, now);
  return false;
}

void ParkedRoutes::want_node(NodeNumber number, Instant now) {
  nodes_.want(number, now);
  if (nodes_[number].is_doubtful(now)) slots_.want_successor(number, now);
}

bool ParkedRoutes::is_for_no_node(const ParkedRequests::Request& request, Tag tag, Instant now) {
  if (!request.journey.is_for_node || !tags::is_part(tag)) return false;
  const NodeNumber target = target_of(request, now);
  return target != request.asked && target != no_node && !scattered_.may_take_over(tag, target);
}

NodeNumber ParkedRoutes::target_of(const ParkedRequests::Request& request, Instant now) const {
  const NodeNumber asked = request.asked;
  if (request.journey.is_for_node) {
    if (nodes_.has(asked) && nodes_[asked].slots > 0) return asked;
    return slots_.table().at(request.journey.slot).owner();
  }
  if (nodes_.has(asked) && nodes_[asked].may_be_awaited(now)) return asked;
  return slots_.table().at(request.journey.slot).owner();
}

}  // namespace plimsoll::inline v0
