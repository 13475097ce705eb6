#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plimsoll/native/bridge/replies/refusal_words.h"

// The policy's answer to one request: allowed, or refused with a reason, which the server repeats
// to the client. Allocates nothing.

namespace plimsoll::bridge {

class [[nodiscard]] Verdict {
 public:
  /// The server repeats the beginning of an unknown command's name in its error. The reason must
  /// fit into these bytes, behind refusal_mark.
  static constexpr std::string_view refusal_mark = bridge::refusal_mark;
  static constexpr std::size_t reason_bytes_max = unknown_name_bytes_max - refusal_mark.size();

  /// How many bytes of a client's word a reason quotes.
  static constexpr std::size_t quoted_bytes_max = 40;

  static Verdict allowed() { return Verdict(true); }

  /// A refusal whose reason is still empty: refused().say("key ").quote("k").say(" is ...").
  static Verdict refused() { return Verdict(false); }

  /// Appends to the reason, which is cut when it is full.
  Verdict& say(std::string_view text);

  /// Appends the beginning of a client's word in quotes. Bytes that are not printable ASCII, and
  /// quotes, become question marks: the reason goes into the server's error line.
  Verdict& quote(std::string_view word);

  /// Appends the name of a row of the command table, such as "CLIENT KILL".
  Verdict& name(std::string_view row_name);

  bool is_allowed() const { return is_allowed_; }
  std::string_view reason() const { return {reason_.data(), size_}; }

 private:
  // Leaves reason_ uninitialized: only its first size_ bytes are read.
  explicit Verdict(bool is_allowed) : is_allowed_(is_allowed) {}

  void add(char c);

  bool is_allowed_;
  std::uint8_t size_ = 0;
  std::array<char, reason_bytes_max> reason_;
};

}  // namespace plimsoll::bridge
