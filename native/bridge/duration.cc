#include "plimsoll/native/bridge/duration.h"

#include <charconv>
#include <cstdint>
#include <system_error>

namespace plimsoll::bridge {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

constexpr Unit units[] = {{"h", 3'600'000}, {"min", 60'000}, {"s", 1'000}, {"ms", 1}};

constexpr std::int64_t milliseconds_max = 365LL * 24 * 3'600'000;

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(at - text.data()));
  while (text.starts_with(' ')) text.remove_prefix(1);
  for (const Unit& unit : units) {
    if (text != unit.name) continue;
    const std::int64_t milliseconds = number * unit.milliseconds;
    if (milliseconds > milliseconds_max) return std::nullopt;
    return std::chrono::milliseconds(milliseconds);
  }
  return std::nullopt;
}

std::string to_text(std::chrono::milliseconds duration) {
  for (const Unit& unit : units) {
    if (duration.count() % unit.milliseconds != 0 || duration.count() == 0) continue;
    return std::to_string(duration.count() / unit.milliseconds) + " " + std::string(unit.name);
  }
  return "0 s";
}

}  // namespace plimsoll::bridge
