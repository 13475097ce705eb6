#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "plimsoll/native/websocket/frame_reader.h"

// Extracts RESP in place from the bytes that a bridge sends: removes frame headers, type bytes and
// control frames. Where messages begin and end has no meaning for RESP.

namespace plimsoll::inline v0::websocket {

/// Whether messages begin with a type byte: docs/bridge-protocol.md.
enum class Framing : std::uint8_t { bare, with_credits };

class MessageReader {
 public:
  explicit MessageReader(Framing framing) : framing_(framing) {}

  /// Moves the RESP in `bytes` to their front, and returns how many bytes of RESP there are. Reads
  /// nothing after a close or a problem.
  std::size_t take(std::span<char> bytes);

  /// Returns the payload of the last ping since the previous call. Earlier pings need no answer of
  /// their own (RFC 6455, section 5.5.3). Valid until the next take().
  std::optional<std::string_view> take_ping();

  /// The code and reason with which the bridge has closed; set once it has.
  struct Close {
    std::uint16_t code = 0;
    std::string reason{};  ///< at most control_bytes_max; any bytes
  };
  const std::optional<Close>& close() const { return close_; }

  /// Returns what is wrong, or null; close_code() is the code to close with.
  const char* problem() const;
  CloseCode close_code() const { return close_code_of(frames_.problem()); }

 private:
  std::string_view take_type(std::string_view data, bool ends_message);

  FrameReader frames_;
  const Framing framing_;
  bool at_type_ = true;    // the next byte of data is a message's type
  bool has_data_ = false;  // the message has bytes behind its type
  bool has_ping_ = false;
  std::uint8_t ping_size_ = 0;
  std::array<char, control_bytes_max> ping_{};
  const char* broken_ = nullptr;  // how the bridge has broken the subprotocol with credits
  std::optional<Close> close_;
};

}  // namespace plimsoll::inline v0::websocket
