#include "plimsoll/native/bridge/config/config_limits.h"

#include <array>
#include <string>

#include "plimsoll/core/base/units.h"
#include "plimsoll/native/config/text/duration.h"

namespace plimsoll::bridge {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
constexpr std::uint64_t gib = 1024 * mib;
constexpr milliseconds tenth_of_second{100};
constexpr milliseconds second{1000};
constexpr milliseconds minute = 60 * second;
constexpr milliseconds hour = 60 * minute;

template <class T>
struct Row {
  std::string_view key;
  T Limits::* field;
  T min;
  T max;
};

constexpr Row<std::uint32_t> counts[] = {
    {"connections_max", &Limits::connections_max, 1, 1'000'000},
    {"connections_per_address_max", &Limits::connections_per_address_max, 1, 1'000'000},
    {"upgrades_per_second_per_address", &Limits::upgrades_per_second_per_address, 1, 100'000},
    {"ipv6_prefix_bits", &Limits::ipv6_prefix_bits, 32, 128},
    {"commands_per_second_per_token", &Limits::commands_per_second_per_token, 0, 10'000'000},
    {"pongs_missed_max", &Limits::pongs_missed_max, 1, 100},
};

constexpr Row<std::uint64_t> amounts[] = {
    {"message_bytes_max", &Limits::message_bytes_max, 4 * kib, 64 * mib},
    {"request_bytes_max", &Limits::request_bytes_max, 4 * kib, 512 * mib},
    {"requests_ahead_bytes_max", &Limits::requests_ahead_bytes_max, 64 * kib, 64 * mib},
    {"memory_limit", &Limits::memory_limit, 16 * mib, 1024 * gib},
};

constexpr Row<milliseconds> durations[] = {
    {"handshake_timeout", &Limits::handshake_timeout, tenth_of_second, 5 * minute},
    {"connect_timeout", &Limits::connect_timeout, tenth_of_second, 5 * minute},
    {"ping_interval", &Limits::ping_interval, second, hour},
    {"stall_timeout", &Limits::stall_timeout, second, hour},
    {"lame_duck", &Limits::lame_duck, milliseconds(0), hour},
    {"drain_timeout", &Limits::drain_timeout, milliseconds(0), hour},
};

std::string show(std::uint64_t bytes) {
  std::array<char, 16> buffer{};
  return std::string(format_bytes(bytes, buffer));
}

std::string show(std::chrono::nanoseconds duration) { return native::config::to_text(duration); }

std::string outside(const std::string& found, const std::string& min, const std::string& max) {
  return "is " + found + "; expected " + min + " to " + max;
}

void read_count(ConfigTable& table, const Row<std::uint32_t>& row, Limits& limits) {
  const auto number = table.integer(row.key);
  if (!number) return;
  if (*number >= row.min && *number <= row.max) {
    limits.*row.field = static_cast<std::uint32_t>(*number);
  } else {
    table.add_problem(row.key, outside(std::to_string(*number), std::to_string(row.min),
                                       std::to_string(row.max)));
  }
}

void read_amount(ConfigTable& table, const Row<std::uint64_t>& row, Limits& limits) {
  const auto text = table.amount(row.key);
  if (!text) return;
  const auto bytes = parse_bytes(*text);
  if (!bytes) {
    table.add_problem(row.key, "is not an amount; expected for example \"64 MiB\" or 65536");
  } else if (*bytes >= row.min && *bytes <= row.max) {
    limits.*row.field = *bytes;
  } else {
    table.add_problem(row.key, outside(show(*bytes), show(row.min), show(row.max)));
  }
}

void read_duration(ConfigTable& table, const Row<milliseconds>& row, Limits& limits) {
  const auto text = table.text(row.key, "a text such as \"5 s\" or \"250 ms\"");
  if (!text) return;
  const auto duration = native::config::parse_duration(*text);
  if (!duration || *duration % milliseconds(1) != milliseconds::zero()) {
    table.add_problem(row.key, "is not a duration; expected for example \"5 s\" or \"250 ms\"");
  } else if (*duration >= row.min && *duration <= row.max) {
    limits.*row.field = std::chrono::duration_cast<milliseconds>(*duration);
  } else {
    table.add_problem(row.key, outside(show(*duration), show(row.min), show(row.max)));
  }
}

}  // namespace

void read_limits(ConfigTable table, Limits& limits) {
  for (const auto& row : counts) read_count(table, row, limits);
  for (const auto& row : amounts) read_amount(table, row, limits);
  for (const auto& row : durations) read_duration(table, row, limits);
  table.refuse_unknown();
  // While the largest request grows, it is copied once: two blocks are held at a time.
  if (limits.memory_limit / 2 < limits.request_bytes_max) {
    table.add_problem("memory_limit", "is " + show(limits.memory_limit) +
                                          "; expected at least twice request_bytes_max (" +
                                          show(limits.request_bytes_max) + ")");
  }
}

}  // namespace plimsoll::bridge
