#pragma once

#include <atomic>
#include <cstddef>
#include <string_view>
#include <utility>

#include "plimsoll/native/bridge/gate/held_bytes.h"

namespace plimsoll::bridge {

/// How many bytes of requests all relays, of all threads, may have read ahead of credit. It is a
/// part of the memory line, so that clients that never grant cannot take all of it. Thread-safe.
class AheadShare {
 public:
  explicit AheadShare(std::size_t max) : max_(max) {}

  /// False: there is no room for so many more, and nothing has changed.
  [[nodiscard]] bool take(std::size_t bytes) {
    std::size_t used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > max_ - used) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }
  void give_back(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  const std::size_t max_;
  std::atomic<std::size_t> used_{0};
};

/// Requests of one client that were read for the credit behind them.
class AheadBytes {
 public:
  /// `account` pays. Both must outlive this object.
  AheadBytes(Account& account, AheadShare& share) : bytes_(account), share_(share) {}
  AheadBytes(AheadBytes&& other) noexcept : bytes_(std::move(other.bytes_)), share_(other.share_) {}
  ~AheadBytes() { share_.give_back(view().size()); }

  bool empty() const { return bytes_.empty(); }
  std::string_view view() const { return bytes_.view(); }

  /// False if the share or the account has no room; then nothing has changed.
  [[nodiscard]] bool append(std::string_view more) {
    if (!share_.take(more.size())) return false;
    if (bytes_.append(more)) return true;
    share_.give_back(more.size());
    return false;
  }

 private:
  HeldBytes bytes_;
  AheadShare& share_;
};

}  // namespace plimsoll::bridge
