#pragma once

// The job as numbers alone, drawn from a seed: what each event carries, which keys it looks up,
// what these hold, and which result follows from all that. Who adds the events, who works on them
// and who checks the results each ask here, and need not ask each other.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll::bench {

inline constexpr std::size_t event_bytes = 4096;
inline constexpr std::size_t value_bytes = 200;
inline constexpr std::size_t result_bytes = 256;
inline constexpr std::size_t lookups_max = 1000;

/// Keys that are looked up: most lookups are of the hot ones, which a near cache has room for.
inline constexpr std::size_t keys_count = 300'000;
inline constexpr std::size_t hot_keys_count = 20'000;

inline constexpr const char* stream_name = "burst:events";
inline constexpr const char* group_name = "burst";
inline constexpr const char* results_name = "burst:results";

class Plan {
 public:
  explicit Plan(std::uint64_t seed) : seed_(seed) {}

  std::string key(std::size_t index) const;
  std::string value(std::size_t index) const;
  std::string body(std::uint64_t event) const;

  /// 1 to lookups_max: six at most for half of the events, all of 1000 for one in 333.
  std::size_t lookups_count(std::uint64_t event) const;
  /// Which key the event looks up as its nth.
  std::size_t lookup(std::uint64_t event, std::size_t nth) const;

  /// The result of an event, of its body and of what all its values add up to.
  std::string result(std::uint64_t event) const;

 private:
  std::uint64_t drawn(std::uint64_t what, std::uint64_t which, std::uint64_t nth = 0) const;

  std::uint64_t seed_;
};

std::uint64_t sum_of_body(std::string_view body);
/// Sums of values are added in any order.
std::uint64_t sum_of_value(std::string_view value);
std::string result_of(std::uint64_t body_sum, std::uint64_t values_sum);

}  // namespace plimsoll::bench
