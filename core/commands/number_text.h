#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/time.h"

// Writes numbers in the form that the server expects in arguments.

namespace plimsoll::inline v0::commands {

/// Room for the text of any number.
inline constexpr std::size_t number_bytes_max = 28;
using NumberRoom = std::span<char, number_bytes_max>;

std::string_view write_integer(std::int64_t number, NumberRoom room);

/// Writes the shortest text that reads back as the same number, or "inf" or "-inf". A nan becomes
/// "nan", which servers reject, so check for it first.
std::string_view write_real(double number, NumberRoom room);

/// Writes seconds with as many decimals as needed: "1.5". `wait` must not be negative.
std::string_view write_seconds(Duration wait, NumberRoom room);

/// Holds the text of one number. The view is valid until the next call.
class NumberText {
 public:
  std::string_view integer(std::int64_t number) { return write_integer(number, room_); }
  std::string_view real(double number) { return write_real(number, room_); }

 private:
  std::array<char, number_bytes_max> room_;
};

}  // namespace plimsoll::inline v0::commands
