#include "plimsoll/core/client/fetch_servers.h"

#include <optional>

#include "plimsoll/core/client/cluster.h"
#include "plimsoll/core/client/replicas.h"

namespace plimsoll::inline v0 {

Result<RequestId> FetchServers::submit(const CommandView& command, Instant now, Instant deadline,
                                       Tag tag, Duration max_staleness, cache::Mark after) {
  if (cluster_ != nullptr) return cluster_->submit(command, now, deadline, tag);
  if (replicas_ == nullptr) return main_.submit(command, deadline, tag);
  return max_staleness == cache::any_staleness
             ? replicas_->submit(command, now, deadline, tag, after)
             : replicas_->submit_to_primary(command, deadline, tag);
}

Result<RequestId> FetchServers::submit_fetch(const Fetches::Fetch& fetch,
                                             const CommandView& command) {
  const Tag tag = Fetches::tag_of(fetch);
  if (cluster_ != nullptr) {
    const Instant now = fetch.ticket.began_at;
    return fetch.is_scattered ? cluster_->submit(command, now, never, tag)
                              : cluster_->submit_to_slot(fetch.slot, command, now, never, tag);
  }
  if (is_at_replica(fetch)) return replicas_->submit_fetch(fetch.node, command, tag);
  if (replicas_ != nullptr) replicas_->take_places();
  return main_.submit_owed(command, never, tag);
}

void FetchServers::cancel(RequestId request) {
  const Instant time = now();
  std::optional<RequestId> on_main = request;
  if (cluster_ != nullptr) on_main = cluster_->cancel(request, time);
  if (replicas_ != nullptr) on_main = replicas_->cancel(request, time);
  if (on_main) main_.cancel(*on_main, time);
}

bool FetchServers::was_exposed(RequestId request) const {
  if (replicas_ != nullptr) return replicas_->was_exposed(request);
  return cluster_ != nullptr ? cluster_->was_exposed(request) : main_.was_exposed(request);
}

Instant FetchServers::now() const {
  if (replicas_ != nullptr) return replicas_->now();
  return cluster_ != nullptr ? cluster_->now() : main_.now();
}

std::size_t FetchServers::in_flight() const {
  std::size_t elsewhere = 0;
  if (cluster_ != nullptr) elsewhere = cluster_->in_flight();
  if (replicas_ != nullptr) elsewhere = replicas_->in_flight();
  return main_.in_flight() + elsewhere;
}

bool FetchServers::is_full() const {
  if (cluster_ != nullptr) return cluster_->may_be_full();
  if (replicas_ != nullptr) replicas_->take_places();
  return main_.is_full();
}

void FetchServers::note_waiters(std::size_t count) {
  if (cluster_ != nullptr) return cluster_->take_places(count);
  if (replicas_ != nullptr) return replicas_->note_waiters(count);
  main_.take_places(count);
}

}  // namespace plimsoll::inline v0
