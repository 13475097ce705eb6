#include "plimsoll/core/session/pipeline.h"

#include <algorithm>
#include <array>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/session/command_count.h"

// More than 500 lines, because staging, sending, ending early and losing the connection all move
// the same positions and counts: each of the four relies on invariants that the others keep.

namespace plimsoll::inline v0 {

Result<RequestId> Pipeline::submit(const CommandView& command, Instant deadline, Tag tag) {
  if (is_full()) return limit_reached(options_.requests_max);
  return stage(command, deadline, tag);
}

// Takes the place in the queue now, because the queue may need memory to grow. Otherwise
// submit_to_room() could fail.
Pipeline::Room Pipeline::make_room(std::size_t bytes) {
  if (is_full()) return Room::no_place;
  if (!log_.make_room(bytes)) return Room::no_memory;
  Request place{};
  place.begin = log_.end();
  place.state = State::withdrawn;
  if (push(place)) return Room::made;
  log_.release_room();
  return Room::no_memory;
}

RequestId Pipeline::submit_to_room(const CommandView& command, Instant deadline, Tag tag) {
  const std::uint64_t begin = log_.append(command);
  PLIMSOLL_CHECK(begin != RequestLog::no_room);
  requests_.back() = describe(command, begin, deadline, tag);
  next_deadline_ = std::min(next_deadline_, deadline);
  return begin;
}

void Pipeline::release_room() {
  requests_.pop_back();
  log_.release_room();
  trim_withdrawn();
}

bool Pipeline::submit_internal(const CommandView& command, Tag tag) {
  if (internal_count_ == internal_requests_max) return false;
  if (!stage(command, never, tag)) return false;
  Request& request = requests_.back();
  request.is_internal = true;
  request.resends_left = 0;
  if (tag == 0) request.state = State::tombstone;
  may_have_buried_ |= tag == 0;
  ++internal_count_;
  return true;
}

void Pipeline::cancel(RequestId id) {
  if (Request* const request = find(id)) mark_ending(*request, State::cancelling);
}

std::optional<Pipeline::Handed> Pipeline::live(RequestId id) {
  const Request* const request = find(id);
  return request == nullptr ? std::nullopt : std::optional(handed(*request));
}

std::optional<Pipeline::Handed> Pipeline::next_live(RequestId from) {
  std::optional<Handed> found;
  requests_.for_each_from_bound([from](const Request& each) { return each.begin < from; },
                                [&found](const Request& each) {
                                  const bool counts =
                                      each.state == State::live && !each.is_internal;
                                  if (counts) found = handed(each);
                                  return !counts;
                                });
  return found;
}

void Pipeline::leave_to_another(RequestId id) {
  Request* const request = find(id);
  PLIMSOLL_CHECK(request != nullptr);
  end_early(*request, ErrorCode::cancelled);
  trim_withdrawn();
}

// The live request with this id; null if there is none.
Pipeline::Request* Pipeline::find(RequestId id) {
  Request* const found =
      requests_.lower_bound([id](const Request& each) { return each.begin < id; });
  const bool is_live = found != nullptr && found->begin == id && found->state == State::live;
  return is_live ? found : nullptr;
}

std::size_t Pipeline::transmit(std::span<std::string_view> spans) {
  PLIMSOLL_CHECK(exposed_end_ == unsent_begin_ && !losing_);
  if (searching_) return 0;  // a request that is about to end must not be sent
  if (has_gaps_) drop_withdrawn();
  const std::uint64_t until = sendable_end();
  if (until <= unsent_begin_) return 0;
  if (has_gaps_) return transmit_around_gaps(spans, until);
  const std::size_t count = log_.collect(unsent_begin_, until, spans);
  for (std::string_view span : spans.first(count)) exposed_end_ += span.size();
  return count;
}

void Pipeline::handle_written(std::size_t bytes) {
  const std::uint64_t before = unsent_begin_;
  if (has_gaps_) {
    write_around_gaps(bytes);
  } else {
    write_without_gaps(bytes);
  }
  exposed_end_ = unsent_begin_;
  if (keeps_until_answered() && may_have_buried_) give_up_ended(before);
  while (answered_count_ > 0 && requests_.front().end() <= unsent_begin_) {
    --answered_count_;
    pop_front();
  }
  if (has_gaps_) trim_withdrawn();
}

Tag Pipeline::take_next() {
  Request& request = first_unanswered();
  PLIMSOLL_CHECK(request.end() <= exposed_end_);
  if (window_ < window_max()) ++window_;
  if (request.state != State::live && is_ending(request)) --ending_count_;
  const Tag tag = request.tag;
  if (request.end() > unsent_begin_) {
    // The transport still reads the request's bytes, so the request stays until handle_written().
    request.state = State::answered;
    may_have_buried_ = true;
    ++answered_count_;
    if (withdrawn_count_ > 0) trim_withdrawn();
    return tag;
  }
  if (keeps_until_answered() && holds_bytes(request)) {
    log_.give_up(request.begin, request.end());
  }
  if (request.is_internal) --internal_count_;
  requests_.pop_front();
  if (withdrawn_count_ > 0) trim_withdrawn();
  return tag;
}

void Pipeline::take_part() {
  Request& request = first_unanswered();
  PLIMSOLL_CHECK(request.begin < exposed_end_);
  if (request.answers_left > 1) {
    --request.answers_left;
  } else {
    PLIMSOLL_CHECK(request.state == State::tombstone && request.end() <= exposed_end_);
    take_next();
  }
}

bool Pipeline::next_is_half_given() {
  if (requests_.size() == answered_count_) return false;
  const Request& request = first_unanswered();
  return request.state == State::live && !request.is_internal && is_half_given(request);
}

Tag Pipeline::take_half_given() {
  PLIMSOLL_CHECK(next_is_half_given());
  Request& request = first_unanswered();
  bury(request);
  return request.tag;
}

void Pipeline::give_up_next(Executed executed) {
  Request& request = first_unanswered();
  PLIMSOLL_CHECK(request.begin < exposed_end_ && executed != Executed::no);
  if (request.state != State::live) return;  // it ends already
  mark_ending(request, executed == Executed::yes ? State::given_up_ran : State::given_up);
}

void Pipeline::handle_timeout(Instant now) {
  if (now < next_deadline_) return;
  search_now_ = now;
  search_deadline_ = never;
  searching_ = is_due_ = true;
  if (is_walking_) begin_walk();
}

std::optional<Ended> Pipeline::next_ended() {
  if (!searching_) return std::nullopt;
  std::optional<Ended> ended = next_ending();
  if (!ended && is_due_) ended = next_due();
  if (ended) return ended;
  searching_ = is_due_ = false;
  trim_withdrawn();
  return std::nullopt;
}

// Internal requests concern the lost connection, so they end with it, sent or not. For example, a
// restarted server numbers its connections from 1 again: if CLIENT UNBLOCK were sent to it, it
// could unblock another client's connection.
void Pipeline::handle_connection_lost() {
  PLIMSOLL_CHECK(!losing_);
  losing_ = true;
  requests_.for_each_from(0, [&](Request& request) {
    const bool sent = request.end() <= exposed_end_;
    const bool goes_on = sent || internal_count_ > 0;
    if (request.state != State::live) return goes_on;
    if (is_half_given(request)) ++request.half_given_losses;
    const bool is_given_up = request.half_given_losses == half_given_losses_max;
    if (!sent && !request.is_internal && !is_given_up) return goes_on;
    if (sent && request.resends_left > 0) {
      --request.resends_left;
      request.sent_before = true;
    } else {
      request.state = State::lost;
      ++ending_count_;
    }
    return true;
  });
  ending_from_ = 0;
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
  // Nothing was sent on the new connection yet, so there may be gaps between all remaining
  // requests.
  has_gaps_ = true;
  lost_end_ = std::max(lost_end_, exposed_end_);
  unsent_begin_ = exposed_end_ = whole_end_ = 0;
  drop_withdrawn();
  if (!requests_.empty()) unsent_begin_ = exposed_end_ = whole_end_ = requests_.front().begin;
  return resent;
}

bool Pipeline::is_first_live() {
  while (!requests_.empty()) {
    const Request& request = requests_.front();
    if (request.state == State::live) return !request.is_internal;
    if (is_ending(request)) return false;
    pop_front();
    if (answered_count_ > 0) --answered_count_;  // answered requests are in front
  }
  return false;
}

Ended Pipeline::lost(const Request& request) const {
  const bool was_written = request.end() <= exposed_end_ || request.sent_before;
  if (was_written) return {request.tag, ErrorCode::lost_in_doubt, Executed::maybe};
  return {request.tag, ErrorCode::lost_unsent, Executed::no};
}

std::optional<Ended> Pipeline::take_lost() {
  while (!requests_.empty()) {
    const Request request = requests_.front();
    pop_front();
    if (answered_count_ > 0) --answered_count_;  // answered requests are in front
    switch (request.state) {
      case State::cancelling:
        return Ended{request.tag, ErrorCode::cancelled, lost(request).executed};
      case State::given_up: return Ended{request.tag, ErrorCode::out_of_memory, Executed::maybe};
      case State::given_up_ran: return Ended{request.tag, ErrorCode::out_of_memory, Executed::yes};
      case State::live:
      case State::lost: return lost(request);
      case State::tombstone:
      case State::withdrawn:
      case State::answered: break;
    }
  }
  searching_ = is_due_ = false;
  losing_ = false;
  answered_count_ = 0;
  ending_count_ = 0;
  ending_from_ = no_position;
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
  PLIMSOLL_CHECK(size() <= options_.requests_max + internal_requests_max);
  PLIMSOLL_CHECK(whole_end_ <= unsent_begin_ && unsent_begin_ <= exposed_end_);
  PLIMSOLL_CHECK(exposed_end_ <= log_.end());
  PLIMSOLL_CHECK(window_ <= window_max());
  std::size_t answered = 0;
  std::size_t withdrawn = 0;
  std::size_t internal = 0;
  std::size_t ending = 0;
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
    if (request.is_internal) ++internal;
    if (request.state == State::lost) PLIMSOLL_CHECK(losing_);
    if (is_ending(request)) {
      PLIMSOLL_CHECK(searching_ && request.begin >= ending_from_);
      ++ending;
    }
    if (request.state == State::live && !searching_) {
      PLIMSOLL_CHECK(next_deadline_ <= std::max(request.deadline, order_.rests_until()));
    }
    if (holds_bytes(request)) {
      held_bytes += request.size;
      const bool is_over = request.state == State::tombstone || request.state == State::answered;
      PLIMSOLL_CHECK(!is_over || may_have_buried_);
    }
    return true;
  });
  PLIMSOLL_CHECK(end <= log_.end());
  PLIMSOLL_CHECK(answered == answered_count_ && withdrawn == withdrawn_count_);
  PLIMSOLL_CHECK(internal == internal_count_ && ending == ending_count_);
  PLIMSOLL_CHECK(log_.live_bytes() == held_bytes);
}

