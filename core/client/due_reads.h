#pragma once

#include <algorithm>
#include <cstddef>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// When each of a server's reads that have a deadline goes on to another server, if it is not
/// answered. Reads with the same timeout are due in the order in which they were sent, and then
/// leave() looks only at those that are due; otherwise it looks at all.
class DueReads {
 public:
  DueReads(Account& payer, std::size_t reads_max) : reads_(payer, reads_max) {}

  /// The ids must rise. Returns false if there is no memory.
  bool add(RequestId id, Instant move_at);

  /// Forgets the reads before this one, but keeps the last: a queue that is drained gives its
  /// memory back, and each read that comes alone would ask for it again.
  void drop_answered(RequestId answered_until);
  void clear() { reads_.clear(); }

  /// When leave() may have something to do.
  Instant next(RequestId answered_until);

  /// Calls `leave(RequestId)` for the reads that are due, until it returns false: no other server
  /// takes this one. That one, and those behind it which are due, are tried again at `again`.
  template <class Leave>
  void leave(Instant now, Instant again, Leave&& leave) {
    if (now < first_at_) return;
    first_at_ = never;
    bool can_leave = true;
    reads_.for_each_from(0, [&](Read& read) {
      if (read.move_at <= now) {
        can_leave = can_leave && leave(read.id);
        read.move_at = can_leave ? never : again;
        // Those behind may be due before `again`.
        is_in_order_ = is_in_order_ && can_leave;
      }
      first_at_ = std::min(first_at_, read.move_at);
      return !is_in_order_ || read.move_at == never;
    });
    drop_left();
  }

 private:
  struct Read {
    RequestId id;     // in the session
    Instant move_at;  // never: it has left
  };

  void drop_left();

  Queue<Read> reads_;
  Instant first_at_ = never;  // no read is due before
  bool is_in_order_ = true;   // of move_at
};

}  // namespace plimsoll::inline v0
