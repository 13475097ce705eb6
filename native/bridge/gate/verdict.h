#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// What the bridge says to one request, without an allocation: a refusal carries its reason, which
// the server repeats to the client.

namespace plimsoll::bridge {

class [[nodiscard]] Verdict {
 public:
  /// Names of commands that the server does not know it repeats up to 128 bytes: a reason has to
  /// fit in there behind refusal_mark.
  static constexpr std::string_view refusal_mark = "plimsoll-bridge: ";
  static constexpr std::size_t reason_bytes_max = 128 - refusal_mark.size();

  /// Bytes of a client's word that a reason quotes.
  static constexpr std::size_t quoted_bytes_max = 40;

  static Verdict allowed() { return Verdict(true); }

  /// A refusal without words yet: refused().quote("k").say(" is no key of yours").
  static Verdict refused() { return Verdict(false); }

  /// Adds to the reason, which is cut where it is full.
  Verdict& say(std::string_view text);

  /// The beginning of a client's word in quotes, with question marks for what is not printable
  /// ASCII, or a quote.
  Verdict& quote(std::string_view word);

  /// The name of a row of the command table, "CLIENT KILL".
  Verdict& name(std::string_view row_name);

  bool is_allowed() const { return is_allowed_; }
  std::string_view reason() const { return {reason_.data(), size_}; }

 private:
  // The bytes of the reason are set as it grows.
  explicit Verdict(bool is_allowed) : is_allowed_(is_allowed) {}

  void add(char c);

  bool is_allowed_;
  std::uint8_t size_ = 0;
  std::array<char, reason_bytes_max> reason_;
};

}  // namespace plimsoll::bridge