// Inlined, because every request passes here: a call would make submit() 5 % slower.
[[gnu::always_inline]] inline Result<RequestId> Pipeline::stage(const CommandView& command,
                                                                Instant deadline, Tag tag) {
  const std::uint64_t begin = log_.append(command);
  if (begin == RequestLog::no_room) return lack_of_room(requests_.payer(), encoded_size(command));
  const Request request = describe(command, begin, deadline, tag);
  if (!push(request)) {
    log_.give_up(request.begin, request.end());
    has_gaps_ = true;
    drop_withdrawn();
    return lack_of_room(requests_.payer(), chunk_bytes);
  }
  next_deadline_ = std::min(next_deadline_, deadline);
  return request.begin;
}

// Builds the queue entry for the request just appended to the log.
[[gnu::always_inline]] inline Pipeline::Request Pipeline::describe(const CommandView& command,
                                                                   std::uint64_t begin,
                                                                   Instant deadline,
                                                                   Tag tag) const {
  const auto size = static_cast<std::uint32_t>(log_.end() - begin);
  // A request without bytes would have no position of its own, and so no id, and the server would
  // not reply to it.
  PLIMSOLL_CHECK(size > 0 && command.answers > 0);
  const bool is_read = command.effect == CommandView::Effect::read;
  return Request{.tag = tag,
                 .deadline = deadline,
                 .begin = begin,
                 .size = size,
                 .answers_left = command.answers,
                 .state = State::live,
                 .answer = command.answer,
                 .half_given_losses = 0,
                 .resends_left = static_cast<std::uint8_t>(
                     (is_read ? options_.read_resends_max : 0) & read_resends_limit),
                 .sent_before = false,
                 .is_internal = false};
}

