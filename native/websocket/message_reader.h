#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "plimsoll/native/websocket/frame_reader.h"

// What a bridge says, where it was read to: headers of frames, type bytes and control frames are
// cut out of the stream of RESP, in place. Borders of messages mean nothing.

namespace plimsoll::websocket {

/// What a message's first byte is: docs/bridge-protocol.md.
enum class Framing : std::uint8_t { bare, with_credits };

class MessageReader {
 public:
  explicit MessageReader(Framing framing) : framing_(framing) {}

  /// Moves the RESP among `bytes` to their front, and returns how many bytes of it there are.
  /// Behind a close or a problem nothing is read.
  std::size_t take(std::span<char> bytes);

  /// The payload of the last ping since this was asked: earlier ones need no answer of their own
  /// (RFC 6455, section 5.5.3). Lives until the next take().
  std::optional<std::string_view> take_ping();

  /// Over: what the bridge has closed with.
  struct Close {
    std::uint16_t code = 0;
    std::string reason{};  ///< control_bytes_max at most; any bytes
  };
  const std::optional<Close>& close() const { return close_; }

  /// Over: what is wrong, in words, and what to close with. Null: nothing.
  const char* problem() const;
  CloseCode close_code() const { return close_code_of(frames_.problem()); }

 private:
  std::string_view take_type(std::string_view data, bool ends_message);

  FrameReader frames_;
  const Framing framing_;
  bool at_type_ = true;    // the next byte of data says of which type its message is
  bool has_data_ = false;  // the message has a byte behind its type
  bool has_ping_ = false;
  std::uint8_t ping_size_ = 0;
  std::array<char, control_bytes_max> ping_{};
  const char* broken_ = nullptr;  // by the subprotocol with credits
  std::optional<Close> close_;
};

}  // namespace plimsoll::websocket
