#include "plimsoll/core/session/pipeline.h"

#include <algorithm>

#include "plimsoll/core/base/check.h"

namespace plimsoll {

Result<RequestId> Pipeline::submit(const CommandView& command, Instant deadline, Tag tag) {
  if (is_full()) return refuse_for_the_limit();
  return stage(command, deadline, tag);
}

// Of what the log has just taken.
[[gnu::always_inline]] inline Pipeline::Request Pipeline::describe(const CommandView& command,
                                                                   std::uint64_t begin,
                                                                   Instant deadline,
                                                                   Tag tag) const {
  const auto size = static_cast<std::uint32_t>(log_.end() - begin);
  // Its position is its name, and a reply is due once its bytes are sent: none would be neither.
  PLIMSOLL_CHECK(size > 0 && command.answers > 0);
  const bool is_read = command.effect == CommandView::Effect::read;
  return Request{.tag = tag,
                 .deadline = deadline,
                 .begin = begin,
                 .size = size,
                 .answers_left = command.answers,
                 .state = State::live,
                 .answer = command.answer,
                 .resends_left = static_cast<std::uint8_t>(
                     (is_read ? options_.read_resends_max : 0) & read_resends_limit),
                 .sent_before = false,
                 .own = false};
}

// Part of submit(), on the way of every request: a call of its own would cost a twentieth of it.
[[gnu::always_inline]] inline Result<RequestId> Pipeline::stage(const CommandView& command,
                                                                Instant deadline, Tag tag) {
  const std::uint64_t begin = log_.append(command);
  if (begin == RequestLog::no_room) return refuse_for_lack_of_room(encoded_size(command));
  const Request request = describe(command, begin, deadline, tag);
  if (!push(request)) {
    log_.give_up(request.begin, request.end());
    has_gaps_ = true;
    drop_withdrawn();
    return refuse_for_lack_of_room(chunk_bytes);
  }
  next_deadline_ = std::min(next_deadline_, deadline);
  return request.begin;
}

// The place in the queue is taken at once: that may need memory, too.
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

bool Pipeline::submit_own(const CommandView& command, Tag tag) {
  if (own_count_ == own_requests_max) return false;
  if (!stage(command, never, tag)) return false;
  Request& request = requests_.back();
  request.own = true;
  request.resends_left = 0;
  if (tag == 0) request.state = State::tombstone;
  ++own_count_;
  return true;
}

// The places of those that were withdrawn may be all that is missing.
[[gnu::always_inline]] inline bool Pipeline::push(const Request& request) {
  using Push = Queue<Request>::Push;
  Push pushed = requests_.push_back(request);
  if (pushed == Push::full && withdrawn_count_ > 0) {
    erase_withdrawn();
    pushed = requests_.push_back(request);
  }
  return pushed == Push::accepted;
}

Error Pipeline::refuse_for_the_limit() const {
  return Error{.code = ErrorCode::rejected_by_limit,
               .what = "inflight_requests_limit is reached",
               .value = options_.requests_max,
               .limit = options_.requests_max};
}

Error Pipeline::refuse_for_lack_of_room(std::size_t bytes) const {
  return Error{.code = ErrorCode::rejected_by_limit,
               .what = "the requests pool has no room for this request",
               .value = bytes,
               .limit = requests_.payer().budget().limit(PoolKind::requests)};
}

std::size_t Pipeline::transmit(std::span<std::string_view> spans) {
  PLIMSOLL_CHECK(exposed_end_ == unsent_begin_ && !losing_);
  if (searching_) return 0;  // what is about to end must not leave before that is told
  if (has_gaps_) drop_withdrawn();
  const std::uint64_t until = sendable_end();
  if (until <= unsent_begin_) return 0;
  if (has_gaps_) return transmit_around_gaps(spans, until);
  const std::size_t count = log_.collect(unsent_begin_, until, spans);
  for (std::string_view span : spans.first(count)) exposed_end_ += span.size();
  return count;
}

// Where the last request ends that the window lets through.
std::uint64_t Pipeline::sendable_end() {
  const std::size_t last = answered_count_ + window_;
  return requests_.size() <= last ? log_.end() : requests_.at(last - 1).end();
}

std::size_t Pipeline::transmit_around_gaps(std::span<std::string_view> spans, std::uint64_t until) {
  std::size_t count = 0;
  // Neighbours make a run, which is collected at its end.
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

void Pipeline::handle_written(std::size_t bytes) {
  const std::uint64_t before = unsent_begin_;
  if (has_gaps_) {
    write_around_gaps(bytes);
  } else {
    write_without_gaps(bytes);
  }
  exposed_end_ = unsent_begin_;
  if (keeps_until_answered()) give_up_ended(before);
  while (answered_count_ > 0 && requests_.front().end() <= unsent_begin_) {
    --answered_count_;
    pop_front();
  }
  if (has_gaps_) trim_withdrawn();
}

// Bytes are given up request by request: of one that was not taken whole all are needed again if
// the connection is lost.
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

// What ended while the transport had its bytes, which are taken now.
void Pipeline::give_up_ended(std::uint64_t taken_before) {
  const auto was_sent = [&](const Request& request) { return request.end() <= taken_before; };
  requests_.for_each_from_bound(was_sent, [&](const Request& request) {
    if (request.end() > unsent_begin_) return false;
    const bool ended = request.state == State::tombstone || request.state == State::answered;
    if (ended) log_.give_up(request.begin, request.end());
    return true;
  });
}

Tag Pipeline::take_next() {
  Request& request = first_unanswered();
  PLIMSOLL_CHECK(request.end() <= exposed_end_);
  if (window_ < window_max()) ++window_;
  if (request.state != State::live && is_told_to_end(request)) --told_to_end_count_;
  const Tag tag = request.tag;
  if (request.end() > unsent_begin_) {
    // The transport still has its bytes: it leaves with them.
    request.state = State::answered;
    ++answered_count_;
    if (withdrawn_count_ > 0) trim_withdrawn();
    return tag;
  }
  if (keeps_until_answered() && holds_bytes(request)) {
    log_.give_up(request.begin, request.end());
  }
  if (request.own) --own_count_;
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

void Pipeline::give_up_next(Executed executed) {
  Request& request = first_unanswered();
  PLIMSOLL_CHECK(request.begin < exposed_end_ && executed != Executed::no);
  if (request.state != State::live) return;  // it ends already
  tell_to_end(request, executed == Executed::yes ? State::given_up_ran : State::given_up);
}

std::optional<RequestId> Pipeline::front_unawaited() {
  if (requests_.size() == answered_count_) return std::nullopt;
  const Request& front = first_unanswered();
  const bool waited_for = front.state != State::tombstone && !front.own;
  return waited_for ? std::nullopt : std::optional(front.begin);
}

}  // namespace plimsoll
