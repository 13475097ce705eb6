#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/session/request_log.h"

// The requests of one session, in order: staged, then written, then answered. Replies come in the
// order of the requests, so the request at the front gets the next reply. A request that was
// written and then timed out or was cancelled stays behind as a tombstone that takes its reply; a
// request that was not written leaves at once with its bytes. If the connection is lost, each
// request that was wholly written is in doubt. The log still has every byte of the others, which
// wait for the next connection.
//
// The states of a request (Pipeline::State):
//
//   submit()
//     |
//     v     last answer
//    live ---------------------------------------------------------------------------> gone
//    | | |                                                                              ^ ^ ^
//    | | +- last answer, while its bytes are lent -> answered -- transport took them ---+ | |
//    | +--- ends early (*), some bytes were sent --> tombstone - last answer -------------+ |
//    +----- ends early (*), no byte was sent ------> withdrawn - trimmed -------------------+
//
//   (*) By its deadline at once. By cancel(), give_up_next() or a loss it is `cancelling`,
//       `given_up`, `given_up_ran` or `lost` until next_ended() returns it; if the reply of a
//       cancelled request comes before that, the reply is its outcome.
//
// Invariants:
//  - requests_ is in the order of positions in the log; a request's position is its id.
//  - whole_end_ <= unsent_begin_ <= exposed_end_ <= log_.end(). Before unsent_begin_ the transport
//    has taken all bytes; from there to exposed_end_ they are lent to it.
//  - The log holds the bytes of exactly those requests for which holds_bytes() is true.
//  - Requests in state `answered` are at the front, and answered_count_ counts them.
//  - While searching_ is true, transmit() sends nothing: a request that was cancelled before it was
//    sent must not be sent any more.
//  - From handle_connection_lost() to restart() nothing is sent.
//
// Unless its comment says otherwise, the cost of a call does not depend on the number of requests;
// a call that looks one up takes as many steps as that number has binary digits.

namespace plimsoll {

/// Names a request of one session for as long as that lasts.
using RequestId = std::uint64_t;

/// What a driver gets back with each outcome: whatever it passed to submit().
using Tag = std::uint64_t;

/// A request that ended without a reply.
struct Ended {
  Tag tag;
  ErrorCode code;  // timed_out, cancelled, out_of_memory, lost_unsent or lost_in_doubt
  Executed executed;
};

/// Requests of the session's own (a health check, AUTH with new credentials...) that may be under
/// way at a time, beyond the users'.
inline constexpr std::size_t internal_requests_max = 80;

/// What Pipeline::Options::read_resends_max may be at most.
inline constexpr std::uint8_t read_resends_limit = 31;

/// How many requests may be on the wire of a connection that follows a lost one; each reply adds
/// one. What has gathered meanwhile does not fall on a server that is just back all at once.
inline constexpr std::size_t reconnect_window_min = 32;

class Pipeline {
 public:
  struct Options {
    std::uint32_t requests_max = 1000;  ///< requests and tombstones at a time
    std::uint8_t read_resends_max = 0;  ///< times that a lost read is sent again
    bool others_wait = false;           ///< the pool pays for those who wait for room as well
  };

  Pipeline(Account& requests, const Options& options)
      : options_(options),
        requests_(requests, queue_max(options)),
        log_(requests, options.others_wait),
        places_(options.requests_max),
        window_(window_max()) {}

  /// Stages a request. rejected_by_limit: too many of them, or no room in the requests pool.
  Result<RequestId> submit(const CommandView& command, Instant deadline, Tag tag);

  enum class Room : std::uint8_t { made, no_place, no_memory };
  /// Reserves a place and memory for a request of `bytes` encoded bytes. The next call must be
  /// submit_to_room(), which then cannot fail, or release_room().
  Room make_room(std::size_t bytes);
  RequestId submit_to_room(const CommandView& command, Instant deadline, Tag tag);
  void release_room();

  /// Stages a request of the session's own, which counts in no limit except internal_requests_max.
  /// Returns false if there is no room for it. Its outcome comes with `tag`, like any other; if
  /// `tag` is 0, the request is a tombstone from the start. It ends with its connection, even if it
  /// is a read.
  bool submit_internal(const CommandView& command, Tag tag);

  /// Ends a request, if it has not ended: next_ended() will say so, and walks from the first one to
  /// the last one that was cancelled since it has told all.
  void cancel(RequestId id);

  /// The bytes to send next, in order, as far as `spans` reach. They stay where they are until the
  /// handle_written() that must follow. None before next_ended() has told all: a request that was
  /// cancelled before it was sent is not sent any more. Where some were, since the call before, it
  /// walks over all; else over those that it sends, where some were before.
  std::size_t transmit(std::span<std::string_view> spans);

  /// The transport has taken the first `bytes` of what transmit() gave, and needs none of the rest.
  void handle_written(std::size_t bytes);

  /// Whether next_ended() may have something to say.
  bool searching() const { return searching_; }

