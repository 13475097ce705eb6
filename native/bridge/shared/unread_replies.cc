#include "plimsoll/native/bridge/shared/unread_replies.h"

#include <algorithm>

#include <boost/asio/post.hpp>

namespace plimsoll::bridge {

// Posted, because a session must not end within a call of the hub, which is where messages come
// from.
void UnreadReplies::grow(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes_ <= bytes_max_ || is_making_room_) return;
  is_making_room_ = true;
  boost::asio::post(executor_, [self = self_] {
    if (*self != nullptr) (*self)->make_room();
  });
}

// Each walk over the holders ends one of them.
void UnreadReplies::make_room() {
  is_making_room_ = false;
  const auto now = std::chrono::steady_clock::now();
  while (bytes_ > bytes_max_ && !holders_.empty()) {
    UnreadHolder* const worst = *std::ranges::max_element(
        holders_, {}, [now](const UnreadHolder* each) { return each->burden(now); });
    if (worst->burden(now) == 0) return;  // then it cannot give anything back
    worst->drop("it does not take its replies, and the bridge is short of memory");
  }
}

}  // namespace plimsoll::bridge
