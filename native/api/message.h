#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/native/call/delivery.h"

namespace plimsoll::native {

/// What a subscription brings.
struct Message {
  enum class Kind : std::uint8_t {
    channel,  ///< to a channel that is subscribed
    pattern,  ///< to a channel that a subscribed pattern matches
    shard,    ///< to a shard channel (SPUBLISH)
    ended     ///< none: the server has ended the subscription of `channel`, whose slot has moved
  };
  Kind kind = Kind::channel;
  std::string channel;
  std::string pattern;  ///< which one it was; empty for the other kinds
  std::string payload;

  /// Messages that had to make room while nobody took them, since the one before this was taken.
  std::uint64_t lost = 0;

  /// How often the connection was lost between the message before this and this one. What was
  /// published meanwhile is missing, and nobody knows how much that is.
  std::uint64_t gaps = 0;

  /// Whether something is missing before this message.
  bool after_loss() const { return lost > 0 || gaps > 0; }
};

/// How a subscription's wait for messages ends: none where it was closed.
Result<void> receive(const Delivery& delivery, std::optional<Message>& message);
Result<void> receive(const Delivery& delivery, std::vector<Message>& messages);
void receive_part(const Delivery& delivery, std::vector<Message>& messages);

}  // namespace plimsoll::native
