#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// Turns the error that a server gives to the command in place of a refused one into the bridge's
// own, byte by byte:
//
//   -ERR unknown command 'plimsoll-bridge: REASON', with args beginning with: \r\n
//   -NOPERM plimsoll-bridge: REASON\r\n
//
// An error that begins in another way, as a proxy's may, stays as it is.

namespace plimsoll::bridge {

class RefusalLine {
 public:
  /// The most bytes that are held back until it is clear how the line begins.
  static constexpr std::size_t held_max = 22;

  /// Begins a line. `reason_bytes`: how long the reason is in the command.
  void begin(std::size_t reason_bytes);

  /// Whether a line has begun and not ended.
  bool is_amid() const { return at_ != At::none; }

  /// Takes the line's next bytes off `bytes`, and writes what becomes of them to `out`, which has
  /// room for held_bytes() more. Returns the end of what it has written.
  char* take(std::string_view& bytes, char* out);

  std::size_t held_bytes() const { return at_ == At::beginning ? held_ : 0; }

 private:
  enum class At : std::uint8_t { none, beginning, reason, rest, verbatim };

  char* take_beginning(char c, char* out);

  At at_ = At::none;
  std::uint8_t held_ = 0;
  std::uint16_t reason_left_ = 0;
};

}  // namespace plimsoll::bridge