  bool has_unsent() const { return unsent_begin_ < log_.end(); }

  /// Whether an answer is owed, and whether anyone waits for it.
  enum class Next : std::uint8_t {
    nothing,
    part,      ///< an answer to a live request, which is owed more of them behind it
    request,   ///< the last answer, or the only one, to a live request
    tombstone  ///< an answer that nobody waits for
  };
  Next next() {
    if (requests_.size() == answered_count_) return Next::nothing;
    const Request& request = first_unanswered();
    if (request.end() > exposed_end_) return next_while_given(request);
    if (request.state == State::tombstone) return Next::tombstone;
    return request.answers_left == 1 ? Next::request : Next::part;
  }

  /// Whether next(), which is not `nothing`, wants pushes that confirm it rather than replies.
  bool next_wants_confirmations() { return first_unanswered().wants_confirmations(); }

  /// What the server says to next(), which is not `nothing`.
  CommandView::Answer next_answer() { return first_unanswered().answer; }

  /// Id of next(), which is not `nothing`.
  RequestId next_id() { return first_unanswered().begin; }

  /// Whether the server may have all of next(), which is not `nothing`.
  bool next_is_exposed() { return first_unanswered().end() <= exposed_end_; }

  /// Whether a server may have run next(), which is not `nothing`, on a connection that was lost.
  bool next_was_sent_before() { return first_unanswered().sent_before; }

  /// How many answers next(), which is not `nothing`, is owed.
  std::uint16_t next_answers() { return first_unanswered().answers_left; }

  /// Tag of next(), which is not `nothing`.
  Tag next_tag() { return first_unanswered().tag; }

  /// The last answer to next() has come: next() is `request`, or an error has ended it early.
  /// Forgets the request and returns its tag.
  Tag take_next();

  /// One answer to next(), a part or a tombstone, has come: the last one ends a tombstone.
  void take_part();

  /// Ends next(), which is being answered, without the rest of its answer: next_ended() returns it,
  /// with out_of_memory. `executed` is maybe or yes.
  void give_up_next(Executed executed);

  /// The request that is to be answered next, or even to be written first, if no user waits for it.
  std::optional<RequestId> front_unawaited();

  /// Ends the requests whose deadline is not after `now`: next_ended() returns them. As long as
  /// later requests have later deadlines, this looks at each request once or twice. Otherwise
  /// next_ended() walks over all requests to find those that are due.
  void handle_timeout(Instant now);

  /// Not after the earliest deadline.
  Instant next_deadline() const { return next_deadline_; }

  /// Returns one more request that ended by its deadline, by cancel(), or with its connection.
  std::optional<Ended> next_ended();

  /// The connection is gone. Requests that were wholly written end (next_ended() returns them),
  /// except reads that may be sent again. Nothing is sent until restart(). Both walk over all.
  void handle_connection_lost();

  /// Once next_ended() has told all and the transport is done with the bytes: the rest is sent
  /// anew, from the first byte of each request. Returns how many of them were sent before.
  std::size_t restart();

  /// After the end of the session: takes out one request after the other, until nothing is left.
  std::optional<Ended> take_lost();

  /// Gives back every byte of a pipeline from which take_lost() took all: the transport is done.
  void release();

  /// Every request with an id before this one has had its last answer, or will never have one: it
  /// was withdrawn unsent, or its connection was lost. Never falls.
  RequestId answered_until() {
    return requests_.size() == answered_count_ ? log_.end() : first_unanswered().begin;
  }

  /// The id of the request that is staged next.
  RequestId staged_until() const { return log_.end(); }

  /// Takes `count` of the places for reads that wait for the reply to another request, and so are
  /// not in this pipeline.
  void take_places(std::size_t count) {
    const std::size_t most = options_.requests_max;
    places_ = static_cast<std::uint32_t>(most - std::min(count, most));
  }

  /// Every place is taken: submit() refuses.
  bool is_full() const {
    return requests_.size() >= places_ && size() - internal_count_ >= places_;
  }

  /// Whether some of the bytes of a request were given out by transmit().
  bool is_exposed(RequestId id) const { return id < exposed_end_; }
  /// The same on any connection so far: a server may have run it.
  bool was_exposed(RequestId id) const { return id < exposed_end_ || id < lost_end_; }

  /// Requests and tombstones.
  std::size_t size() const { return requests_.size() - withdrawn_count_; }

  /// Requests that were looked at so far to end them, for tests of what that costs.
  std::uint32_t steps() const { return steps_; }

  /// CHECKs all that must hold between calls. Walks over every request.
  void validate();

 private:
  enum class State : std::uint8_t {
    live,
    cancelling,    // is_ending() from here...
    given_up,      // the rest of its reply is not wanted any more
    given_up_ran,  // likewise, and the server has run it
    lost,          // ... to here
    tombstone,
    withdrawn,
    answered
  };

