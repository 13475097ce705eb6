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
#include "plimsoll/core/session/deadline_order.h"
#include "plimsoll/core/session/request_log.h"

// Holds the requests of one session in order: staged, then written, then answered. The encoded
// bytes of a request lie in a log (request_log.h) until the transport has taken the last of them
// or, with read_resends_max, until the request has ended, because a read may have to be sent again.
// A request is exposed once transmit() has given out some of its bytes, so that the server may get
// them.
//
// Replies come in the order of the requests, so the request at the front gets the next reply. If a
// request times out or is cancelled after some of its bytes were sent, it stays as a tombstone that
// takes its reply; otherwise it leaves at once, with its bytes. If the connection is lost, each
// request that was wholly written is in doubt, except reads that may be resent. The log still has
// every byte of the others, which wait for the next connection.
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
//  - While searching_ is true, transmit() sends nothing. Otherwise it could send a request that was
//    cancelled before it was sent.
//  - From handle_connection_lost() to restart() nothing is sent.
//
// Unless its comment says otherwise, the cost of a call does not depend on the number n of
// requests; a call that looks up a request takes O(log n).

namespace plimsoll::inline v0 {

/// Identifies a request. In a Pipeline and its Session it is the request's position in the log,
/// which is never used twice; the ids that a Client returns also name the connection (packed_id.h).
using RequestId = std::uint64_t;

/// The value that a driver passes to submit(), and gets back with the outcome.
using Tag = std::uint64_t;

/// A request that ended without a reply.
struct Ended {
  Tag tag;
  // timed_out, cancelled, out_of_memory, lost_unsent, lost_in_doubt, or connection_lost for a
  // request that was given in part to half_given_losses_max connections.
  ErrorCode code;
  Executed executed;
  RequestId id = 0;  ///< if its deadline has passed
};

/// The most internal requests (a health check, AUTH with new credentials...) at a time, in addition
/// to those of callers.
inline constexpr std::size_t internal_requests_max = 80;

/// The refusal of a request beyond inflight_requests_limit.
constexpr Error limit_reached(std::size_t limit) {
  return Error{.code = ErrorCode::rejected_by_limit,
               .what = "inflight_requests_limit is reached",
               .value = limit,
               .limit = limit};
}

/// How many connections may be lost while one request is being sent. Then it ends, because it is
/// likely to be the cause, and what waits behind it would never be sent.
inline constexpr std::uint8_t half_given_losses_max = 3;

/// The most that Pipeline::Options::read_resends_max may be.
inline constexpr std::uint8_t read_resends_limit = 31;

/// The most requests on the wire of a connection that replaces a lost one. Each reply raises this
/// by one, so a server that has just restarted does not get all waiting requests at once.
inline constexpr std::size_t reconnect_window_min = 32;

class Pipeline {
 public:
  struct Options {
    std::uint32_t requests_max = 1000;  ///< requests and tombstones at a time
    std::uint8_t read_resends_max = 0;  ///< times that a lost read is sent again
    bool others_wait = false;           ///< waiters share the pool, so the log takes half at most
  };

  Pipeline(Account& requests, const Options& options)
      : options_(options),
        requests_(requests, queue_max(options), Queue<Request>::FirstChunk::page_if_kept),
        log_(requests, options.others_wait),
        places_(options.requests_max),
        window_(window_max()) {}

  /// Stages a request. Fails with rejected_by_limit if there are too many requests, or if the
  /// requests pool has no room.
  Result<RequestId> submit(const CommandView& command, Instant deadline, Tag tag);

  /// The error for a request of so many bytes for which `requests` has no room: now, or ever.
  static Error lack_of_room(const Account& requests, std::size_t bytes);

  enum class Room : std::uint8_t { made, no_place, no_memory };
  /// Reserves a place and memory for a request of `bytes` encoded bytes. The next call must be
  /// submit_to_room(), which then cannot fail, or release_room().
  Room make_room(std::size_t bytes);
  RequestId submit_to_room(const CommandView& command, Instant deadline, Tag tag);
  void release_room();

  /// Stages an internal request, which counts only against internal_requests_max. Returns false if
  /// there is no room for the request. Its outcome has `tag`, like any other; if `tag` is 0, the
  /// request is a tombstone from the start. It ends with its connection, even if it is a read.
  bool submit_internal(const CommandView& command, Tag tag);

  /// Returns where the bytes of the request that was staged last lie, from `offset` on: fills
  /// `spans` with the places of `size` bytes, or of as many as fit, and returns the number of spans
  /// used.
  std::size_t staged_places(RequestId id, std::uint64_t offset, std::size_t size,
                            std::span<std::string_view> spans) const {
    return log_.collect(id + offset, id + offset + size, spans);
  }

