#pragma once

#include <chrono>
#include <cstddef>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/account.h"

// The flow-control window of one connection to a bridge: how many bytes the bridge may send
// (docs/bridge-protocol.md). A credit cannot be revoked, so its bytes are charged before they are
// granted, and stay charged until the core has read them. So whatever the bridge sends fits below
// the memory line. The driver calls poll_grant() when the connection opens and after each
// handle_taken().
//
// Invariants:
//  - The charge covers all bytes that are granted or unread.
//  - From the first grant on, the charge is at least window_bytes_min.
//  - The window has at most window_max_ bytes.

namespace plimsoll::inline v0 {

class CreditWindow {
 public:
  /// The default for the largest window: enough for 5 MB/s at a round trip of 50 ms to the bridge.
  static constexpr std::size_t window_bytes_max = 256 * 1024;

  /// The window before any byte has arrived, so an idle connection has no more charged than this.
  /// TCP itself starts with 10 segments (RFC 6928).
  static constexpr std::size_t first_window_bytes = 16 * 1024;

  /// The least window. It stays charged from the first grant to the end, so it can be granted again
  /// however much memory others use: replies go on, however slowly. The least windows of a client's
  /// 64 connections and one segment to read into are 128 KiB together. No account is ever asked to
  /// go below that size (level_min in core/memory/account_list.cc).
  static constexpr std::size_t window_bytes_min = 1024;

  /// A window may grow to this fraction of the memory that the pool had free when the window began.
  /// If the 64 connections that a client may have take their windows one after the other, more than
  /// a third stays free.
  static constexpr std::size_t windows_per_room = 64;

  /// A window grows with the bytes that arrive. After this time, the next bytes start a new window.
  static constexpr Duration window_age_max = std::chrono::seconds(1);

  /// `replies` pays, and must be open. `bytes_max`: window_bytes_min to 2^31 - 1.
  explicit CreditWindow(Account& replies, std::size_t bytes_max = window_bytes_max);

  /// Grants bytes and returns how many: 0 while more than half of the window is granted or unread.
  /// If nothing was ever granted, 0 means that the pool has no room (is_starved()).
  [[nodiscard]] std::size_t poll_grant();

  /// True if the pool had no room for the least window yet: call poll_grant() again when the Budget
  /// has memory. Never true after the first grant.
  bool is_starved() const { return charge_.bytes() == 0; }

  /// Records that `bytes` bytes have arrived. Returns false, and changes nothing, if more bytes
  /// arrived than were granted; the caller should then end the connection.
  [[nodiscard]] bool handle_received(std::size_t bytes, Instant now);

  /// Records that `bytes` of the unread bytes were passed to handle_read(), whose buffers have a
  /// charge of their own.
  void handle_taken(std::size_t bytes);

  /// The connection is over: its grants are void, and its unread bytes are discarded. The least
  /// window stays charged for the next connection, until this object is destroyed.
  void handle_closed();

  /// Bytes granted that have not arrived.
  std::size_t granted_bytes() const { return granted_; }
  /// Bytes that have arrived and were not passed to handle_read() yet.
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
  std::size_t window_max_ = 0;  // from the pool's free memory when the window began
  Instant begun_{};
};

}  // namespace plimsoll::inline v0