  struct Request {
    Tag tag;
    Instant deadline;
    std::uint64_t begin;  // in the log; also its id
    std::uint32_t size;
    std::uint16_t answers_left;
    State state : 6;
    CommandView::Answer answer : 2;
    std::uint8_t resends_left : 5;
    bool sent_before : 1;  // whole, on a connection that was lost
    bool is_internal : 1;

    std::uint64_t end() const { return begin + size; }
    bool wants_confirmations() const { return answer == CommandView::Answer::confirmations; }
  };
  static_assert(sizeof(Request) == 32);

  // next_ended() has yet to say that it has ended, and not by its deadline.
  static bool is_ending(const Request& request) {
    return request.state > State::live && request.state <= State::lost;
  }

  static constexpr std::uint64_t no_position = UINT64_MAX;

  // With some room for those that were withdrawn, which leave when there are many of them.
  static constexpr std::size_t queue_max(const Options& options) {
    return options.requests_max + options.requests_max / 8 + internal_requests_max;
  }
  std::uint32_t window_max() const {
    return static_cast<std::uint32_t>(options_.requests_max + internal_requests_max);
  }

  Request& first_unanswered() {
    return answered_count_ == 0 ? requests_.front() : requests_.at(answered_count_);
  }
  // If a request has several commands, the server answers the first before it has the last.
  Next next_while_given(const Request& request) const {
    const bool has_first = request.begin < exposed_end_ && request.answers_left > 1;
    if (!has_first || request.wants_confirmations()) return Next::nothing;
    return request.state == State::tombstone ? Next::tombstone : Next::part;
  }
  bool keeps_until_answered() const { return options_.read_resends_max > 0; }
  Result<RequestId> stage(const CommandView& command, Instant deadline, Tag tag);
  Request describe(const CommandView& command, std::uint64_t begin, Instant deadline,
                   Tag tag) const;
  bool push(const Request& request);
  Error refuse_for_the_limit() const;
  Error refuse_for_lack_of_room(std::size_t bytes) const;
  std::uint64_t sendable_end();
  std::size_t transmit_around_gaps(std::span<std::string_view> spans, std::uint64_t until);
  void write_without_gaps(std::size_t bytes);
  void write_around_gaps(std::size_t bytes);
  void give_up_ended(std::uint64_t taken_before);
  void note_all_sent();
  void mark_ending(Request& request, State state);
  std::optional<Ended> next_ending();
  std::optional<Ended> next_due();
  std::optional<Ended> next_due_in_order();
  std::optional<Ended> next_due_of_all();
  void begin_walk();
  void look_at_new_deadlines();
  bool is_later(const Request& request);
  Ended end_early(Request& request, ErrorCode code);
  void bury(Request& request);
  bool holds_bytes(const Request& request) const;
  std::uint16_t answers_to(const Request& request) const;
  // Uncounts a request that leaves the queue.
  void forget(const Request& request) {
    if (request.is_internal) --internal_count_;
    if (request.state == State::withdrawn) --withdrawn_count_;
  }
  void pop_front() {
    forget(requests_.front());
    requests_.pop_front();
  }
  void trim_withdrawn();
  void drop_withdrawn();
  void erase_withdrawn();

  const Options options_;
  Queue<Request> requests_;  // in the order of their positions in the log
  RequestLog log_;
  std::uint64_t unsent_begin_ = 0;   // everything before this was taken by the transport
  std::uint64_t exposed_end_ = 0;    // everything before this was given out by transmit()
  std::uint64_t whole_end_ = 0;      // the requests before this were taken whole
  std::uint64_t lost_end_ = 0;       // everything before this was given out before, and lost
  bool has_gaps_ = false;            // some of the unsent bytes were withdrawn
  bool losing_ = false;              // from handle_connection_lost() to restart()
  bool searching_ = false;           // for requests that have ended
  bool is_due_ = false;              // ... by their deadline
  bool is_sorted_ = true;            // later requests have later deadlines, until sorted_until_
  bool walk_is_sorted_ = true;       // ... of the walk over all that finds out
  std::uint8_t internal_count_ = 0;  // requests that are the session's own
  static_assert(internal_requests_max <= UINT8_MAX);
  std::uint32_t places_;              // requests_max, less those that take_places() took
  std::uint32_t window_;              // requests that may be on the wire
  std::uint32_t answered_count_ = 0;  // at the front: answered before the transport was done
  std::uint32_t withdrawn_count_ = 0;
  std::uint32_t ending_count_ = 0;  // cancelled or lost, and not yet told
  std::uint32_t steps_ = 0;

  std::uint64_t ending_from_ = no_position;  // none of those is before this
  std::uint64_t due_from_ = 0;               // nor are any that may become due
  std::uint64_t sorted_until_ = 0;
  Instant sorted_deadline_ = Instant::min();  // the latest before that, or in the walk so far
  Instant search_now_ = Instant::min();
  Instant search_deadline_ = never;
  Instant next_deadline_ = never;
};

}  // namespace plimsoll