  /// Ends a request, unless it has ended already. next_ended() returns the request; to find those
  /// that were cancelled, it walks from the first of them to the last.
  void cancel(RequestId id);

  /// Fills `spans` with the bytes to send next, in order, and returns the number of spans used. The
  /// bytes stay valid until handle_written(), which must follow. Returns 0 until next_ended() has
  /// returned all ended requests, so that no request is sent that was cancelled before. If requests
  /// were withdrawn since the previous call, walks over all requests; if earlier, over those that
  /// are sent.
  std::size_t transmit(std::span<std::string_view> spans);

  /// The transport has taken the first `bytes` bytes from transmit(), and needs none of the others.
  void handle_written(std::size_t bytes);

  /// Whether next_ended() may return a request.
  bool searching() const { return searching_; }

  bool has_unsent() const { return unsent_begin_ < log_.end(); }

  /// Whether the server owes an answer, and whether a caller waits for it.
  enum class Next : std::uint8_t {
    nothing,
    part,      ///< an answer to a live request, which is owed further answers after it
    request,   ///< the last or only answer to a live request
    tombstone  ///< an answer to a tombstone: no caller waits for it
  };
  Next next() {
    if (requests_.size() == answered_count_) return Next::nothing;
    const Request& request = first_unanswered();
    if (request.end() > exposed_end_) return next_while_given(request);
    if (request.state == State::tombstone) return Next::tombstone;
    return request.answers_left == 1 ? Next::request : Next::part;
  }

  // The functions below about next() may only be called if next() is not `nothing`.

  /// Whether next() is answered by pushes that confirm a subscription or its end, not by replies.
  bool next_wants_confirmations() { return first_unanswered().wants_confirmations(); }

  /// How the server answers next().
  CommandView::Answer next_answer() { return first_unanswered().answer; }

  /// The id of next().
  RequestId next_id() { return first_unanswered().begin; }

  /// Whether all bytes of next() are exposed: the server may have received it whole.
  bool next_is_wholly_exposed() { return first_unanswered().end() <= exposed_end_; }

  /// Whether next() was sent on a connection that was lost, so that a server may have run it.
  bool next_was_sent_before() { return first_unanswered().sent_before; }

  /// Whether a caller waits for the first request without its last answer, and only a part of it is
  /// exposed. next() is `nothing` or `part` then.
  bool next_is_half_given();
  /// The server has refused it all the same. handle_connection_lost() or take_lost() must follow.
  Tag take_half_given();

  /// How many answers the server owes next().
  std::uint16_t next_answers() { return first_unanswered().answers_left; }

  /// Whether next() has not been cancelled, nor given up.
  bool next_is_live() { return first_unanswered().state == State::live; }

  /// The tag of next().
  Tag next_tag() { return first_unanswered().tag; }

  /// The last answer to next() has come: next() is `request`, or an error has ended the request
  /// early. Forgets the request and returns its tag.
  Tag take_next();

  /// Whether next() is `request` in the usual state, so that take_plain() can do what take_next()
  /// does.
  bool is_next_plain() { return !keeps_until_answered() && is_front_plain(); }
  Tag take_plain() {
    const Tag tag = requests_.front().tag;
    requests_.pop_front();
    return tag;
  }
  /// The same if requests may keep their bytes until they are answered, and if those of next()
  /// begin at `begin`. give_up_plain() has to follow once the last of several was taken.
  bool is_next_plain_at(RequestId begin) {
    return is_front_plain() && requests_.front().begin == begin;
  }
  /// Also sets `end` to where the request's bytes end.
  Tag take_plain(RequestId& end) {
    end = requests_.front().end();
    return take_plain();
  }
  /// Gives up the bytes from `begin` to `end`. All must be those of requests that were taken: what
  /// lies between two requests are bytes that were given up when their request was withdrawn.
  void give_up_plain(RequestId begin, RequestId end) {
    if (keeps_until_answered()) log_.give_up(begin, end);
  }

  /// One answer to next(), a part or a tombstone, has come. The last one removes a tombstone.
  void take_part();

  /// Ends next() in the middle of its answer, whose rest is not wanted. next_ended() returns the
  /// request, with out_of_memory. `executed` is maybe or yes.
  void give_up_next(Executed executed);

  /// The first request without its last answer, written or not, if no caller waits for it.
  std::optional<RequestId> front_unawaited() {
    if (requests_.size() == answered_count_) return std::nullopt;
    const Request& front = first_unanswered();
    const bool waited_for = front.state != State::tombstone && !front.is_internal;
    return waited_for ? std::nullopt : std::optional(front.begin);
  }

