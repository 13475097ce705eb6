#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/time.h"

// Numbers as the server reads them in arguments.

namespace plimsoll::commands {

/// Room for any of these.
inline constexpr std::size_t number_bytes_max = 28;
using NumberRoom = std::span<char, number_bytes_max>;

std::string_view write_integer(std::int64_t number, NumberRoom room);

/// The shortest text that is read back as the same number; "inf", "-inf". nan is "nan", which no
/// server takes: check before.
std::string_view write_real(double number, NumberRoom room);

/// Seconds with as many decimals as are needed: "1.5". `wait` is not negative.
std::string_view write_seconds(Duration wait, NumberRoom room);

/// A number's text where a view of it is needed at once.
class NumberText {
 public:
  std::string_view integer(std::int64_t number) { return write_integer(number, room_); }
  std::string_view real(double number) { return write_real(number, room_); }

 private:
  std::array<char, number_bytes_max> room_;
};

}  // namespace plimsoll::commands
