#include "plimsoll/native/bridge/config/config_limits.h"

#include <chrono>
#include <cstdint>
#include <string_view>

#include "plimsoll/native/bridge/config/bounded_value.h"

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

template <class T, class Read>
void read_row(ConfigTable& table, const Row<T>& row, const Read& read, Limits& limits) {
  const auto value = read(table, row.key, Bounds<T>{.min = row.min, .max = row.max});
  if (value) limits.*row.field = *value;
}

}  // namespace

void read_limits(ConfigTable table, Limits& limits) {
  for (const auto& row : counts) read_row(table, row, read_count, limits);
  for (const auto& row : amounts) read_row(table, row, read_amount, limits);
  for (const auto& row : durations) read_row(table, row, read_duration, limits);
  table.refuse_unknown();
  // While the largest request grows, it is copied once: two blocks are held at a time.
  if (limits.memory_limit / 2 < limits.request_bytes_max) {
    table.add_problem("memory_limit", "is " + show_amount(limits.memory_limit) +
                                          "; expected at least twice request_bytes_max (" +
                                          show_amount(limits.request_bytes_max) + ")");
  }
}

}  // namespace plimsoll::bridge