  /// Ends the requests whose deadline is not after `now`: next_ended() returns them. As long as
  /// later requests have later deadlines, this looks at each request once or twice. Otherwise
  /// next_ended() walks over all requests to find those that are due; if they are more than
  /// DeadlineOrder::exact_max, it does so now and then, so that some end a little later.
  void handle_timeout(Instant now);

  /// When to call handle_timeout(): not after the earliest deadline, or when the next walk may
  /// begin, if that is later.
  Instant next_deadline() const { return next_deadline_; }

  /// Returns the next request that ended by its deadline, by cancel(), or with its connection.
  std::optional<Ended> next_ended();

  /// The connection is gone. Requests that were wholly written end (next_ended() returns them),
  /// except reads that may be resent. Nothing is sent until restart(). This function and restart()
  /// walk over all requests.
  void handle_connection_lost();

  /// Prepares to send the remaining requests on a new connection, each from its first byte. Call it
  /// once next_ended() has returned all ended requests and the transport is done with the bytes.
  /// Returns how many of the remaining requests were sent before.
  std::size_t restart();

  /// After the end of the session: takes out one request at a time, until none is left.
  std::optional<Ended> take_lost();

  /// A request as it was submitted, for another pipeline.
  struct Handed {
    RequestId id;
    Tag tag;
    Instant deadline;
    std::uint32_t bytes;  ///< of the encoded request
    CommandView::Answer answer;
    std::uint16_t answers;  ///< that are still owed
    bool may_resend;        ///< a read that may be sent again although a server may have run it
  };
  /// The request at the front, whose bytes the log must still have: next() is `request`, or
  /// is_first_live() has returned true.
  Handed first_handed() { return handed(first_unanswered()); }

  /// The request `id`, if a caller waits for it and nothing has ended it; the log must still have
  /// its bytes.
  std::optional<Handed> live(RequestId id);
  /// The same for the first of them whose id is not below `from`. Walks over those in between that
  /// have ended.
  std::optional<Handed> next_live(RequestId from);
  /// Ends that request here, without an outcome: another pipeline has it.
  void leave_to_another(RequestId id);

  /// After the end of the session: whether a caller waits for the request that take_lost() would
  /// take out next.
  bool is_first_live();
  /// What take_lost() would return for it.
  Ended first_lost() { return lost(requests_.front()); }
  /// Takes it out.
  void drop_first() { pop_front(); }

  /// Releases all bytes, after take_lost() has taken out all requests and the transport is done.
  void release();

  /// Every request with an id before this one has had its last answer, or will never get one,
  /// because it was withdrawn unsent or its connection was lost. Never falls.
  RequestId answered_until() {
    return requests_.size() == answered_count_ ? log_.end() : first_unanswered().begin;
  }

  /// The id that the next staged request will have.
  RequestId staged_until() const { return log_.end(); }

  /// Takes `count` of the requests_max places away: for reads that wait for the reply to another
  /// request, and so are not in this pipeline, but count against the same limit.
  void take_places(std::size_t count) {
    const std::size_t most = options_.requests_max;
    places_ = static_cast<std::uint32_t>(most - std::min(count, most));
  }

  /// RequestLog::set_parts().
  void set_log_parts(std::uint32_t parts) { log_.set_parts(parts); }
  /// RequestLog::held_bytes() and room_in_last().
  std::size_t log_bytes() const { return log_.held_bytes(); }
  std::size_t log_room() const { return log_.room_in_last(); }

  /// Whether every place is taken, so that submit() refuses.
  bool is_full() const {
    return requests_.size() >= places_ && size() - internal_count_ >= places_;
  }

  /// Whether some bytes of the request are exposed.
  bool is_exposed(RequestId id) const { return id < exposed_end_; }
  /// The same on this or an earlier connection: a server may have run the request.
  bool was_exposed(RequestId id) const { return id < exposed_end_ || id < lost_end_; }

  /// The number of requests and tombstones, without internal requests.
  std::size_t callers_count() const { return size() - internal_count_; }

  /// The number of requests and tombstones.
  std::size_t size() const { return requests_.size() - withdrawn_count_; }

  /// How many requests were visited so far to find those that end. Tests check this cost.
  std::uint32_t steps() const { return steps_; }

  /// CHECKs all that must hold between calls. Walks over every request.
  void validate();

 private:
  enum class State : std::uint8_t {
    live,
    cancelling,    // is_ending() from here...
    given_up,      // the rest of its reply is not wanted
    given_up_ran,  // likewise, and the server has run the request
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
    State state : 3;
    CommandView::Answer answer : 3;
    std::uint8_t half_given_losses : 2;  // connections that were lost with a part of it
    std::uint8_t resends_left : 5;
    bool sent_before : 1;  // whole, on a connection that was lost
    bool is_internal : 1;

