#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "plimsoll/native/websocket/message_reader.h"

// How a WebSocket to a bridge begins: RFC 6455, section 4.1, and docs/bridge-protocol.md.

namespace plimsoll::websocket {

/// What may be shown as a token, in a line of a header: printable ASCII without blanks around it,
/// token_bytes_max at most.
inline constexpr std::size_t token_bytes_max = 4096;
bool is_token(std::string_view text);

/// What a client asks for. All of it has to be fit for a line of a header.
struct Opening {
  std::string host;   ///< with its port, where that is not the usual one
  std::string path;   ///< "/main"
  std::string token;  ///< is_token(), or empty: none
};

/// Of 16 bytes that nobody has guessed: Sec-WebSocket-Key.
using KeyBytes = std::array<unsigned char, 16>;
std::string key_of(const KeyBytes& bytes);

/// The Sec-WebSocket-Accept that goes with it.
std::string accept_of(std::string_view key);

std::string request_of(const Opening& opening, std::string_view key);

/// The header of an answer, beyond which it is none.
inline constexpr std::size_t answer_bytes_max = 8 * 1024;

class AnswerReader {
 public:
  enum class State : std::uint8_t {
    reading,
    accepted,  ///< framing() is what was agreed on
    refused,   ///< status() says why
    not_http,
    too_long,     ///< answer_bytes_max
    not_as_asked  ///< a 101 that does not belong to the request: wrong() says how
  };

  explicit AnswerReader(std::string_view key) : accept_(accept_of(key)) {}

  /// Takes the next bytes while it is reading; returns how many of them belong to the answer. What
  /// is behind them when it was accepted are frames.
  std::size_t take(std::string_view bytes);

  State state() const { return state_; }
  Framing framing() const { return framing_; }
  unsigned status() const { return status_; }
  /// In the bridge's words, which may be any: when to try again. Empty: it has not said.
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

}  // namespace plimsoll::websocket
