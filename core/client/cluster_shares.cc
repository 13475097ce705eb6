#include "plimsoll/core/client/cluster_shares.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "plimsoll/core/client/scatter_refusal.h"
#include "plimsoll/core/cluster/node_share.h"
#include "plimsoll/core/cluster/routing.h"
#include "plimsoll/core/session/request_log.h"

namespace plimsoll::inline v0 {
namespace {

Error share_reached(const char* what, std::uint64_t value, std::uint64_t limit) {
  return Error{.code = ErrorCode::rejected_by_limit,
               .what = what,
               .expected = "its answers; topology() says how each node is",
               .value = value,
               .limit = limit};
}

}  // namespace

bool ClusterShares::follow_nodes() {
  if (std::exchange(nodes_count_, nodes_.owners_count()) == nodes_.owners_count()) return false;
  const std::size_t all = main_.options().inflight_requests_limit;
  requests_max_ = node_share(all, nodes_count_, false);
  requests_max_in_doubt_ = node_share(all, nodes_count_, true);
  const auto parts =
      static_cast<std::uint32_t>(node_share(RequestLog::parts_count, nodes_count_, false));
  main_.set_log_parts(parts);
  nodes_.set_log_parts(parts);
  return true;
}

void ClusterShares::set_doubt(NodeNumber number, bool is_in_doubt) {
  ClusterNode& node = nodes_[number];
  node.has_small_share = is_in_doubt;
  if (is_in_doubt) nodes_.note_doubt(number);
  if (!node.session) return;
  const std::size_t parts = node_share(RequestLog::parts_count, nodes_count_, is_in_doubt);
  node.session->set_log_parts(static_cast<std::uint32_t>(parts));
}

void ClusterShares::note_parked(NodeNumber target, std::size_t bytes) {
  if (nodes_.has(target)) return nodes_.note_parked(target, bytes);
  ++without_owner_.requests;
  without_owner_.bytes += bytes;
}

// ---- What one has.

bool ClusterShares::is_in_doubt(NodeNumber target, Instant now) const {
  return target != main_number && (!nodes_.has(target) || nodes_[target].is_doubtful(now));
}

ClusterShares::Load ClusterShares::load_of(NodeNumber target, Instant now) const {
  const ClusterNode* const node = nodes_.has(target) ? &nodes_[target] : nullptr;
  const Session* const session = target == main_number ? &main_
                                 : node != nullptr     ? node->session.get()
                                                       : nullptr;
  Load load;
  if (node != nullptr) {
    load = {.requests = node->parked, .bytes = node->parked_bytes};
  } else if (target != main_number) {
    load = {.requests = without_owner_.requests, .bytes = without_owner_.bytes};
  }
  if (session != nullptr) {
    load.requests += session->callers_in_flight();
    load.bytes += session->requests().log_bytes();
    if (load.requests == session->callers_in_flight())
      load.bytes_free = session->requests().log_room();
  }
  const bool others_wait = main_.options().inflight_overflow == OnLimit::wait;
  const Account& account = main_.accounts().requests;
  const std::size_t pool = account.budget().share(PoolKind::requests) / (others_wait ? 2 : 1);
  const bool has_doubt = is_in_doubt(target, now);
  load.requests_max = has_doubt ? requests_max_in_doubt_ : requests_max_;
  load.bytes_max = node_share(pool, nodes_count_, has_doubt);
  return load;
}

// Who has no request may send a long one all the same: it could never be sent otherwise. What fits
// into memory that the node has already takes nothing from others.
bool ClusterShares::is_at_share(NodeNumber target, std::size_t bytes, Instant now) const {
  const Load load = load_of(target, now);
  if (load.requests == 0 || nodes_count_ <= 1) return false;
  if (lacks_memory(target)) return true;
  if (load.requests >= load.requests_max) return true;
  return load.bytes + bytes > load.bytes_max && bytes > load.bytes_free;
}

// Those who stand in lanes were submitted earlier, perhaps for one of the slots.
bool ClusterShares::may_scatter(std::size_t places, Instant now) {
  if (!lanes_.empty()) return false;
  const std::size_t most = main_.options().inflight_requests_limit;
  return places < std::max<std::size_t>(1, most / 2) || nodes_count_ <= 1 ||
         !nodes_.has_doubtful(now);
}

// ---- Requests that are submitted.

Status ClusterShares::check(Slot slot, const CommandView& command, Instant now) {
  const NodeNumber target = target_of(slot);
  const bool others_wait = others_wait_for(target);
  const std::size_t bytes = encoded_size_bound(command);
  if (!others_wait && !is_at_share(target, bytes, now)) return {};
  ++reached_;
  const Load load = load_of(target, now);
  if (load.requests >= load.requests_max || others_wait) {
    return share_reached("one node has its share of inflight_requests_limit", load.requests,
                         load.requests_max);
  }
  return share_reached("one node has its share of the requests pool", load.bytes + bytes,
                       load.bytes_max);
}

Status ClusterShares::check_scattered(std::size_t places, Instant now) {
  if (may_scatter(places, now)) return {};
  ++reached_;
  if (!lanes_.empty()) {
    return share_reached("others wait for a node that has its share of what all nodes may have",
                         Error::no_number, Error::no_number);
  }
  return share_reached(
      "requests for several nodes have their half of inflight_requests_limit, and one is in doubt",
      places, main_.options().inflight_requests_limit / 2);
}

// ---- Requests that wait.

Result<RequestId> ClusterShares::join(Admission& waiters, const CommandView& command,
                                      const Newcomer& newcomer, const Admission::Size& other,
                                      Instant now) {
  const auto& [bytes, deadline, tag] = newcomer;
  const Route route = route_of(command);
  Admission::Place place;
  if (!is_scattered(route)) place.slot = route.kind == Route::Kind::one_slot ? route.slot : keyless;
  place.lane = lane_for(place.slot, bytes, waiters, now);
  // Who waits for a node that answers does not wait for long.
  place.is_bounded = place.lane != 0 && is_in_doubt(lanes_[place.lane].node, now);
  return waiters.join(bytes, deadline, tag, other, place);
}

// In which lane somebody stands from the start; 0: in none.
std::uint8_t ClusterShares::lane_for(Slot slot, std::size_t bytes, const Admission& waiters,
                                     Instant now) {
  if (slot == no_slot || !waiters.are_all_aside()) return 0;
  if (!lanes_.empty() && has_changed()) return 0;
  changes_seen_ = slots_.owner_changes();
  const NodeNumber target = target_of(slot);
  if (const std::uint8_t lane = lanes_.find(target); lane != 0) return lane;
  return is_at_share(target, bytes, now) ? lanes_.find_or_take(target) : std::uint8_t{0};
}

bool ClusterShares::choose(Admission& waiters, std::size_t places, Instant now) {
  if (has_changed() && !lanes_.empty()) waiters.put_back();
  changes_seen_ = slots_.owner_changes();
  if (const std::uint8_t lane = oldest_lane(waiters, now); lane != 0) return waiters.choose(lane);
  while (waiters.choose(0)) {
    const Admission::Waiter& first = waiters.first();
    if (first.slot == no_slot) {
      if (may_scatter(places, now)) return true;
      break;
    }
    const NodeNumber target = target_of(first.slot);
    const bool has_lane = lanes_.find(target) != 0;
    if (!has_lane && !is_at_share(target, first.bytes, now)) return true;
    const std::uint8_t lane = lanes_.find_or_take(target);
    if (lane == 0) break;
    if (!has_lane) ++reached_;
    waiters.set_aside(lane);
  }
  waiters.choose_nobody();
  return false;
}

// The lane of the one who has waited longest of those whose node has room; 0, if none has.
std::uint8_t ClusterShares::oldest_lane(Admission& waiters, Instant now) {
  std::uint8_t oldest = 0;
  RequestId oldest_id = UINT64_MAX;
  for (std::uint8_t lane = 1; lane <= WaiterLanes::count_max; ++lane) {
    if (!lanes_.is_open(lane)) continue;
    // This is asked for each event, so the usual answer is found without the waiter.
    const NodeNumber node = lanes_[lane].node;
    const bool has_session = nodes_.has(node) && nodes_[node].session;
    if (has_session && !is_below_share(nodes_[node])) continue;
    if (!waiters.choose(lane) || waiters.first().id > oldest_id) continue;
    if (is_at_share(node, waiters.first().bytes, now)) continue;
    oldest = lane;
    oldest_id = waiters.first().id;
  }
  return oldest;
}

}  // namespace plimsoll::inline v0