    std::uint64_t end() const { return begin + size; }
    bool wants_confirmations() const {
      return answer == CommandView::Answer::confirmations || answer == CommandView::Answer::ends;
    }
    // A caller waits for it, and for no more than one answer.
    bool is_plain() const {
      return answers_left == 1 && state == State::live && !is_internal && !wants_confirmations();
    }
  };
  static_assert(sizeof(Request) == 32);

  // Whether next_ended() has yet to return the request, which has ended, and not by its deadline.
  static bool is_ending(const Request& request) {
    return request.state > State::live && request.state <= State::lost;
  }

  static constexpr std::uint64_t no_position = UINT64_MAX;

  // Includes some room for withdrawn requests, which leave the queue only when there are many.
  static constexpr std::size_t queue_max(const Options& options) {
    return options.requests_max + options.requests_max / 8 + internal_requests_max;
  }
  std::uint32_t window_max() const {
    return static_cast<std::uint32_t>(options_.requests_max + internal_requests_max);
  }

  Request& first_unanswered() {
    return answered_count_ == 0 ? requests_.front() : requests_.at(answered_count_);
  }
  // If a request has several commands, the server may answer the first before it has the last.
  Next next_while_given(const Request& request) const {
    const bool has_first = request.begin < exposed_end_ && request.answers_left > 1;
    if (!has_first || request.wants_confirmations()) return Next::nothing;
    return request.state == State::tombstone ? Next::tombstone : Next::part;
  }
  bool is_half_given(const Request& request) const {
    return request.begin < exposed_end_ && request.end() > exposed_end_;
  }
  bool is_front_plain() {
    if (answered_count_ + withdrawn_count_ > 0 || requests_.empty()) return false;
    const Request& request = requests_.front();
    return request.end() <= unsent_begin_ && request.is_plain() && window_ == window_max();
  }
  bool keeps_until_answered() const { return options_.read_resends_max > 0; }
  Result<RequestId> stage(const CommandView& command, Instant deadline, Tag tag);
  Request describe(const CommandView& command, std::uint64_t begin, Instant deadline,
                   Tag tag) const;
  bool push(const Request& request);
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
  Ended lost(const Request& request) const;
  static Handed handed(const Request& request) {
    return {.id = request.begin,
            .tag = request.tag,
            .deadline = request.deadline,
            .bytes = request.size,
            .answer = request.answer,
            .answers = request.answers_left,
            .may_resend = request.resends_left > 0};
  }
  Request* find(RequestId id);
  Ended end_early(Request& request, ErrorCode code);
  void bury(Request& request);
  bool holds_bytes(const Request& request) const;
  std::uint16_t answers_to(const Request& request) const;
  // Updates the counts for a request that leaves the queue.
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
  std::uint64_t unsent_begin_ = 0;   // the transport has taken everything before this
  std::uint64_t exposed_end_ = 0;    // transmit() has given out everything before this
  std::uint64_t whole_end_ = 0;      // the transport has taken the requests before this whole
  std::uint64_t lost_end_ = 0;       // everything before this was given out on lost connections
  bool has_gaps_ = false;            // some of the unsent bytes were withdrawn
  bool losing_ = false;              // from handle_connection_lost() to restart()
  bool searching_ = false;           // there may be requests for next_ended()
  bool is_due_ = false;              // ... that ended by their deadline
  bool is_walking_ = false;          // over all requests, as far as due_from_
  bool may_have_buried_ = false;     // some unsent bytes may be those of requests that have ended
  std::uint8_t internal_count_ = 0;  // internal requests
  static_assert(internal_requests_max <= UINT8_MAX);
  std::uint32_t places_;              // requests_max, less those that take_places() took
  std::uint32_t window_;              // requests that may be on the wire
  std::uint32_t answered_count_ = 0;  // at the front: answered before the transport was done
  std::uint32_t withdrawn_count_ = 0;
  std::uint32_t ending_count_ = 0;  // requests for which is_ending() is true
  std::uint32_t steps_ = 0;

  std::uint64_t ending_from_ = no_position;  // no request before this is ending
  std::uint64_t due_from_ = 0;               // no request before this can become due
  std::uint64_t seen_until_ = 0;             // order_ has seen the deadlines before this
  DeadlineOrder order_;
  Instant search_now_ = Instant::min();
  Instant search_deadline_ = never;
  Instant next_deadline_ = never;
};

}  // namespace plimsoll::inline v0