// Removes withdrawn requests if the queue is full, because they still take places.
[[gnu::always_inline]] inline bool Pipeline::push(const Request& request) {
  using Push = Queue<Request>::Push;
  Push pushed = requests_.push_back(request);
  if (pushed == Push::full && withdrawn_count_ > 0) {
    erase_withdrawn();
    pushed = requests_.push_back(request);
  }
  return pushed == Push::accepted;
}

Error Pipeline::lack_of_room(const Account& requests, std::size_t bytes) {
  const std::size_t most = requests.budget().limit(PoolKind::requests);
  if (bytes > most) {
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "the request is longer than the requests pool can ever have",
                 .expected = "a shorter request, or a higher memory_limit",
                 .value = bytes,
                 .limit = most};
  }
  return Error{.code = ErrorCode::rejected_by_limit,
               .what = "the requests pool has no room for this request now",
               .expected = "other requests to end first",
               .value = bytes};
}

// Returns the end of the last request that the window allows to be sent.
std::uint64_t Pipeline::sendable_end() {
  const std::size_t last = answered_count_ + window_;
  return requests_.size() <= last ? log_.end() : requests_.at(last - 1).end();
}

std::size_t Pipeline::transmit_around_gaps(std::span<std::string_view> spans, std::uint64_t until) {
  std::size_t count = 0;
  // Adjacent requests make a run from `begin` to `end`, which is collected as a whole.
  std::uint64_t begin = unsent_begin_;
  std::uint64_t end = unsent_begin_;
  const auto collect = [&] {
    if (begin == end) return;
    const std::size_t before = count;
    count += log_.collect(begin, end, spans.subspan(count));
    exposed_end_ = begin;
    for (std::size_t i = before; i < count; ++i) exposed_end_ += spans[i].size();
  };
  const auto was_sent = [this](const Request& request) { return request.end() <= unsent_begin_; };
  requests_.for_each_from_bound(was_sent, [&](const Request& request) {
    if (request.begin >= until) return false;
    if (request.begin > end) {
      collect();
      if (count == spans.size()) {
        begin = end;
        return false;
      }
      begin = std::max(request.begin, unsent_begin_);
    }
    end = request.end();
    return true;
  });
  collect();
  return count;
}

