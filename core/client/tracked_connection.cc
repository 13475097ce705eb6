#include "plimsoll/core/client/tracked_connection.h"

#include <algorithm>
#include <utility>

namespace plimsoll::inline v0 {

void TrackedConnection::begin(Session& session) {
  begin_unproved(session);
  proved_before_ = about_to_stage(cache_, session.now());
  prove_until(proved_before_);
}

void TrackedConnection::begin_unproved(Session& session) {
  end();
  use(session);
}

void TrackedConnection::use(Session& session) {
  session_ = &session;
  connection_ = session.counters().connections;
  pushes_skipped_ = session.counters().pushes_skipped;
  set_readable(is_readable_);
}

bool TrackedConnection::has_lost_connection() const {
  if (!is_tracked()) return false;
  const bool is_up = session_->state() == Session::State::ready;
  return !is_up || session_->counters().connections != connection_;
}

void TrackedConnection::suspend() {
  forget_probe();
  session_ = nullptr;
  is_suspended_ = true;
  cache_.generations().suspend(member_);
}

void TrackedConnection::resume(Session& session) {
  is_suspended_ = false;
  use(session);
}

void TrackedConnection::forget_probe() {
  probe_.reset();
  wanted_ = 0;
}

void TrackedConnection::end() {
  forget_probe();
  const bool had_session = std::exchange(session_, nullptr) != nullptr;
  if (std::exchange(is_suspended_, false) || had_session) cache_.generations().end(member_);
}

// A session that closes vouches for nothing, so no barrier has to wait for its proof.
TrackedConnection::Change TrackedConnection::follow() {
  if (!is_tracked()) return Change::none;
  if (has_lost_connection()) {
    end();
    return Change::ended;
  }
  const SessionCounters& counters = session_->counters();
  if (probe_ && *probe_ < session_->answered_until()) give_up_probe();
  const std::uint64_t skipped_before = std::exchange(pushes_skipped_, counters.pushes_skipped);
  return skipped_before != pushes_skipped_ && is_tracked() ? Change::unheard : Change::none;
}

void TrackedConnection::note_request(RequestId id, const Staged& staged) {
  if (!is_tracked() || probe_) return;
  probe_ = id;
  probe_staged_ = staged;
}

// The reply shows that all invalidations for changes before the probe was staged have arrived.
// Broadcasts come behind all replies of the server's turn of its event loop, so with them this
// reply proves only what happened before the previous probe was staged.
void TrackedConnection::handle_reply_to(RequestId id) {
  if (!probe_ || id < *probe_) return;
  probe_.reset();
  const Staged before = std::exchange(proved_before_, probe_staged_);
  prove_until(is_broadcast() ? before : probe_staged_);
  ask_again_if_wanted();
}

void TrackedConnection::prove_until(const Staged& staged) {
  if (is_tracked()) cache_.generations().prove(member_, staged.at, staged.mark);
}

// Half a lease after the last proof, so that the next proof comes before the lease ends.
// `asked_at_` counts as well: if there is no room for the question, the next attempt waits as long.
Instant TrackedConnection::next_proof() const {
  if (!is_tracked() || probe_ || question_.empty()) return never;
  const Duration half = cache_.options().coherence_lease / 2;
  return after(std::max(cache_.generations().proved_at(member_), asked_at_), half);
}

void TrackedConnection::ask_for_proof(Instant now) {
  asked_at_ = now;
  const RequestId next = session_->staged_until();
  const Staged staged = about_to_stage(cache_, now);
  if (!session_->submit_internal(CommandView::from_encoded(question_), internal_proof)) return;
  probe_ = asked_ = next;
  probe_staged_ = staged;
}

// Ends a probe whose reply will not come, which proves nothing. The next proof may have become due
// while the probe was under way: without a question now, next_proof() would return a past time
// again and again.
void TrackedConnection::give_up_probe() {
  probe_.reset();
  if (session_->now() >= next_proof()) ask_for_proof(session_->now());
  ask_again_if_wanted();
}

void TrackedConnection::want_proof(cache::Mark mark, Instant now) {
  if (has_proved(mark)) return;
  wanted_ = std::max(wanted_, mark);
  if (probe_) return;
  if (question_.empty()) {
    renew();
  } else {
    ask_for_proof(now);
  }
}

void TrackedConnection::ask_again_if_wanted() {
  if (wanted_ == 0) return;
  if (has_proved(wanted_)) {
    wanted_ = 0;
  } else {
    want_proof(wanted_, session_->now());
  }
}

void TrackedConnection::refuse_question() {
  probe_.reset();
  question_ = {};
  if (is_tracked()) ask_again_if_wanted();
}

}  // namespace plimsoll::inline v0
