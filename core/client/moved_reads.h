#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// Where the reads that went on from a server to another one are now, so that they can be cancelled
/// by the ids that they had before.
class MovedReads {
 public:
  MovedReads(Account& payer, std::size_t reads_max) : reads_(payer, reads_max) {}

  /// Costs little if the ids rise. Without memory for this, or beyond `reads_max`, nothing is
  /// remembered.
  void add(RequestId from, RequestId to);

  std::optional<RequestId> find(RequestId from);

  /// Whether a read is remembered that has left this connection to the server.
  bool has_left(std::uint64_t incarnation);

  bool empty() const { return reads_.empty(); }

  /// Forgets reads for which `is_answered(RequestId to)` is true: those in front; and, if there is
  /// no more room, all.
  template <class IsAnswered>
  void forget(IsAnswered&& is_answered) {
    while (!reads_.empty() && is_answered(reads_.front().to)) reads_.pop_front();
    if (reads_.size() < reads_.size_max()) return;
    reads_.erase_if([&](const Read& each) { return is_answered(each.to); });
  }

 private:
  struct Read {
    RequestId from;
    RequestId to;
  };

  Queue<Read> reads_;  // in the order of `from`
};

}  // namespace plimsoll::inline v0