// Gives up the bytes of whole requests only. If the connection is lost, a request that the
// transport has not taken whole is sent again from its first byte.
inline void Pipeline::write_without_gaps(std::size_t bytes) {
  PLIMSOLL_CHECK(bytes <= exposed_end_ - unsent_begin_);
  unsent_begin_ += bytes;
  std::uint64_t whole_end = unsent_begin_;
  if (unsent_begin_ != log_.end()) {
    const Request* const next = requests_.lower_bound(
        [this](const Request& request) { return request.end() <= unsent_begin_; });
    if (next != nullptr) whole_end = std::min(next->begin, unsent_begin_);
  }
  if (!keeps_until_answered()) log_.give_up(whole_end_, whole_end);
  whole_end_ = whole_end;
}

void Pipeline::write_around_gaps(std::size_t bytes) {
  const std::uint64_t taken_before = unsent_begin_;
  const auto was_sent = [&](const Request& request) { return request.end() <= taken_before; };
  requests_.for_each_from_bound(was_sent, [&](const Request& request) {
    if (bytes == 0) return false;
    if (request.state == State::withdrawn) return true;
    const std::uint64_t begin = std::max(request.begin, unsent_begin_);
    unsent_begin_ = std::min(request.end(), begin + bytes);
    bytes -= static_cast<std::size_t>(unsent_begin_ - begin);
    whole_end_ = request.begin;
    if (unsent_begin_ < request.end()) return false;
    whole_end_ = request.end();
    if (!keeps_until_answered()) log_.give_up(request.begin, request.end());
    return true;
  });
  PLIMSOLL_CHECK(bytes == 0 && unsent_begin_ <= exposed_end_);
}

// Gives up the bytes of requests that ended while their bytes were lent to the transport, which has
// taken the bytes now.
void Pipeline::give_up_ended(std::uint64_t taken_before) {
  const auto was_sent = [&](const Request& request) { return request.end() <= taken_before; };
  requests_.for_each_from_bound(was_sent, [&](const Request& request) {
    if (request.end() > unsent_begin_) return false;
    const bool ended = request.state == State::tombstone || request.state == State::answered;
    if (ended) log_.give_up(request.begin, request.end());
    return true;
  });
  may_have_buried_ = unsent_begin_ != log_.end();
}

void Pipeline::note_all_sent() {
  if (!requests_.empty() && requests_.back().end() > unsent_begin_) return;
  unsent_begin_ = exposed_end_ = whole_end_ = log_.end();
  has_gaps_ = false;
}

void Pipeline::mark_ending(Request& request, State state) {
  request.state = state;
  ++ending_count_;
  ending_from_ = std::min(ending_from_, request.begin);
  searching_ = true;
}

