#include "plimsoll/core/commands/number_text.h"

#include <charconv>

namespace plimsoll::inline v0::commands {
namespace {

std::string_view text_until(NumberRoom room, const char* end) {
  return {room.data(), static_cast<std::size_t>(end - room.data())};
}

}  // namespace

std::string_view write_integer(std::int64_t number, NumberRoom room) {
  return text_until(room, std::to_chars(room.data(), room.data() + room.size(), number).ptr);
}

std::string_view write_real(double number, NumberRoom room) {
  return text_until(room, std::to_chars(room.data(), room.data() + room.size(), number).ptr);
}

std::string_view write_seconds(Duration wait, NumberRoom room) {
  constexpr std::int64_t nanoseconds_in_second = 1'000'000'000;
  char* end =
      std::to_chars(room.data(), room.data() + room.size(), wait.count() / nanoseconds_in_second)
          .ptr;
  std::int64_t rest = wait.count() % nanoseconds_in_second;
  if (rest > 0) *end++ = '.';
  for (std::int64_t unit = nanoseconds_in_second / 10; rest > 0; unit /= 10) {
    *end++ = static_cast<char>('0' + rest / unit);
    rest %= unit;
  }
  return text_until(room, end);
}

}  // namespace plimsoll::inline v0::commands
