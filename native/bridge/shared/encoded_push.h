#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"

// A published message as a server sends it to a subscriber: encoded once, and shared by all
// WebSockets that get it.

namespace plimsoll::bridge {

/// Of SUBSCRIBE, PSUBSCRIBE and SSUBSCRIBE.
enum class ChannelKind : std::uint8_t { channel, pattern, shard };

/// RESP2 has arrays where RESP3 has pushes.
enum class PushForm : std::uint8_t { resp2, resp3 };

/// Thread-safe, since it never changes. The account pays for it as long as anyone holds it.
class EncodedPush {
 public:
  /// Null if the account has no room. `pattern` is the one that matched; it counts for the kind
  /// `pattern` only.
  static std::shared_ptr<const EncodedPush> create(Account& account, PushForm form,
                                                   ChannelKind kind, std::string_view pattern,
                                                   std::string_view channel,
                                                   std::string_view payload);

  EncodedPush(Block block, Charge charge) : block_(std::move(block)), charge_(std::move(charge)) {}

  std::string_view bytes() const {
    return {static_cast<const char*>(block_.data()), block_.size()};
  }

 private:
  Block block_;
  Charge charge_;  // of this object
};

/// What a listener gets and may keep.
using PushBytes = std::shared_ptr<const EncodedPush>;

}  // namespace plimsoll::bridge