std::optional<Ended> Pipeline::next_ending() {
  std::optional<Ended> ended;
  if (ending_count_ > 0) {
    const auto is_before = [this](const Request& request) { return request.begin < ending_from_; };
    requests_.for_each_from_bound(is_before, [&](Request& request) {
      ++steps_;
      ending_from_ = request.begin + 1;
      if (request.state == State::cancelling) {
        ended = end_early(request, ErrorCode::cancelled);
      } else if (request.state == State::given_up || request.state == State::given_up_ran) {
        const bool ran = request.state == State::given_up_ran;
        bury(request);
        ended = Ended{request.tag, ErrorCode::out_of_memory, ran ? Executed::yes : Executed::maybe};
      } else if (request.state == State::lost) {
        const bool never_whole =
            !request.is_internal && !request.sent_before && is_half_given(request);
        bury(request);
        ended = never_whole ? Ended{request.tag, ErrorCode::connection_lost, Executed::no}
                            : Ended{request.tag, ErrorCode::lost_in_doubt, Executed::maybe};
      }
      return !ended;
    });
    PLIMSOLL_CHECK(ended);
    --ending_count_;
  }
  if (ending_count_ == 0) ending_from_ = no_position;
  return ended;
}

std::optional<Ended> Pipeline::next_due() {
  if (!is_walking_) look_at_new_deadlines();
  const bool is_in_order = !is_walking_ && order_.ascends();
  std::optional<Ended> ended = is_in_order ? next_due_in_order() : next_due_of_all();
  if (!ended) next_deadline_ = search_deadline_;
  return ended;
}

// Stops at the first request that is not due yet.
std::optional<Ended> Pipeline::next_due_in_order() {
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

std::optional<Ended> Pipeline::next_due_of_all() {
  if (!is_walking_ && search_now_ < order_.rests_until()) {
    search_deadline_ = order_.rests_until();
    return std::nullopt;
  }
  if (!is_walking_) begin_walk();
  std::optional<Ended> ended;
  const auto is_before = [this](const Request& request) { return request.begin < due_from_; };
  requests_.for_each_from_bound(is_before, [&](Request& request) {
    due_from_ = request.begin + 1;
    ++steps_;
    if (request.state == State::live && request.deadline <= search_now_) {
      ended = end_early(request, ErrorCode::timed_out);
    } else if (request.state == State::live) {
      order_.see(request.deadline);
      search_deadline_ = std::min(search_deadline_, request.deadline);
    }
    return !ended;
  });
  if (ended) return ended;
  order_.end_walk(search_now_, requests_.size());
  seen_until_ = log_.end();
  due_from_ = 0;
  is_walking_ = false;
  return std::nullopt;
}

void Pipeline::begin_walk() {
  order_.begin_walk();
  due_from_ = 0;
  is_walking_ = true;
}

void Pipeline::look_at_new_deadlines() {
  const auto is_old = [this](const Request& request) { return request.begin < seen_until_; };
  requests_.for_each_from_bound(is_old, [this](const Request& request) {
    ++steps_;
    if (request.state == State::live) order_.see(request.deadline);
    return order_.ascends();
  });
  seen_until_ = log_.end();
}

Ended Pipeline::end_early(Request& request, ErrorCode code) {
  const bool may_have_run = request.begin < exposed_end_;
  if (may_have_run) {
    bury(request);
    return {request.tag, code, Executed::maybe, request.begin};
  }
  request.state = State::withdrawn;
  ++withdrawn_count_;
  has_gaps_ = true;
  log_.give_up(request.begin, request.end());
  return {request.tag, code, request.sent_before ? Executed::maybe : Executed::no, request.begin};
}

// Turns the request into a tombstone, which needs its bytes only until the transport has taken
// them.
void Pipeline::bury(Request& request) {
  const bool held = holds_bytes(request);
  request.state = State::tombstone;
  may_have_buried_ = true;
  if (held && !holds_bytes(request)) log_.give_up(request.begin, request.end());
}

// Whether the log holds the bytes of a request: until the transport has taken all of them, or until
// the reply has come if requests may be resent.
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

// How many answers a server owes a request that is sent again from its first byte: one for each
// name of a subscription, or one for each of several commands.
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

// Withdrawn requests at either end leave at once. Those between others leave when they are more
// than half of all, or when one of them may be the first unanswered request.
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

}  // namespace plimsoll::inline v0
