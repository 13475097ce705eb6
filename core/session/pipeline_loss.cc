#include <algorithm>
#include <array>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/session/command_count.h"
#include "plimsoll/core/session/pipeline.h"

// What becomes of the requests when the connection is lost, and at the end.

namespace plimsoll {

// The client's own are about that connection, and end with it, sent or not: a CLIENT UNBLOCK would
// mean somebody else on a server that has begun to count anew.
void Pipeline::handle_connection_lost() {
  PLIMSOLL_CHECK(!losing_);
  losing_ = true;
  requests_.for_each_from(0, [&](Request& request) {
    const bool sent = request.end() <= exposed_end_;
    if (request.state != State::live || (!sent && !request.own)) return sent || own_count_ > 0;
    if (request.resends_left > 0) {
      --request.resends_left;
      request.sent_before = true;
    } else {
      request.state = State::lost;
      ++told_to_end_count_;
    }
    return true;
  });
  told_to_end_from_ = 0;
  searching_ = true;
}

std::size_t Pipeline::restart() {
  PLIMSOLL_CHECK(losing_ && !searching_);
  std::size_t resent = 0;
  requests_.for_each_from(0, [&](Request& request) {
    if (request.state == State::live) {
      if (request.end() <= exposed_end_) ++resent;
      if (request.begin < exposed_end_) request.answers_left = answers_to(request);
      return true;
    }
    if (request.state == State::withdrawn) return true;
    if (holds_bytes(request)) log_.give_up(request.begin, request.end());
    request.state = State::withdrawn;
    ++withdrawn_count_;
    return true;
  });
  answered_count_ = 0;
  losing_ = false;
  window_ = std::min(static_cast<std::uint32_t>(reconnect_window_min), window_max());
  // Of what is left, nothing was sent: gaps may be anywhere.
  has_gaps_ = true;
  lost_end_ = std::max(lost_end_, exposed_end_);
  unsent_begin_ = exposed_end_ = whole_end_ = 0;
  drop_withdrawn();
  if (!requests_.empty()) unsent_begin_ = exposed_end_ = whole_end_ = requests_.front().begin;
  return resent;
}

// What is sent anew is answered anew: a subscription name by name, several commands one by one.
std::uint16_t Pipeline::answers_to(const Request& request) const {
  CommandCount count;
  std::array<std::string_view, 8> spans;
  for (std::uint64_t begin = request.begin; begin < request.end();) {
    const std::size_t found = log_.collect(begin, request.end(), spans);
    PLIMSOLL_CHECK(found > 0);
    for (std::string_view span : std::span(spans).first(found)) {
      count.add(span);
      begin += span.size();
    }
  }
  const std::size_t answers = request.wants_confirmations() ? count.words() - 1 : count.commands();
  return static_cast<std::uint16_t>(std::max<std::size_t>(answers, 1));
}

std::optional<Ended> Pipeline::take_lost() {
  while (!requests_.empty()) {
    const Request request = requests_.front();
    pop_front();
    if (answered_count_ > 0) --answered_count_;  // those are in front
    const bool written = request.end() <= exposed_end_ || request.sent_before;
    const Executed executed = written ? Executed::maybe : Executed::no;
    switch (request.state) {
      case State::cancelling: return Ended{request.tag, ErrorCode::cancelled, executed};
      case State::given_up: return Ended{request.tag, ErrorCode::out_of_memory, Executed::maybe};
      case State::given_up_ran: return Ended{request.tag, ErrorCode::out_of_memory, Executed::yes};
      case State::live:
      case State::lost:
        return Ended{request.tag, written ? ErrorCode::lost_in_doubt : ErrorCode::lost_unsent,
                     executed};
      case State::tombstone:
      case State::withdrawn:
      case State::answered: break;
    }
  }
  searching_ = is_due_ = false;
  losing_ = false;
  answered_count_ = 0;
  told_to_end_count_ = 0;
  told_to_end_from_ = no_position;
  next_deadline_ = never;
  return std::nullopt;
}

void Pipeline::release() {
  PLIMSOLL_CHECK(requests_.empty());
  log_.clear();
  unsent_begin_ = exposed_end_ = whole_end_ = log_.end();
  has_gaps_ = false;
}

void Pipeline::validate() {
  PLIMSOLL_CHECK(size() <= options_.requests_max + own_requests_max);
  PLIMSOLL_CHECK(whole_end_ <= unsent_begin_ && unsent_begin_ <= exposed_end_);
  PLIMSOLL_CHECK(exposed_end_ <= log_.end());
  PLIMSOLL_CHECK(window_ <= window_max());
  std::size_t answered = 0;
  std::size_t withdrawn = 0;
  std::size_t own = 0;
  std::size_t told_to_end = 0;
  std::size_t held_bytes = 0;
  std::uint64_t end = 0;
  requests_.for_each_from(0, [&](const Request& request) {
    PLIMSOLL_CHECK(request.begin >= end && request.size > 0);
    end = request.end();
    if (request.state == State::answered) {
      PLIMSOLL_CHECK(answered < answered_count_);
      ++answered;
    }
    if (request.state == State::withdrawn) ++withdrawn;
    if (request.own) ++own;
    if (request.state == State::lost) PLIMSOLL_CHECK(losing_);
    if (is_told_to_end(request)) {
      PLIMSOLL_CHECK(searching_ && request.begin >= told_to_end_from_);
      ++told_to_end;
    }
    if (request.state == State::live && !searching_) {
      PLIMSOLL_CHECK(next_deadline_ <= request.deadline);
    }
    if (holds_bytes(request)) held_bytes += request.size;
    return true;
  });
  PLIMSOLL_CHECK(end <= log_.end());
  PLIMSOLL_CHECK(answered == answered_count_ && withdrawn == withdrawn_count_);
  PLIMSOLL_CHECK(own == own_count_ && told_to_end == told_to_end_count_);
  PLIMSOLL_CHECK(log_.live_bytes() == held_bytes);
}

}  // namespace plimsoll
