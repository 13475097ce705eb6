#pragma once

#include <cstddef>
#include <cstdint>

// What is known of a server's answer to a request before it comes.

namespace plimsoll::bridge {

/// How a server answers a command. Nearly every command has one reply; those that subscribe have a
/// confirmation for each channel instead, which RESP3 sends as a push.
enum class Answer : std::uint8_t {
  one,
  short_one,  ///< one reply of a few bytes, whatever the data are: a status or a number
  hello,      ///< one reply, whose form shows the protocol from then on
  multi,
  exec,
  discard,
  quit,
  watch,
  unwatch,
  track,    ///< CLIENT TRACKING ON with prefixes
  untrack,  ///< CLIENT TRACKING OFF
  refusal,  ///< the error to the command that the gate sends in place of a refused one
  subscribe,
  psubscribe,
  ssubscribe,
  unsubscribe,
  punsubscribe,
  sunsubscribe,
};

/// Whether confirmations answer the command.
constexpr bool is_confirmed(Answer answer) { return answer >= Answer::subscribe; }

/// A command on its way to the server.
struct Passing {
  Answer answer = Answer::one;
  /// How many words name channels, keys to watch, or prefixes; of a refusal, how many bytes the
  /// reason has.
  std::uint32_t count = 0;
  std::uint32_t words = 0;
  /// Of the command as it is encoded.
  std::size_t bytes = 0;
  /// Of the command's bytes; 0: what its reply was like is not remembered.
  std::uint32_t fingerprint = 0;
};

}  // namespace plimsoll::bridge
