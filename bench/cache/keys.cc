#include "plimsoll/bench/cache/keys.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <random>

namespace plimsoll::bench {
namespace {

constexpr double zipf_exponent = 0.99;

}  // namespace

std::vector<std::uint32_t> draw_keys(Popularity popularity, std::size_t keys, std::size_t count) {
  std::mt19937_64 random(20261120);
  std::vector<std::uint32_t> numbers(keys);
  std::iota(numbers.begin(), numbers.end(), 0u);
  for (std::size_t i = keys; i > 1; --i) std::swap(numbers[i - 1], numbers[random() % i]);
  std::vector<double> up_to(keys);
  double sum = 0;
  for (std::size_t i = 0; i < keys; ++i) {
    sum += popularity == Popularity::uniform
               ? 1
               : 1 / std::pow(static_cast<double>(i + 1), zipf_exponent);
    up_to[i] = sum;
  }
  std::vector<std::uint32_t> drawn(count);
  for (std::uint32_t& number : drawn) {
    const double at = sum * (static_cast<double>(random() >> 11) / 9007199254740992.0);
    const auto rank = std::ranges::upper_bound(up_to, at) - up_to.begin();
    number = numbers[std::min(static_cast<std::size_t>(rank), keys - 1)];
  }
  return drawn;
}

std::string key_text(std::uint32_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "key:%012u", number);
  return text;
}

}  // namespace plimsoll::bench
