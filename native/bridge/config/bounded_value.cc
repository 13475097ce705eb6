#include "plimsoll/native/bridge/config/bounded_value.h"

#include <array>

#include "plimsoll/core/base/units.h"
#include "plimsoll/native/config/text/duration.h"

namespace plimsoll::bridge {
namespace {

using std::chrono::milliseconds;

std::string show_duration(std::chrono::nanoseconds duration) {
  return native::config::to_text(duration);
}

std::string outside(const std::string& found, const std::string& min, const std::string& max) {
  return "is " + found + "; expected " + min + " to " + max;
}

}  // namespace

std::string show_amount(std::uint64_t bytes) {
  std::array<char, 16> buffer{};
  return std::string(format_bytes(bytes, buffer));
}

std::optional<std::uint32_t> read_count(ConfigTable& table, std::string_view key,
                                        Bounds<std::uint32_t> bounds) {
  const auto number = table.integer(key);
  if (!number) return std::nullopt;
  if (*number >= bounds.min && *number <= bounds.max) return static_cast<std::uint32_t>(*number);
  table.add_problem(key, outside(std::to_string(*number), std::to_string(bounds.min),
                                 std::to_string(bounds.max)));
  return std::nullopt;
}

std::optional<std::uint64_t> read_amount(ConfigTable& table, std::string_view key,
                                         Bounds<std::uint64_t> bounds) {
  const auto text = table.amount(key);
  if (!text) return std::nullopt;
  const auto bytes = parse_bytes(*text);
  if (!bytes) {
    table.add_problem(key, "is not an amount; expected for example \"64 MiB\" or 65536");
    return std::nullopt;
  }
  if (*bytes >= bounds.min && *bytes <= bounds.max) return *bytes;
  table.add_problem(key,
                    outside(show_amount(*bytes), show_amount(bounds.min), show_amount(bounds.max)));
  return std::nullopt;
}

std::optional<milliseconds> read_duration(ConfigTable& table, std::string_view key,
                                          Bounds<milliseconds> bounds) {
  const auto text = table.text(key, "a text such as \"5 s\" or \"250 ms\"");
  if (!text) return std::nullopt;
  const auto duration = native::config::parse_duration(*text);
  if (!duration || *duration % milliseconds(1) != milliseconds::zero()) {
    table.add_problem(key, "is not a duration; expected for example \"5 s\" or \"250 ms\"");
    return std::nullopt;
  }
  if (*duration >= bounds.min && *duration <= bounds.max) {
    return std::chrono::duration_cast<milliseconds>(*duration);
  }
  table.add_problem(
      key, outside(show_duration(*duration), show_duration(bounds.min), show_duration(bounds.max)));
  return std::nullopt;
}

}  // namespace plimsoll::bridge
