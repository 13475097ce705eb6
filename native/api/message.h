#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/native/call/delivery.h"

namespace plimsoll::inline v0::native {

/// A message that a subscription received, or the end of one of its names.
struct Message {
  enum class Kind : std::uint8_t {
    channel,  ///< published to a channel that is subscribed
    pattern,  ///< published to a channel that a subscribed pattern matches
    shard,    ///< published to a shard channel (SPUBLISH)
    /// No message: the server has ended the subscription to `channel`, or to the pattern in both
    /// `channel` and `pattern`, and has refused to restore it. A cluster's server does so when the
    /// slot of a shard channel has moved to another shard; any server, when the user may no longer
    /// subscribe to the name and the connection was lost. The subscription has forgotten the name:
    /// subscribe to it again where it is now.
    ended
  };
  Kind kind = Kind::channel;
  std::string channel;
  std::string pattern;  ///< the pattern that matched, or has ended; empty for channels
  std::string payload;  ///< empty for `ended`

  /// How many messages are missing before this one because there was no room to keep them
  /// (Options::subscription_overflow).
  std::uint64_t lost = 0;

  /// How often the connection was lost between the message before this and this one, or names were
  /// subscribed again that the server had ended. What was published meanwhile is missing; the
  /// client cannot know how much that is.
  std::uint64_t gaps = 0;

  /// Whether something is missing before this message.
  bool after_loss() const { return lost > 0 || gaps > 0; }
};

/// Makes the outcome of a wait for messages: none, or no messages, if the subscription was closed.
Result<void> receive(const Delivery& delivery, std::optional<Message>& message);
Result<void> receive(const Delivery& delivery, std::vector<Message>& messages);
void receive_part(const Delivery& delivery, std::vector<Message>& messages);

}  // namespace plimsoll::inline v0::native
