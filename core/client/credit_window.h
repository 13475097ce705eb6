#pragma once

#include <chrono>
#include <cstddef>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/account.h"

// What a bridge may send on one connection before it is asked to wait: docs/bridge-protocol.md. A
// credit cannot be taken back, so its bytes are charged before they are granted, and stay so until
// the core has read them: whatever the bridge does, they fit below the line. A driver of a
// connection with credits asks poll_grant() when it is open and after each handle_taken().

namespace plimsoll {

class CreditWindow {
 public:
  /// The largest window, unless its owner says otherwise: enough for 5 MB/s at 50 ms to the bridge.
  static constexpr std::size_t window_bytes_max = 256 * 1024;

  /// What is granted before anything has come: TCP itself starts with 10 segments (RFC 6928). So an
  /// idle connection has no more charged than this.
  static constexpr std::size_t first_window_bytes = 16 * 1024;

  /// Charged from the first grant to the end, and granted anew whatever others take: so replies go
  /// on, however slowly. 64 connections of a client, and a segment to read to, stay below what no
  /// account is evened out beyond.
  static constexpr std::size_t window_bytes_min = 1024;

  /// No window grows beyond this part of what was left of the pool when it began: the 64
  /// connections that a client may have, one after the other, leave more than a third of it.
  static constexpr std::size_t windows_per_room = 64;

  /// A window grows with what comes, and begins anew with what comes after that.
  static constexpr Duration window_age_max = std::chrono::seconds(1);

  /// `replies` is charged, and must be open. `bytes_max`: window_bytes_min to 2^31 - 1.
  explicit CreditWindow(Account& replies, std::size_t bytes_max = window_bytes_max);

  /// How many bytes to grant now, which are granted with this: 0 while more than half of the window
  /// is open or waits unread. Of nothing granted ever, 0 says that the pool has no room
  /// (is_starved()).
  [[nodiscard]] std::size_t poll_grant();

  /// Not even the least could be granted yet: ask poll_grant() again when the Budget has memory.
  /// Never after the first grant.
  bool is_starved() const { return charge_.bytes() == 0; }

  /// So many bytes have come. False, and nothing has changed: that is more than was granted, and
  /// the connection should end.
  [[nodiscard]] bool handle_received(std::size_t bytes, Instant now);

  /// So many of those were handed on to handle_read(), whose buffers have a charge of their own.
  void handle_taken(std::size_t bytes);

  /// The connection is over: what was granted is void, and what waited unread is gone. The least
  /// window stays charged for the next connection; the end of this object releases that, too.
  void handle_closed();

  /// Granted, and not yet come.
  std::size_t granted_bytes() const { return granted_; }
  /// Come, and not yet taken.
  std::size_t unread_bytes() const { return unread_; }
  std::size_t charged_bytes() const { return charge_.bytes(); }

 private:
  void begin_window();
  std::size_t fill(std::size_t window);
  void release_rest();

  Account& replies_;
  const std::size_t bytes_max_;
  Charge charge_;
  std::size_t granted_ = 0;
  std::size_t unread_ = 0;
  std::size_t window_ = 0;
  std::size_t window_max_ = 0;  // as memory was when it began
  Instant begun_{};
};

}  // namespace plimsoll
