#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plimsoll/native/websocket/protocol.h"

// The messages of the subprotocol with credits (docs/bridge-protocol.md), as far as the bridge
// reads them: a type byte, then data, or a number of bytes that may be sent.

namespace plimsoll::bridge {

using websocket::credit_max;
using websocket::type_credit;
using websocket::type_data;

class CreditReader {
 public:
  enum class Problem : std::uint8_t { none, unknown_type, bad_credit };

  /// Takes the next bytes of a message, of which `is_last` are the last; returns those of them that
  /// are data.
  std::string_view take(std::string_view bytes, bool is_last);

  Problem problem() const { return problem_; }

  /// What was granted and has not been used.
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

/// What a close says of it.
std::string_view words_of(CreditReader::Problem problem);

}  // namespace plimsoll::bridge
