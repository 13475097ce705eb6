#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/near_cache.h"

// What a client with a cache does differently.

namespace plimsoll {

Status Client::use_cache(cache::Cache& cache, std::string_view place, Duration clock_step) {
  PLIMSOLL_CHECK(session_.state() == Session::State::idle && !near_ && !recorder_.on());
  const Result<std::uint32_t> slot = cache.join();
  if (!slot) return slot.error();
  near_ = Box<NearCache>::make(*accounts_.connections, 0, cache, *slot, place, clock_step, session_,
                               *accounts_.requests, *accounts_.replies);
  if (near_) return {};
  cache.leave(*slot);
  return Error{.code = ErrorCode::out_of_memory,
               .what = "the connections pool has no room for a client with a cache",
               .value = sizeof(NearCache)};
}

void Client::set_shown(std::string_view text) {
  PLIMSOLL_CHECK(near_);
  near_->set_shown(text);
}

Result<RequestId> Client::stage_near(const CommandView& command, Instant now, Duration timeout,
                                     Tag tag, Duration max_staleness) {
  if (!admission_.none()) return refuse_to_overtake();
  return count(near_->submit(command, now, deadline_of(now, timeout), tag, max_staleness));
}

Result<RequestId> Client::prove(Instant now, Duration timeout, Tag tag) {
  PLIMSOLL_CHECK(near_);
  return count(near_->prove(now, deadline_of(now, timeout), tag));
}

Result<RequestId> Client::note_beside(const CommandView& command, const Result<RequestId>& id) {
  if (near_ && id) near_->note_beside(command, *id);
  return id;
}

std::optional<Event> Client::poll_near_event() {
  for (;;) {
    if (std::optional<Event> event = near_->poll_event()) return event;
    std::optional<Event> event = session_.poll_event();
    const bool is_all = !event;
    if (event) event = near_->handle_event(*event);
    near_->follow_session();
    if (is_all) break;
    if (event && event->tag >= own_tag_first) event = handle_own(*event);
    if (event) return event;
  }
  std::optional<Event> event;
  if (!admission_.none()) event = poll_admission();
  near_->handle_first_waits(admission_.first_id());
  return event;
}

Instant Client::near_timeout() const { return near_->poll_timeout(); }

// What several wait for is copied for each of them but the last.
Result<Reply> Client::keep_shared_reply() {
  const std::string_view cached = near_->cached_reply();
  if (!cached.empty()) return Reply::copy_of(cached, *accounts_.replies);
  return near_->will_tell_again() ? session_.copy_reply() : session_.keep_reply();
}

}  // namespace plimsoll
