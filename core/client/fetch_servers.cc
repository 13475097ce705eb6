#include "plimsoll/core/client/fetch_servers.h"

#include <optional>

#include "plimsoll/core/client/cluster.h"
#include "plimsoll/core/client/replicas.h"

namespace plimsoll::inline v0 {

Result<RequestId> FetchServers::submit_to_several(const CommandView& command, Instant now,
                                                  Instant deadline, Tag tag, Duration max_staleness,
                                                  cache::Mark after) {
  if (cluster_ != nullptr) return cluster_->submit(command, now, deadline, tag);
  return max_staleness == cache::any_staleness
             ? replicas_->submit(command, now, deadline, tag, after)
             : replicas_->submit_to_primary(command, deadline, tag);
}

Result<RequestId> FetchServers::submit_fetch_to_several(const Fetches::Fetch& fetch,
                                                        const CommandView& command) {
  const Tag tag = Fetches::tag_of(fetch);
  if (is_at_replica(fetch)) return replicas_->submit_fetch(fetch.node, command, tag);
  if (cluster_ == nullptr) {
    replicas_->take_places();
    return main_.submit_owed(command, never, tag);
  }
  const Instant now = fetch.ticket.began_at;
  return fetch.is_scattered ? cluster_->submit(command, now, never, tag)
                            : cluster_->submit_to_slot(fetch.slot, command, now, never, tag);
}

void FetchServers::cancel(RequestId request) {
  const Instant time = now();
  std::optional<RequestId> on_main = request;
  if (cluster_ != nullptr) on_main = cluster_->cancel(request, time);
  if (replicas_ != nullptr) on_main = replicas_->cancel(request, time);
  if (on_main) main_.cancel(*on_main, time);
}

bool FetchServers::was_exposed_of_several(RequestId request) const {
  return cluster_ != nullptr ? cluster_->was_exposed(request) : replicas_->was_exposed(request);
}

Instant FetchServers::now_of_several() const {
  return cluster_ != nullptr ? cluster_->now() : replicas_->now();
}

std::size_t FetchServers::in_flight_elsewhere() const {
  return cluster_ != nullptr ? cluster_->in_flight() : replicas_->in_flight();
}

bool FetchServers::are_several_full() const {
  if (cluster_ != nullptr) return cluster_->may_be_full();
  replicas_->take_places();
  return main_.is_full();
}

void FetchServers::note_waiters_of_several(std::size_t count) {
  cluster_ != nullptr ? cluster_->take_places(count) : replicas_->note_waiters(count);
}

}  // namespace plimsoll::inline v0
