#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "plimsoll/native/bridge/gate/held_bytes.h"

namespace plimsoll::bridge {

/// How many bytes of requests all relays may have read ahead of credit. It is a part of the memory
/// line, so that clients that never grant cannot take all of it.
struct AheadShare {
  std::size_t max;
  std::size_t used = 0;
};

/// Requests of one client that were read for the credit behind them.
class AheadBytes {
 public:
  /// `account` pays. Both must outlive this object.
  AheadBytes(Account& account, AheadShare& share) : bytes_(account), share_(share) {}
  AheadBytes(AheadBytes&& other) noexcept : bytes_(std::move(other.bytes_)), share_(other.share_) {}
  ~AheadBytes() { share_.used -= view().size(); }

  bool empty() const { return bytes_.empty(); }
  std::string_view view() const { return bytes_.view(); }

  /// False if the share or the account has no room; then nothing has changed.
  [[nodiscard]] bool append(std::string_view more) {
    if (more.size() > share_.max - share_.used || !bytes_.append(more)) return false;
    share_.used += more.size();
    return true;
  }

 private:
  HeldBytes bytes_;
  AheadShare& share_;
};

}  // namespace plimsoll::bridge
