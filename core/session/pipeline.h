#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/session/request_log.h"

// The requests of one connection, in order: staged, then written, then answered. Replies come in
// the order of the requests, so the one at the front gets the next reply. A request that was
// written and then timed out or was cancelled stays behind as a tombstone, to take its reply; one
// that was not leaves at once, bytes and all.

namespace plimsoll {

/// Names a request of one connection for as long as that lasts.
using RequestId = std::uint64_t;

/// What a driver gets back with each outcome: whatever it passed to submit().
using Tag = std::uint64_t;

/// A request that ended without a reply.
struct Ended {
  Tag tag;
  ErrorCode code;  // timed_out, cancelled, lost_unsent or lost_in_doubt
  Executed executed;
};

class Pipeline {
 public:
  /// At most `requests_max` requests and tombstones at a time.
  Pipeline(Account& requests, std::size_t requests_max)
      : budget_(requests.budget()), requests_(requests, requests_max), log_(requests) {}

  /// Stages a request. rejected_by_limit: too many of them, or no room in the requests pool.
  Result<RequestId> submit(const CommandView& command, Instant deadline, Tag tag);

  /// Ends a request, if it has not ended: next_ended() will say so.
  void cancel(RequestId id);

  /// The bytes to send next, in order, as far as `spans` reach. They stay where they are until the
  /// handle_written() that must follow.
  std::size_t transmit(std::span<std::string_view> spans);

  /// The transport has taken the first `bytes` of what transmit() gave, and needs none of the rest.
  void handle_written(std::size_t bytes);

  bool has_unsent() const { return unsent_begin_ < log_.end(); }

  /// Whether a reply is owed, and whether anyone waits for it.
  enum class Next : std::uint8_t { nothing, request, tombstone };
  Next next() {
    if (requests_.size() == answered_count_) return Next::nothing;
    const Request& request = first_unanswered();
    if (request.end() > exposed_end_) return Next::nothing;
    return request.state == State::tombstone ? Next::tombstone : Next::request;
  }

  /// The reply of next(), which is not `nothing`, has come: forgets the request, returns its tag.
  Tag take_next();

  /// Lets requests end whose deadline is not after `now`: next_ended() will say so.
  void handle_timeout(Instant now);

  /// Not after the earliest deadline.
  Instant next_deadline() const { return next_deadline_; }

  /// One more request that ended by its deadline or by cancel().
  std::optional<Ended> next_ended();

  /// The connection is gone: takes one request after the other out, until nothing is left.
  std::optional<Ended> take_lost();

  /// Gives back every byte of a pipeline from which take_lost() took all: the transport is done.
  void release();

  /// Requests and tombstones.
  std::size_t size() const { return requests_.size(); }

 private:
  enum class State : std::uint8_t { live, cancelling, tombstone, withdrawn, answered };

  struct Request {
    Tag tag;
    Instant deadline;
    std::uint64_t begin;  // in the log; also its id
    std::uint32_t size;
    State state;

    std::uint64_t end() const { return begin + size; }
  };

  Request& first_unanswered() {
    return answered_count_ == 0 ? requests_.front() : requests_.at(answered_count_);
  }
  Error refuse_for_lack_of_room(std::size_t bytes) const;
  void start_search();
  Ended end_early(Request& request, ErrorCode code);
  void drop_withdrawn();
  std::size_t transmit_around_gaps(std::span<std::string_view> spans);
  void write_around_gaps(std::size_t bytes);

  Budget& budget_;
  Queue<Request> requests_;  // in the order of their positions in the log
  RequestLog log_;
  std::uint64_t unsent_begin_ = 0;  // everything before this was taken by the transport
  std::uint64_t exposed_end_ = 0;   // everything before this was given out by transmit()
  bool has_gaps_ = false;           // some of the unsent bytes were withdrawn
  std::size_t answered_count_ = 0;  // at the front: answered before the transport was done

  // The search for requests that have ended.
  bool searching_ = false;
  std::size_t search_index_ = 0;
  Instant search_now_ = Instant::min();
  Instant search_deadline_ = never;
  std::size_t withdrawn_count_ = 0;
  Instant next_deadline_ = never;
};

}  // namespace plimsoll
