#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/session/pipeline.h"

// What a Pipeline has to do, written as plainly as possible: each request with its bytes, how many
// of them the transport was given and took. It knows no memory; whether a request is accepted is
// for the Pipeline to say.

namespace plimsoll::testing {

class PipelineModel {
 public:
  /// `resends`: how often it may be sent again.
  void submit(RequestId id, Tag tag, std::string bytes, Instant deadline, int resends);
  void cancel(RequestId id);

  /// Whether the transport may be given `text` next; then it has.
  bool give(std::string_view text);
  /// The transport took the first `bytes` of what it was given, and wants none of the rest.
  void take(std::size_t bytes);
  std::size_t given_bytes() const { return given_bytes_; }
  bool has_unsent() const;

  Pipeline::Next next() const;
  Tag take_next();
  std::optional<RequestId> first_unanswered_id() const;

  /// Whether a request may end so at `now`; then it has.
  bool end(const Ended& ended, Instant now);
  /// Whether some request should have ended by `now`.
  bool has_overdue(Instant now) const;

  /// What becomes of those that have no outcome yet when it is all over.
  std::vector<Ended> lost() const;

  /// The connection is lost: what ends with it. The others are sent anew after restart().
  std::vector<Ended> lose_connection();
  void restart();

  Instant earliest_deadline() const;
  std::size_t size() const { return requests_.size(); }
  std::optional<RequestId> id_at(std::size_t index) const;

 private:
  enum class State { live, cancelling, tombstone, answered };

  struct Request {
    RequestId id;
    Tag tag;
    std::string bytes;
    Instant deadline;
    State state = State::live;
    std::size_t given = 0;
    std::size_t taken = 0;
    int resends_left = 0;
    bool sent_before = false;
    int half_given_losses = 0;

    bool pending() const { return state == State::live || state == State::cancelling; }
  };

  std::deque<Request>::const_iterator first_unanswered() const;
  void forget_finished();

  std::deque<Request> requests_;
  std::size_t given_bytes_ = 0;
};

}  // namespace plimsoll::testing
