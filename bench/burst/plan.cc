#include "plimsoll/bench/burst/plan.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace plimsoll::bench {
namespace {

// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
std::uint64_t mixed(std::uint64_t word) {
  word += 0x9e3779b97f4a7c15;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
  word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
  return word ^ (word >> 31);
}

std::uint64_t word_at(std::string_view bytes, std::size_t offset) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + offset, std::min(sizeof word, bytes.size() - offset));
  return word;
}

std::string random_bytes(std::uint64_t start, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t offset = 0; offset < size; offset += sizeof start) {
    start = mixed(start);
    std::memcpy(bytes.data() + offset, &start, std::min(sizeof start, size - offset));
  }
  return bytes;
}

enum Drawn : std::uint64_t { of_value, of_body, of_count, of_lookup };

}  // namespace

std::uint64_t Plan::drawn(std::uint64_t what, std::uint64_t which, std::uint64_t nth) const {
  return mixed(mixed(mixed(seed_ + what) + which) + nth);
}

std::string Plan::key(std::size_t index) const { return "burst:key:" + std::to_string(index); }

std::string Plan::value(std::size_t index) const {
  return random_bytes(drawn(of_value, index), value_bytes);
}

std::string Plan::body(std::uint64_t event) const {
  return random_bytes(drawn(of_body, event), event_bytes);
}

// least / u, where u is evenly spread over 0 to 1: few for most, and some that need very many.
std::size_t Plan::lookups_count(std::uint64_t event) const {
  constexpr std::uint64_t steps = 1'000'000;
  constexpr std::uint64_t least = 3;
  const std::uint64_t step = drawn(of_count, event) % steps + 1;
  return static_cast<std::size_t>(std::min<std::uint64_t>(least * steps / step, lookups_max));
}

std::size_t Plan::lookup(std::uint64_t event, std::size_t nth) const {
  const std::uint64_t word = drawn(of_lookup, event, nth);
  const bool hot = word % 10 < 9;
  return static_cast<std::size_t>((word >> 8) % (hot ? hot_keys_count : keys_count));
}

std::string Plan::result(std::uint64_t event) const {
  std::uint64_t values_sum = 0;
  const std::size_t count = lookups_count(event);
  for (std::size_t nth = 0; nth < count; ++nth) {
    values_sum += sum_of_value(value(lookup(event, nth)));
  }
  return result_of(sum_of_body(body(event)), values_sum);
}

std::uint64_t sum_of_body(std::string_view body) {
  std::uint64_t sum = body.size();
  for (std::size_t offset = 0; offset < body.size(); offset += sizeof sum) {
    sum = mixed(sum ^ word_at(body, offset));
  }
  return sum;
}

std::uint64_t sum_of_value(std::string_view value) {
  std::uint64_t sum = value.size();
  for (std::size_t offset = 0; offset < value.size(); offset += sizeof sum) {
    sum = sum * 31 + word_at(value, offset);
  }
  return sum;
}

std::string result_of(std::uint64_t body_sum, std::uint64_t values_sum) {
  return random_bytes(body_sum + values_sum, result_bytes);
}

}  // namespace plimsoll::bench
