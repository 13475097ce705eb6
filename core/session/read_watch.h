#pragma once

#include <cstdint>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/resp/reader.h"

// Watches the memory into which one session reads. Two things can go wrong: there is no memory, or
// the peer stalls in the middle of a reply and so keeps a buffer that other connections need. The
// session decides what to do about each; its timer calls handle_check() at check_at().
//
//             begin_wait()                       find_check(), with a buffer
//    +---------------------------- idle ------------------------------+
//    v                             ^  ^                               v
//  waiting --- end_wait() ---------+  +--- stop_watching() ------- watching
//  (checks every 20 ms)                                          (checks every 125 ms)
//
// Invariants:
//  - The account counts this session among its waiting readers exactly while waits() is true.
//  - While waiting, check_at() is a time. A connection that holds no buffer, or is paused, is not
//    watched.

namespace plimsoll::inline v0 {

/// How often a connection that holds a buffer is checked. If `stall_checks_max` checks in a row
/// find that the half-read reply did not go on, the reply is given up in favour of connections that
/// wait for memory.
inline constexpr Duration stall_check_interval = std::chrono::milliseconds(125);
inline constexpr std::uint8_t stall_checks_max = 2;

/// The longest that a stalled peer keeps other connections waiting for its buffer.
inline constexpr Duration stalled_reply_max = stall_checks_max * stall_check_interval;

/// Fewer bytes than this between two checks count as none, so that a peer cannot keep a buffer by
/// sending a byte now and then.
inline constexpr std::size_t stall_bytes_min = 256;

class ReadWatch {
 public:
  /// True from begin_wait() to end_wait(): the last attempt to get memory failed.
  bool waits() const { return waits_; }

  /// There is no memory to read into. Sets check_at() to a short time from now: the driver's timer
  /// then fires, and the driver asks for memory again. A Budget reports when memory was released,
  /// but a memory source below it does not.
  void begin_wait(Account& replies, Instant now);

  /// There is memory, or the connection is gone. Returns whether there was a wait.
  bool end_wait(Account& replies);

  /// When handle_check() is due; `never` while idle.
  Instant check_at() const { return check_at_; }

  /// Begins to watch a connection that holds a buffer, unless it is paused. Returns check_at().
  Instant find_check(bool is_paused, Instant now, std::uint64_t bytes_read);

  /// The connection holds no buffer, or is gone. Returns `never`.
  Instant stop_watching() { return check_at_ = never; }

  enum class Finding : std::uint8_t {
    nothing,
    not_waiting,  ///< the driver did not ask for memory again, because it found nothing to read
    stalled       ///< almost no bytes arrived for stalled_reply_max
  };
  /// Handles a check that is due at check_at(). `bytes_read` is the number of bytes read so far.
  /// Releases a buffer in which nothing is needed.
  Finding handle_check(Reader& reader, Instant now, std::uint64_t bytes_read);

 private:
  bool waits_ = false;
  bool asked_again_ = false;          // the driver asked for memory since the last check of a wait
  std::uint8_t stalled_checks_ = 0;   // in a row, at most stall_checks_max
  std::uint32_t bytes_at_check_ = 0;  // bytes read by the last check, the lower 32 bits
  Instant check_at_ = never;
};

}  // namespace plimsoll::inline v0
