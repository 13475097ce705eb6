#pragma once

#include <cstdint>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/resp/reader.h"

// Looks after the memory that one session reads to, at times that the session's timer keeps. Two
// things can go wrong: there is no memory, or the peer stalls in the middle of a reply and so keeps
// a buffer that other connections need. The session decides what to do about either.
//
//             begin_wait()                       find_check(), with a buffer
//    +---------------------------- idle ------------------------------+
//    v                             ^  ^                               v
//  waiting --- end_wait() ---------+  +--- stop_watching() ------- watching
//  (asks again every 20 ms)                                        (looks every 125 ms)
//
// Invariants:
//  - The account counts this session among its waiting readers exactly while waits() is true.
//  - While waiting, check_at() is a time. A connection that holds no buffer, or is paused, is not
//    watched.

namespace plimsoll {

/// How often a connection that holds a buffer is looked at, and how often in a row nothing may have
/// come of the reply that is half there before it is given up for others who wait for memory.
inline constexpr Duration stall_check_interval = std::chrono::milliseconds(125);
inline constexpr std::uint8_t stall_checks_max = 2;

/// The same as a time: so long a stalled peer keeps others waiting for its buffer at most.
inline constexpr Duration stalled_reply_max = stall_checks_max * stall_check_interval;

/// Fewer bytes than these between two looks are nothing: a peer may not hold on by drops.
inline constexpr std::size_t stall_bytes_min = 256;

class ReadWatch {
 public:
  /// True from begin_wait() to end_wait(): there was no memory when it was asked for last.
  bool waits() const { return waits_; }

  /// There is no memory to read to: asks again after a short time, because a memory source never
  /// tells when it has some again (a Budget does).
  void begin_wait(Account& replies, Instant now);

  /// There is memory, or the connection is gone. Returns whether there was a wait.
  bool end_wait(Account& replies);

  /// When handle_check() is due.
  Instant check_at() const { return check_at_; }

  /// Begins to watch a connection that holds a buffer, unless it is paused. Returns check_at().
  Instant find_check(bool is_paused, Instant now, std::uint64_t bytes_read);

  /// The connection holds no buffer, or is gone. Returns `never`.
  Instant stop_watching() { return check_at_ = never; }

  enum class Finding : std::uint8_t {
    nothing,
    not_waiting,  ///< the driver did not ask for memory again: it has found nothing to read
    stalled       ///< hardly a byte came for stalled_reply_max
  };
  /// check_at() has come. `bytes_read` are all that were read so far. Gives back a buffer in which
  /// nothing is needed.
  Finding handle_check(Reader& reader, Instant now, std::uint64_t bytes_read);

 private:
  bool waits_ = false;
  bool asked_again_ = false;          // since the last check of a wait
  std::uint8_t stalled_checks_ = 0;   // in a row, at most stall_checks_max
  std::uint32_t bytes_at_check_ = 0;  // the lower half of those read so far
  Instant check_at_ = never;
};

}  // namespace plimsoll
