#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "plimsoll/core/base/random.h"
#include "plimsoll/core/base/time.h"

// The one source of chance in a world: integers from a seed, the same on every platform. Whoever
// decides something by chance has a stream of their own, named by purpose and number, so that a
// world with a client less is still the same world for the others.

namespace plimsoll::sim {

class Random {
 public:
  /// Whose stream it is.
  enum class Purpose : std::uint64_t {
    scenario,
    world,
    user,
    driver,
    network,
    server,
    faults,
    wire,
    cache,
    caches,
    clock,
    identity,
    proxy,
    leaning,
    leant_user,
    leant_server,
    addresses,
    group,
    caller,
    replicas,
    reader,
    cluster,
    cluster_caller,
    cluster_limits,
    cluster_replicas,
    resumption
  };

  Random(std::uint64_t seed, Purpose purpose, std::uint64_t number = 0)
      : Random(seed ^ ((static_cast<std::uint64_t>(purpose) + 1) << 56) ^ (number << 40)) {}

  explicit Random(std::uint64_t seed) : numbers_(seed) {}

  std::uint64_t next() { return numbers_.next(); }

  /// From 0 to `bound` - 1; `bound` is 1 at least. The bias of a product is too small to matter.
  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t high = next() >> 32;
    return bound <= UINT32_MAX ? (high * bound) >> 32 : next() % bound;
  }

  /// From `least` to `most`.
  std::uint64_t between(std::uint64_t least, std::uint64_t most) {
    return least + below(most - least + 1);
  }
  Duration between(Duration least, Duration most) {
    return least + Duration(below(static_cast<std::uint64_t>((most - least).count()) + 1));
  }

  bool one_in(std::uint64_t count) { return below(count) == 0; }
  bool percent(std::uint64_t chance) { return below(100) < chance; }

  /// Small mostly, large sometimes: as many bits as a number up to `most` may have, each as likely.
  std::uint64_t skewed(std::uint64_t most) {
    const auto bits = below(static_cast<std::uint64_t>(std::bit_width(most)) + 1);
    return bits == 0 ? 0 : below(most >> (std::bit_width(most) - bits)) + 1;
  }

  template <class T, std::size_t N>
  const T& one_of(const std::array<T, N>& choices) {
    return choices[below(N)];
  }

 private:
  plimsoll::Random numbers_;
};

}  // namespace plimsoll::sim
