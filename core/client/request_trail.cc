#include "plimsoll/core/client/request_trail.h"

namespace plimsoll::inline v0 {

std::optional<RequestId> RequestTrail::cancel(RequestId id, Instant now) {
  while (owns(id)) {
    if (const std::optional<RequestId> to = moved_to(id)) {
      id = *to;
      continue;
    }
    if (is_parked(id)) {
      parked_of(id).pipeline().cancel(request_ids::request_of(id));
    } else if (Session* const session = nodes_.session_of_request(id)) {
      session->cancel(request_ids::request_of(id), now);
      nodes_.note_input(ClusterNodes::number_of_request(id));
    }
    return std::nullopt;
  }
  return id;
}

std::optional<RequestId> RequestTrail::moved_to(RequestId id) const {
  if (is_parked(id)) return parked_of(id).moved.find(id);
  const NodeNumber number = ClusterNodes::number_of_request(id);
  return nodes_.has(number) ? nodes_[number].moved.find(id) : std::nullopt;
}

// Whether the request has ended, here or where it has gone on, as far as it is known.
bool RequestTrail::is_answered(RequestId id) const {
  id = last_of(id);
  if (!owns(id)) return id < main_.answered_until();
  const RequestId request = request_ids::request_of(id);
  if (is_parked(id)) return !parked_of(id).pipeline().live(request);
  Session* const session = nodes_.session_of_request(id);
  return session == nullptr || request < session->answered_until();
}

RequestId RequestTrail::last_of(RequestId id) const {
  while (owns(id)) {
    const std::optional<RequestId> to = moved_to(id);
    if (!to) break;
    id = *to;
  }
  return id;
}

const ParkedRequests::Request* RequestTrail::find_parked(RequestId id) const {
  return is_parked(id) ? parked_of(id).find(request_ids::request_of(id)) : nullptr;
}

bool RequestTrail::was_exposed(RequestId id) const {
  id = last_of(id);
  if (!owns(id)) return main_.was_exposed(id);
  if (is_parked(id)) return false;
  Session* const session = nodes_.session_of_request(id);
  return session == nullptr || session->was_exposed(request_ids::request_of(id));
}

bool RequestTrail::is_owed(RequestId id) const {
  if (!owns(id) || is_parked(id)) return false;
  Session* const session = nodes_.session_of_request(id);
  return session != nullptr && request_ids::request_of(id) >= session->answered_until();
}

void RequestTrail::remember(MovedRequests& moved, RequestId from, RequestId to) {
  moved.forget([this](RequestId id) { return is_answered(id); });
  moved.add(from, to);
}

void RequestTrail::forget_ended() {
  const auto answered = [this](RequestId id) { return is_answered(id); };
  nodes_.for_each_moved([&](ClusterNode& node) { node.moved.forget(answered); });
}

std::size_t RequestTrail::staged_places(RequestId id, std::uint64_t offset, std::size_t size,
                                        std::span<std::string_view> spans) const {
  const RequestId request = request_ids::request_of(id);
  if (is_parked(id)) return parked_of(id).pipeline().staged_places(request, offset, size, spans);
  return nodes_.session_of_request(id)->staged_places(request, offset, size, spans);
}

}  // namespace plimsoll::inline v0
