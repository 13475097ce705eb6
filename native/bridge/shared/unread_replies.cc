#include "plimsoll/native/bridge/shared/unread_replies.h"

#include <algorithm>
#include <utility>

namespace plimsoll::bridge {

UnreadReplies::~UnreadReplies() {
  share_.give_back(reported_);
  share_.remove(self_);
  *self_ = nullptr;
}

void UnreadReplies::report() {
  const std::size_t before = std::exchange(reported_, bytes_);
  if (bytes_ > before) {
    share_.take(bytes_ - before);
  } else {
    share_.give_back(before - bytes_);
  }
}

std::uint64_t UnreadReplies::greatest_burden() const {
  const auto now = std::chrono::steady_clock::now();
  std::uint64_t greatest = 0;
  for (const UnreadHolder* const each : holders_) greatest = std::max(greatest, each->burden(now));
  return greatest;
}

void UnreadReplies::drop_greatest() {
  if (holders_.empty()) return;
  const auto now = std::chrono::steady_clock::now();
  UnreadHolder* const worst = *std::ranges::max_element(
      holders_, {}, [now](const UnreadHolder* each) { return each->burden(now); });
  if (worst->burden(now) == 0) return;
  worst->drop("it does not take its replies, and the bridge is short of memory");
  report();
}

}  // namespace plimsoll::bridge
