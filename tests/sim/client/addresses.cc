#include "plimsoll/tests/sim/client/addresses.h"

#include <bit>

#include "plimsoll/tests/sim/random.h"

namespace plimsoll::sim {
namespace {

constexpr std::uint64_t clients_of_one_max = 1000;

}  // namespace

// With a stream for each client, so that worlds in which all have one address stay what they were.
std::uint8_t Addresses::draw_count() {
  Random random(environment_.scenario.seed, Random::Purpose::addresses,
                number_ * clients_of_one_max + clients_++);
  const bool several = environment_.scenario.faults.has(Fault::dead_address) && random.one_in(2);
  const auto count = static_cast<std::uint8_t>(several ? 2 + random.below(3) : 1);
  dead_ = random.next() & ((std::uint64_t{1} << count) - 1);
  const SeedId with_server{static_cast<std::uint32_t>(random.below(count))};
  dead_ &= ~bit(with_server);
  return count;
}

void Addresses::begin(std::uint8_t count) {
  count_ = count;
  tried_ = 0;
}

void Addresses::open_main(SeedId seed, Instant since) {
  require(static_cast<std::uint32_t>(seed) < count_, "a client knows how many addresses it has");
  if (std::popcount(tried_) == count_) tried_ = 0;
  require((tried_ & bit(seed)) == 0, "each address is tried once in a round");
  require(tried_ == 0 || environment_.now() <= since, "addresses of a round are tried at once");
  tried_ |= bit(seed);
  seeds_[0] = seed;
  if (leads_nowhere(seed)) environment_.coverage.count(Fault::dead_address);
}

void Addresses::open_side(ConnectionId connection, SeedId seed) {
  require(seed == seeds_[0], "side connections go to the main connection's address");
  seeds_[static_cast<std::size_t>(connection)] = seed;
}

void Addresses::check_subscription(ConnectionId connection) const {
  require(seeds_[static_cast<std::size_t>(connection)] == seeds_[0],
          "subscriptions follow the main connection to its address");
}

}  // namespace plimsoll::sim
