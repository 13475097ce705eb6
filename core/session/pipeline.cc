#include "plimsoll/core/session/pipeline.h"

#include <algorithm>

#include "plimsoll/core/base/check.h"

namespace plimsoll {

Result<RequestId> Pipeline::submit(const CommandView& command, Instant deadline, Tag tag) {
  if (requests_.size() == requests_.size_max()) {
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "inflight_requests_limit is reached",
                 .value = requests_.size(),
                 .limit = requests_.size_max()};
  }
  const std::uint64_t begin = log_.append(command);
  if (begin == RequestLog::no_room) return refuse_for_lack_of_room(encoded_size(command));
  const auto size = static_cast<std::uint32_t>(log_.end() - begin);
  // Its position is its name, and a reply is due once its bytes are sent: none would be neither.
  PLIMSOLL_CHECK(size > 0);
  const Request request{
      .tag = tag, .deadline = deadline, .begin = begin, .size = size, .state = State::live};
  if (requests_.push_back(request) != Queue<Request>::Push::accepted) {
    log_.give_up(request.begin, request.end());
    has_gaps_ = true;
    drop_withdrawn();
    return refuse_for_lack_of_room(chunk_bytes);
  }
  next_deadline_ = std::min(next_deadline_, deadline);
  return request.begin;
}

Error Pipeline::refuse_for_lack_of_room(std::size_t bytes) const {
  return Error{.code = ErrorCode::rejected_by_limit,
               .what = "the requests pool has no room for this request",
               .value = bytes,
               .limit = budget_.limit(PoolKind::requests)};
}

void Pipeline::cancel(RequestId id) {
  bool found = false;
  requests_.for_each_from(0, [&](Request& request) {
    if (request.begin < id) return true;
    found = request.begin == id && request.state == State::live;
    if (found) request.state = State::cancelling;
    return false;
  });
  if (found) start_search();
}

void Pipeline::start_search() {
  searching_ = true;
  search_index_ = 0;
  search_deadline_ = never;
}

void Pipeline::handle_timeout(Instant now) {
  if (now < next_deadline_) return;
  search_now_ = now;
  start_search();
}

std::optional<Ended> Pipeline::next_ended() {
  if (!searching_) return std::nullopt;
  std::optional<Ended> ended;
  requests_.for_each_from(search_index_, [&](Request& request) {
    ++search_index_;
    if (request.state == State::cancelling) {
      ended = end_early(request, ErrorCode::cancelled);
    } else if (request.state == State::live && request.deadline <= search_now_) {
      ended = end_early(request, ErrorCode::timed_out);
    } else if (request.state == State::live) {
      search_deadline_ = std::min(search_deadline_, request.deadline);
    }
    return !ended;
  });
  if (!ended) {
    searching_ = false;
    next_deadline_ = search_deadline_;
    drop_withdrawn();
  }
  return ended;
}

Ended Pipeline::end_early(Request& request, ErrorCode code) {
  if (request.begin < exposed_end_) {
    request.state = State::tombstone;
    return {request.tag, code, Executed::maybe};
  }
  request.state = State::withdrawn;
  ++withdrawn_count_;
  has_gaps_ = true;
  log_.give_up(request.begin, request.end());
  return {request.tag, code, Executed::no};
}

void Pipeline::drop_withdrawn() {
  if (withdrawn_count_ > 0) {
    requests_.erase_if([](const Request& request) { return request.state == State::withdrawn; });
    withdrawn_count_ = 0;
    search_index_ = 0;
  }
  if (requests_.empty() || requests_.back().end() <= unsent_begin_) {
    unsent_begin_ = exposed_end_ = log_.end();
    has_gaps_ = false;
  }
}

std::size_t Pipeline::transmit(std::span<std::string_view> spans) {
  PLIMSOLL_CHECK(exposed_end_ == unsent_begin_);
  if (has_gaps_) return transmit_around_gaps(spans);
  const std::size_t count = log_.collect(unsent_begin_, log_.end(), spans);
  for (std::string_view span : spans.first(count)) exposed_end_ += span.size();
  return count;
}

std::size_t Pipeline::transmit_around_gaps(std::span<std::string_view> spans) {
  drop_withdrawn();
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
  requests_.for_each_from(0, [&](const Request& request) {
    if (request.end() <= unsent_begin_) return true;
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
  if (has_gaps_) {
    write_around_gaps(bytes);
  } else {
    PLIMSOLL_CHECK(bytes <= exposed_end_ - unsent_begin_);
    log_.give_up(unsent_begin_, unsent_begin_ + bytes);
    unsent_begin_ += bytes;
  }
  exposed_end_ = unsent_begin_;
  while (answered_count_ > 0 && requests_.front().end() <= unsent_begin_) {
    --answered_count_;
    requests_.pop_front();
    if (search_index_ > 0) --search_index_;
  }
  if (has_gaps_) drop_withdrawn();
}

void Pipeline::write_around_gaps(std::size_t bytes) {
  requests_.for_each_from(0, [&](const Request& request) {
    if (bytes == 0) return false;
    if (request.state == State::withdrawn || request.end() <= unsent_begin_) return true;
    const std::uint64_t begin = std::max(request.begin, unsent_begin_);
    const std::uint64_t end = std::min(request.end(), begin + bytes);
    log_.give_up(begin, end);
    bytes -= static_cast<std::size_t>(end - begin);
    unsent_begin_ = end;
    return true;
  });
  PLIMSOLL_CHECK(bytes == 0 && unsent_begin_ <= exposed_end_);
}

Tag Pipeline::take_next() {
  Request& request = first_unanswered();
  PLIMSOLL_CHECK(request.end() <= exposed_end_);
  const Tag tag = request.tag;
  if (request.end() > unsent_begin_) {
    // The transport still has its bytes: it leaves with them.
    request.state = State::answered;
    ++answered_count_;
    return tag;
  }
  requests_.pop_front();
  if (search_index_ > 0) --search_index_;
  return tag;
}

std::optional<Ended> Pipeline::take_lost() {
  while (!requests_.empty()) {
    const Request request = requests_.front();
    requests_.pop_front();
    const bool written = request.end() <= exposed_end_;
    const Executed executed = written ? Executed::maybe : Executed::no;
    if (request.state == State::cancelling) {
      return Ended{request.tag, ErrorCode::cancelled, executed};
    }
    if (request.state == State::live) {
      return Ended{request.tag, written ? ErrorCode::lost_in_doubt : ErrorCode::lost_unsent,
                   executed};
    }
  }
  searching_ = false;
  answered_count_ = 0;
  withdrawn_count_ = 0;
  next_deadline_ = never;
  return std::nullopt;
}

void Pipeline::release() {
  PLIMSOLL_CHECK(requests_.empty());
  log_.clear();
  unsent_begin_ = exposed_end_ = log_.end();
  has_gaps_ = false;
}

}  // namespace plimsoll
