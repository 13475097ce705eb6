#include "plimsoll/native/config/text/duration.h"

#include <charconv>
#include <cstdint>
#include <system_error>

namespace plimsoll::inline v0::native::config {
namespace {

using std::chrono::nanoseconds;

struct Unit {
  std::string_view name;
  nanoseconds unit;
};

constexpr Unit units[] = {
    {"h", std::chrono::hours(1)},         {"min", std::chrono::minutes(1)},
    {"s", std::chrono::seconds(1)},       {"ms", std::chrono::milliseconds(1)},
    {"us", std::chrono::microseconds(1)}, {"ns", nanoseconds(1)}};

constexpr nanoseconds longest = 365 * std::chrono::hours(24);

}  // namespace

std::optional<nanoseconds> parse_duration(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(at - text.data()));
  while (text.starts_with(' ')) text.remove_prefix(1);
  for (const Unit& each : units) {
    if (text != each.name) continue;
    if (number > static_cast<std::uint64_t>(longest / each.unit)) return std::nullopt;
    return static_cast<std::int64_t>(number) * each.unit;
  }
  return std::nullopt;
}

std::string to_text(nanoseconds duration) {
  for (const Unit& each : units) {
    if (duration.count() == 0 || duration % each.unit != nanoseconds::zero()) continue;
    return std::to_string(duration / each.unit) + " " + std::string(each.name);
  }
  return "0 s";
}

}  // namespace plimsoll::inline v0::native::config
