#pragma once

// A client's half of WebSocket as far as a load generator needs it: masked frames that are made
// once, and a reader that only counts what is in the bridge's frames.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace plimsoll::bench {

/// A binary message with this payload, in one frame, masked by zeros.
std::string framed(std::string_view payload);

/// The request for a WebSocket with the subprotocol "resp".
std::string upgrade_request(std::uint16_t port, std::string_view token);

/// Counts the bytes of payload in what a bridge sends, in pieces of any size.
class FrameCounter {
 public:
  /// The bytes of payload in these; the first of them is in first() if there is one. A frame that
  /// is no data is left out.
  std::size_t take(std::span<const char> bytes);

  /// The first byte of payload of the latest take() that returned more than 0.
  char first() const { return first_; }

 private:
  void take_head(char byte);

  enum class At { type, length, long_length, payload };
  At at_ = At::type;
  std::size_t left_ = 0;  // bytes of the length, or of the payload, that are still to come
  std::uint64_t length_ = 0;
  bool is_data_ = false;
  char first_ = 0;
};

}  // namespace plimsoll::bench
