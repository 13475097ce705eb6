#pragma once

#include <algorithm>
#include <cstdint>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/freshness.h"
#include "plimsoll/core/client/due_reads.h"
#include "plimsoll/core/client/moved_requests.h"
#include "plimsoll/core/client/write_marks.h"
#include "plimsoll/core/cluster/node_address.h"
#include "plimsoll/core/cluster/replication_report.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/session/backoff.h"
#include "plimsoll/core/session/session.h"

// A server beside the primary: the client's connection to it, and what is known of it.
//
//          connect()               ready               proved
//    lost -------------> connecting -------> checking ----------------> ready
//     ^                      |                 | ^                        |
//     |                      |                 | +-- its link is down, ---+
//     |                      |                 |     it is loading...     |
//     +----------------------+-----------------+--------------------------+
//           the attempt failed, or the connection was lost; connect() follows after a wait
//
// From any state it is `leaving` once the primary does not name it any more; then it takes no new
// request, and is forgotten once its connection is over and what went on from it has ended.

namespace plimsoll::inline v0 {

/// Until when, and of which of the client's writes, a server is known to have everything.
struct ReplicationProof {
  std::uint64_t offset = 0;        ///< what the primary had run...
  Instant as_of = Instant::min();  ///< ... some time after this
  WriteMarks::Mark mark = 0;       ///< the client's last write that is in it
  cache::Mark asked_after = 0;     ///< with a near cache: drawn before the primary was asked
};

/// The time of a round trip: each new one counts for a quarter.
class SmoothedLatency {
 public:
  void add(Duration sample) {
    value_ += value_ == Duration::zero() ? sample : (sample - value_) / 4;
  }
  Duration value() const { return value_; }  ///< zero: not known yet

 private:
  Duration value_{};
};

class ServerNode {
 public:
  enum class State : std::uint8_t {
    connecting,
    checking,  ///< there is a connection; whether the server may answer is not known, or it may
               ///< not
    ready,
    lost,  ///< there is no connection, and `problem` says why the last one failed
    leaving
  };

  /// `requests` pays for what is remembered of requests that went on to other servers.
  ServerNode(const NodeAddress& where, Account& requests, std::size_t requests_max,
             std::uint64_t random_seed)
      : address(where),
        due(requests, requests_max),
        moved(requests, requests_max),
        backoff(wait_min, wait_max, random_seed) {}

  /// The wait between attempts at a server that cannot be reached, as Backoff draws it.
  static constexpr Duration wait_min = std::chrono::milliseconds(100);
  static constexpr Duration wait_max = std::chrono::seconds(5);

  /// The wait before a server that was behind, or did not answer reads, is asked again; it doubles.
  static constexpr Duration ask_again_wait_min = std::chrono::milliseconds(5);
  static constexpr Duration ask_again_wait_max = std::chrono::seconds(1);

  /// The wait before a read that could not go on is tried again.
  static constexpr Duration move_again_wait = std::chrono::milliseconds(10);

  /// A server that owes the answer to such a question for so long gets no new reads, and neither
  /// does one that is_slow.
  static constexpr Duration suspect_after = std::chrono::seconds(1);

  bool is_connected() const { return state == State::checking || state == State::ready; }
  bool is_suspect(Instant now) const {
    return is_slow || (was_asked && now - asked_at > suspect_after);
  }

  /// What a read must see.
  struct Wanted {
    WriteMarks::Mark mark = 0;  ///< this write of the client
    cache::Mark after = 0;      ///< all that was acknowledged before this mark was drawn
  };
  /// Whether it may answer a read at `now`.
  bool may_answer(Instant now, Duration lag_max, const Wanted& wanted) const {
    return state == State::ready && wanted.mark <= proved.mark &&
           wanted.after <= proved.asked_after && now - proved.as_of <= lag_max && !is_suspect(now);
  }

  /// What it has is not known any more.
  void forget_proof() {
    proved = target = {};
    if (state == State::ready) state = State::checking;
  }
  void ask_again_later(Instant now) {
    ask_again_at = after(now, ask_again_wait);
    ask_again_wait = std::min(2 * ask_again_wait, ask_again_wait_max);
  }

  NodeAddress address;
  State state = State::lost;
  bool was_asked = false;  // INFO is under way
  bool zone_is_known = false;
  bool is_slow = false;  // a read has left it because of its time, and it has said nothing since
  Error problem{};       // why it does not answer reads
  ZoneName zone{};
  SmoothedLatency latency;
  ReplicationProof proved{};
  ReplicationProof target{};  // what it is asked for next
  Instant asked_at{};
  Instant ask_again_at = never;
  Duration ask_again_wait = ask_again_wait_min;
  Instant retry_at = never;
  std::uint64_t incarnation = 0;  // of its connection
  std::uint64_t reads = 0;        // that it was sent
  std::uint64_t reads_moved = 0;  // of these, those that went on to another server
  DueReads due;
  MovedRequests moved;
  Backoff backoff;
  Box<Session> session{};
};

}  // namespace plimsoll::inline v0
