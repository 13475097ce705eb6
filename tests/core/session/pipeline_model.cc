#include "plimsoll/tests/core/session/pipeline_model.h"

#include <algorithm>
#include <utility>

namespace plimsoll::testing {

void PipelineModel::submit(RequestId id, Tag tag, std::string bytes, Instant deadline,
                           int resends) {
  requests_.push_back({.id = id,
                       .tag = tag,
                       .bytes = std::move(bytes),
                       .deadline = deadline,
                       .resends_left = resends});
}

void PipelineModel::cancel(RequestId id) {
  for (Request& request : requests_) {
    if (request.id == id && request.state == State::live) request.state = State::cancelling;
  }
}

bool PipelineModel::give(std::string_view text) {
  given_bytes_ = text.size();
  for (Request& request : requests_) {
    const std::string_view rest = std::string_view(request.bytes).substr(request.taken);
    const std::size_t part = std::min(rest.size(), text.size());
    if (text.substr(0, part) != rest.substr(0, part)) return false;
    request.given = request.taken + part;
    text.remove_prefix(part);
  }
  return text.empty();
}

void PipelineModel::take(std::size_t bytes) {
  for (Request& request : requests_) {
    const std::size_t part = std::min(request.given - request.taken, bytes);
    request.taken += part;
    request.given = request.taken;
    bytes -= part;
  }
  given_bytes_ = 0;
  forget_finished();
}

bool PipelineModel::has_unsent() const {
  return std::any_of(requests_.begin(), requests_.end(),
                     [](const Request& request) { return request.taken < request.bytes.size(); });
}

std::deque<PipelineModel::Request>::const_iterator PipelineModel::first_unanswered() const {
  return std::find_if(requests_.begin(), requests_.end(),
                      [](const Request& request) { return request.state != State::answered; });
}

Pipeline::Next PipelineModel::next() const {
  const auto first = first_unanswered();
  if (first == requests_.end() || first->given < first->bytes.size()) {
    return Pipeline::Next::nothing;
  }
  return first->state == State::tombstone ? Pipeline::Next::tombstone : Pipeline::Next::request;
}

std::optional<RequestId> PipelineModel::first_unanswered_id() const {
  const auto first = first_unanswered();
  return first == requests_.end() ? std::nullopt : std::optional(first->id);
}

Tag PipelineModel::take_next() {
  Request& first = requests_[static_cast<std::size_t>(first_unanswered() - requests_.begin())];
  const Tag tag = first.tag;
  first.state = State::answered;
  forget_finished();
  return tag;
}

void PipelineModel::forget_finished() {
  std::erase_if(requests_, [](const Request& request) {
    return request.state == State::answered && request.taken == request.bytes.size();
  });
}

bool PipelineModel::end(const Ended& ended, Instant now) {
  const auto found = std::find_if(requests_.begin(), requests_.end(), [&](const Request& request) {
    return request.tag == ended.tag && request.pending();
  });
  if (found == requests_.end()) return false;
  const bool begun = found->given > 0;
  const bool may_have_run = begun || found->sent_before;
  if (ended.executed != (may_have_run ? Executed::maybe : Executed::no)) return false;
  const bool cancelled = found->state == State::cancelling;
  if (!cancelled && found->deadline > now) return false;
  if (ended.code != (cancelled ? ErrorCode::cancelled : ErrorCode::timed_out)) return false;
  if (begun) {
    found->state = State::tombstone;
  } else {
    requests_.erase(found);
  }
  return true;
}

bool PipelineModel::has_overdue(Instant now) const {
  return std::any_of(requests_.begin(), requests_.end(), [now](const Request& request) {
    return request.state == State::cancelling ||
           (request.state == State::live && request.deadline <= now);
  });
}

std::vector<Ended> PipelineModel::lost() const {
  std::vector<Ended> lost;
  for (const Request& request : requests_) {
    if (!request.pending()) continue;
    const bool whole = request.given == request.bytes.size() || request.sent_before;
    const ErrorCode code = request.state == State::cancelling ? ErrorCode::cancelled
                           : whole                            ? ErrorCode::lost_in_doubt
                                                              : ErrorCode::lost_unsent;
    lost.push_back({request.tag, code, whole ? Executed::maybe : Executed::no});
  }
  return lost;
}

std::vector<Ended> PipelineModel::lose_connection() {
  std::vector<Ended> ended;
  for (Request& request : requests_) {
    if (request.given < request.bytes.size()) {
      const bool may_have_run = request.given > 0 || request.sent_before;
      if (request.state == State::cancelling) {
        ended.push_back(
            {request.tag, ErrorCode::cancelled, may_have_run ? Executed::maybe : Executed::no});
      } else if (request.state == State::live && request.given > 0 &&
                 ++request.half_given_losses == half_given_losses_max) {
        ended.push_back(request.sent_before
                            ? Ended{request.tag, ErrorCode::lost_in_doubt, Executed::maybe}
                            : Ended{request.tag, ErrorCode::connection_lost, Executed::no});
      } else {
        continue;
      }
    } else if (request.state == State::cancelling) {
      ended.push_back({request.tag, ErrorCode::cancelled, Executed::maybe});
    } else if (request.state == State::live && request.resends_left == 0) {
      ended.push_back({request.tag, ErrorCode::lost_in_doubt, Executed::maybe});
    } else {
      continue;
    }
    request.state = State::tombstone;
  }
  return ended;
}

void PipelineModel::restart() {
  std::erase_if(requests_, [](const Request& request) { return request.state != State::live; });
  for (Request& request : requests_) {
    if (request.given == request.bytes.size()) {
      --request.resends_left;
      request.sent_before = true;
    }
    request.given = request.taken = 0;
  }
  given_bytes_ = 0;
}

Instant PipelineModel::earliest_deadline() const {
  Instant earliest = never;
  for (const Request& request : requests_) {
    if (request.state == State::live) earliest = std::min(earliest, request.deadline);
  }
  return earliest;
}

std::optional<RequestId> PipelineModel::id_at(std::size_t index) const {
  if (requests_.empty()) return std::nullopt;
  return requests_[index % requests_.size()].id;
}

}  // namespace plimsoll::testing
