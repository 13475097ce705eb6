#include "plimsoll/core/client/early_requests.h"

#include "plimsoll/core/client/handed_request.h"
#include "plimsoll/core/client/node_caches.h"
#include "plimsoll/core/client/scatter_refusal.h"
#include "plimsoll/core/client/whole_request.h"

namespace plimsoll::inline v0 {
namespace {

constexpr Error no_room_for_early{
    .code = ErrorCode::rejected_by_limit,
    .what =
        "the server is a node of a cluster, and the requests pool has no room for a request "
        "that waits for the owner of its slot"};

}  // namespace

EarlyRequests::EarlyRequests(Session& main, Cluster& cluster)
    : main_(main),
      cluster_(cluster),
      end_(main.staged_until()),
      moved_(main.accounts().requests, main.options().inflight_requests_limit) {}

EarlyRequests::Judgement EarlyRequests::judge(const Pipeline::Handed& request) const {
  const WholeRequest whole(main_.accounts().requests, main_.requests(), request);
  if (!whole) return {.refusal = no_room_for_early};
  Judgement found{.route = route_of(whole.command())};
  if (const Status allowed = cluster_.check(whole.command()); !allowed) {
    found.refusal = allowed.error();
  } else {
    found.stays = found.route.kind != Route::Kind::one_slot && !is_scattered(found.route);
  }
  return found;
}

// Each leaves the main session before the next one is looked at, so that its memory is free again.
// If there is none at first, the first few are refused, and the others find room.
void EarlyRequests::move() {
  for (auto each = main_.next_live(0); each && each->id < end_;
       each = main_.next_live(each->id + 1)) {
    const Judgement judgement = judge(*each);
    if (judgement.refusal || judgement.stays) continue;
    if (!adopt(*each, judgement.route)) {
      if (without_room_count_ == without_room_.size()) continue;
      without_room_[without_room_count_++] = each->tag;
    }
    main_.leave_to_another(each->id);
  }
}

bool EarlyRequests::adopt(const Pipeline::Handed& request, const Route& route) {
  using Asking = HandedRequest::Asking;
  const HandedRequest moving(main_.requests(), request, 0, Asking::no);
  const Result<RequestId> id =
      cluster_.adopt(moving.command(), route, main_.now(), request.deadline, request.tag);
  if (id) {
    moved_.add(request.id, *id);
    NodeCaches* const caches = cluster_.caches();
    if (caches != nullptr) caches->note_moved(request.id, !request.may_resend, *id);
  }
  return id.ok();
}

// What is left in the main session, and does not stay there, was refused.
std::optional<Event> EarlyRequests::poll_event() {
  if (admitted_) {
    if (const auto event = poll_admitted()) return event;
  }
  if (are_sorted_) return std::nullopt;
  if (without_room_reported_ < without_room_count_) {
    return failed(without_room_[without_room_reported_++], no_room_for_early);
  }
  for (auto each = main_.next_live(next_); each && each->id < end_; each = main_.next_live(next_)) {
    next_ = each->id + 1;
    const Judgement judgement = judge(*each);
    if (judgement.stays) continue;
    main_.leave_to_another(each->id);
    return failed(each->tag, judgement.refusal.value_or(no_room_for_early));
  }
  are_sorted_ = true;
  main_.join_cluster();
  return std::nullopt;
}

void EarlyRequests::note_admitted(const CommandView& command, RequestId id, Tag tag) {
  if (const Status allowed = cluster_.check(command); !allowed) {
    admitted_ = {.id = id, .tag = tag, .refusal = allowed.error()};
  }
}

// If it was cancelled meanwhile, that is its outcome.
std::optional<Event> EarlyRequests::poll_admitted() {
  const Admitted refused = *admitted_;
  admitted_.reset();
  if (!cluster_.withdraw(refused.id)) return std::nullopt;
  return failed(refused.tag, refused.refusal);
}

Event EarlyRequests::failed(Tag tag, const Error& error) {
  event_error_ = error;
  return {.kind = Event::Kind::failed, .tag = tag, .error = &event_error_};
}

void EarlyRequests::forget_answered() {
  moved_.forget([this](RequestId id) { return cluster_.is_answered(id); });
}

}  // namespace plimsoll::inline v0
