#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "plimsoll/native/websocket/message_reader.h"

// The client's opening handshake of a WebSocket: RFC 6455, section 4.1, and
// docs/bridge-protocol.md.

namespace plimsoll::inline v0::websocket {

/// Whether `text` can be sent as a token in a header line: printable ASCII without blanks at either
/// end, at most token_bytes_max long.
inline constexpr std::size_t token_bytes_max = 4096;
bool is_token(std::string_view text);

/// What a client asks for. Each text must be valid in a header line.
struct Opening {
  std::string host;   ///< with its port if that is not the default
  std::string path;   ///< "/main"
  std::string token;  ///< is_token(), or empty for no token
};

/// Sec-WebSocket-Key, of 16 unpredictable bytes.
using KeyBytes = std::array<unsigned char, 16>;
std::string key_of(const KeyBytes& bytes);

/// The Sec-WebSocket-Accept that belongs to a key.
std::string accept_of(std::string_view key);

std::string request_of(const Opening& opening, std::string_view key);

/// The largest header of an answer. A longer one is refused.
inline constexpr std::size_t answer_bytes_max = 8 * 1024;

class AnswerReader {
 public:
  enum class State : std::uint8_t {
    reading,
    accepted,  ///< framing() says which subprotocol was agreed on
    refused,   ///< status() says why
    not_http,
    too_long,     ///< more than answer_bytes_max
    not_as_asked  ///< a 101 that does not match the request: wrong() says why
  };

  explicit AnswerReader(std::string_view key) : accept_(accept_of(key)) {}

  /// Takes the next bytes of the answer. Returns how many of them belong to it. If the answer was
  /// accepted, the bytes after it are frames.
  std::size_t take(std::string_view bytes);

  State state() const { return state_; }
  Framing framing() const { return framing_; }
  unsigned status() const { return status_; }
  /// Retry-After as the bridge sent it, unchecked; empty if the bridge sent none.
  const std::string& retry_after() const { return retry_after_; }
  const char* wrong() const { return wrong_; }

 private:
  void read();
  template <class Header>
  const char* check(const Header& header);

  const std::string accept_;
  std::string answer_;
  State state_ = State::reading;
  Framing framing_ = Framing::bare;
  unsigned status_ = 0;
  std::string retry_after_;
  const char* wrong_ = nullptr;
};

}  // namespace plimsoll::inline v0::websocket
