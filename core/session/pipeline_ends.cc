#include <algorithm>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/session/pipeline.h"

// How requests end early: by cancel(), by their deadline, and with their connection; and what they
// leave behind.

namespace plimsoll {

void Pipeline::cancel(RequestId id) {
  Request* const request =
      requests_.lower_bound([id](const Request& each) { return each.begin < id; });
  if (request == nullptr || request->begin != id || request->state != State::live) return;
  tell_to_end(*request, State::cancelling);
}

void Pipeline::tell_to_end(Request& request, State state) {
  request.state = state;
  ++told_to_end_count_;
  told_to_end_from_ = std::min(told_to_end_from_, request.begin);
  searching_ = true;
}

void Pipeline::handle_timeout(Instant now) {
  if (now < next_deadline_) return;
  search_now_ = now;
  search_deadline_ = never;
  searching_ = is_due_ = true;
  if (!is_sorted_) begin_walk();
}

void Pipeline::begin_walk() {
  due_from_ = 0;
  walk_is_sorted_ = true;
  sorted_deadline_ = Instant::min();
}

// Whether it waits for no less long than those in front of it, as far as these were looked at.
bool Pipeline::is_later(const Request& request) {
  ++steps_;
  if (request.state != State::live || request.deadline == never) return true;
  if (request.deadline < sorted_deadline_) return false;
  sorted_deadline_ = request.deadline;
  return true;
}

void Pipeline::look_at_new_deadlines() {
  const auto is_old = [this](const Request& request) { return request.begin < sorted_until_; };
  requests_.for_each_from_bound(is_old, [this](const Request& request) {
    is_sorted_ = is_later(request);
    return is_sorted_;
  });
  sorted_until_ = log_.end();
  if (!is_sorted_) begin_walk();
}

std::optional<Ended> Pipeline::next_ended() {
  if (!searching_) return std::nullopt;
  std::optional<Ended> ended = next_told_to_end();
  if (!ended && is_due_) ended = next_due();
  if (ended) return ended;
  searching_ = is_due_ = false;
  trim_withdrawn();
  return std::nullopt;
}

std::optional<Ended> Pipeline::next_told_to_end() {
  std::optional<Ended> ended;
  if (told_to_end_count_ > 0) {
    const auto is_before = [this](const Request& request) {
      return request.begin < told_to_end_from_;
    };
    requests_.for_each_from_bound(is_before, [&](Request& request) {
      ++steps_;
      told_to_end_from_ = request.begin + 1;
      if (request.state == State::cancelling) {
        ended = end_early(request, ErrorCode::cancelled);
      } else if (request.state == State::given_up || request.state == State::given_up_ran) {
        const bool ran = request.state == State::given_up_ran;
        bury(request);
        ended = Ended{request.tag, ErrorCode::out_of_memory, ran ? Executed::yes : Executed::maybe};
      } else if (request.state == State::lost) {
        bury(request);
        ended = Ended{request.tag, ErrorCode::lost_in_doubt, Executed::maybe};
      }
      return !ended;
    });
    PLIMSOLL_CHECK(ended);
    --told_to_end_count_;
  }
  if (told_to_end_count_ == 0) told_to_end_from_ = no_position;
  return ended;
}

std::optional<Ended> Pipeline::next_due() {
  std::optional<Ended> ended = is_sorted_ ? next_due_in_order() : next_due_of_all();
  if (!ended) next_deadline_ = search_deadline_;
  return ended;
}

std::optional<Ended> Pipeline::next_due_of_all() {
  std::optional<Ended> ended;
  const auto is_before = [this](const Request& request) { return request.begin < due_from_; };
  requests_.for_each_from_bound(is_before, [&](Request& request) {
    due_from_ = request.begin + 1;
    if (request.state != State::live) {
      ++steps_;
    } else if (request.deadline <= search_now_) {
      ended = end_early(request, ErrorCode::timed_out);
    } else {
      walk_is_sorted_ = is_later(request) && walk_is_sorted_;
      search_deadline_ = std::min(search_deadline_, request.deadline);
    }
    return !ended;
  });
  if (ended) return ended;
  is_sorted_ = walk_is_sorted_;
  sorted_until_ = log_.end();
  due_from_ = 0;
  return std::nullopt;
}

// Up to the first that is not due yet.
std::optional<Ended> Pipeline::next_due_in_order() {
  look_at_new_deadlines();
  if (!is_sorted_) return next_due_of_all();
  std::optional<Ended> ended;
  const auto is_before = [this](const Request& request) { return request.begin < due_from_; };
  requests_.for_each_from_bound(is_before, [&](Request& request) {
    ++steps_;
    const bool may_end = request.state == State::live && request.deadline != never;
    if (may_end && request.deadline > search_now_) {
      search_deadline_ = std::min(search_deadline_, request.deadline);
      return false;
    }
    due_from_ = request.begin + 1;
    if (may_end) ended = end_early(request, ErrorCode::timed_out);
    return !may_end;
  });
  return ended;
}

// Leaves a tombstone, which needs no bytes that the transport has taken.
void Pipeline::bury(Request& request) {
  const bool held = holds_bytes(request);
  request.state = State::tombstone;
  if (held && !holds_bytes(request)) log_.give_up(request.begin, request.end());
}

Ended Pipeline::end_early(Request& request, ErrorCode code) {
  const bool may_have_run = request.begin < exposed_end_;
  if (may_have_run) {
    bury(request);
    return {request.tag, code, Executed::maybe};
  }
  request.state = State::withdrawn;
  ++withdrawn_count_;
  has_gaps_ = true;
  log_.give_up(request.begin, request.end());
  return {request.tag, code, request.sent_before ? Executed::maybe : Executed::no};
}

// Whether the bytes of a request are in the log: until the transport has taken all of them, and
// where they may be needed again until its reply has come.
bool Pipeline::holds_bytes(const Request& request) const {
  switch (request.state) {
    case State::withdrawn: return false;
    case State::live:
    case State::cancelling:
    case State::given_up:
    case State::given_up_ran:
    case State::lost:
      if (keeps_until_answered()) return true;
      [[fallthrough]];
    case State::tombstone:
    case State::answered: return request.end() > unsent_begin_;
  }
  return false;
}

// Those at the ends leave at once; those between others when half of all are such, or when one of
// them may be the first that is unanswered.
void Pipeline::trim_withdrawn() {
  const auto is_withdrawn = [](const Request& request) {
    return request.state == State::withdrawn;
  };
  while (withdrawn_count_ > 0 && is_withdrawn(requests_.front())) pop_front();
  while (withdrawn_count_ > 0 && is_withdrawn(requests_.back())) {
    forget(requests_.back());
    requests_.pop_back();
  }
  const bool may_be_first = withdrawn_count_ > 0 && answered_count_ > 0;
  if (may_be_first || withdrawn_count_ > requests_.size() / 2) erase_withdrawn();
  note_all_sent();
}

void Pipeline::drop_withdrawn() {
  if (withdrawn_count_ > 0) erase_withdrawn();
  note_all_sent();
}

void Pipeline::erase_withdrawn() {
  requests_.erase_if([this](const Request& request) {
    ++steps_;
    if (request.state != State::withdrawn) return false;
    forget(request);
    return true;
  });
}

void Pipeline::note_all_sent() {
  if (!requests_.empty() && requests_.back().end() > unsent_begin_) return;
  unsent_begin_ = exposed_end_ = whole_end_ = log_.end();
  has_gaps_ = false;
}

}  // namespace plimsoll
