#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/native/bridge/shared/unread_share.h"

// What a server sends to a client without being asked, a published message or an invalidation:
// encoded once, and shared by all WebSockets that get it.

namespace plimsoll::bridge {

/// Of SUBSCRIBE, PSUBSCRIBE and SSUBSCRIBE.
enum class ChannelKind : std::uint8_t { channel, pattern, shard };

/// RESP2 has arrays where RESP3 has pushes.
enum class PushForm : std::uint8_t { resp2, resp3 };

/// Thread-safe, since it never changes. The account pays for it as long as anyone holds it.
class EncodedPush {
 public:
  /// Null if the account has no room. `pattern` is the one that matched; it counts for the kind
  /// `pattern` only. It is part of `unread`, which must outlive it, as long as anyone holds it, and
  /// counts once there: a message that a hundred clients are about to take is no hundred messages.
  static std::shared_ptr<const EncodedPush> create(Account& account, UnreadShare* unread,
                                                   PushForm form, ChannelKind kind,
                                                   std::string_view pattern,
                                                   std::string_view channel,
                                                   std::string_view payload);

  /// These keys have changed, in RESP3. Null if the account has no room.
  static std::shared_ptr<const EncodedPush> invalidation(Account& account,
                                                         std::span<const std::string_view> keys);
  /// All keys may have changed.
  static std::shared_ptr<const EncodedPush> invalidation_of_all(Account& account);

  EncodedPush(Block block, Charge charge, UnreadShare* unread)
      : block_(std::move(block)), charge_(std::move(charge)), unread_(unread) {
    if (unread_ != nullptr) unread_->take(block_.size());
  }
  ~EncodedPush() {
    if (unread_ != nullptr) unread_->give_back(block_.size());
  }
  EncodedPush(const EncodedPush&) = delete;
  EncodedPush& operator=(const EncodedPush&) = delete;

  /// Whether it is part of the unread bytes by itself, so that who holds it need not say so.
  bool counts_itself() const { return unread_ != nullptr; }

  std::string_view bytes() const {
    return {static_cast<const char*>(block_.data()), block_.size()};
  }

 private:
  Block block_;
  Charge charge_;  // of this object
  UnreadShare* const unread_;
};

/// What a listener gets and may keep.
using PushBytes = std::shared_ptr<const EncodedPush>;

}  // namespace plimsoll::bridge
