#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plimsoll/native/websocket/protocol.h"

// A client's messages in the subprotocol with credits (docs/bridge-protocol.md): a type byte, then
// RESP, or the number of bytes that the bridge may send in addition. No I/O.

namespace plimsoll::bridge {

using websocket::credit_max;
using websocket::type_credit;
using websocket::type_data;

class CreditReader {
 public:
  enum class Problem : std::uint8_t { none, unknown_type, bad_credit };

  /// Takes the next bytes of a message; `is_last`: the message ends with them. Returns the bytes
  /// that are RESP. After a problem it returns nothing.
  std::string_view take(std::string_view bytes, bool is_last);

  Problem problem() const { return problem_; }

  /// Credit that the client has given and that use() has not taken.
  std::uint64_t left() const { return left_; }
  void use(std::size_t bytes) { left_ -= bytes; }

 private:
  enum class At : std::uint8_t { type, data, credit };

  void take_credit(std::string_view bytes, bool is_last);

  At at_ = At::type;
  Problem problem_ = Problem::none;
  std::uint8_t number_size_ = 0;
  std::array<unsigned char, 4> number_{};
  std::uint64_t left_ = 0;
};

/// The reason that the close frame gives for `problem`.
std::string_view words_of(CreditReader::Problem problem);

}  // namespace plimsoll::bridge
