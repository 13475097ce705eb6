#pragma once

#include <cstdint>

// In which order a client tries the addresses that it was given, its seeds: in rounds, of which
// each has every address once, in a random order. So the clients of a server that is lost do not
// all go to the same one of the others. A client with one address tries that one in each round.

namespace plimsoll::inline v0 {

/// The most addresses that a client can be given.
inline constexpr std::uint32_t seeds_max = 64;

/// One of the addresses that the driver has for a client, by its place in the driver's list: the
/// first is 0.
enum class SeedId : std::uint32_t {};

class Seeds {
 public:
  /// `count`: 1 to seeds_max.
  explicit Seeds(std::uint32_t count);

  /// Begins a round: every address is to be tried.
  void begin_round();

  /// Draws the address of the next attempt among those that are left in this round, of which there
  /// must be one. `random_seed` decides which; it may be the same for a whole round.
  void draw(std::uint64_t random_seed);

  /// The address that was drawn last.
  SeedId current() const { return SeedId{current_}; }

  /// How many addresses of this round have not been drawn yet.
  std::uint32_t left() const;

  /// The attempt at current() has failed, and would fail in the same way again.
  void rule_out() { ++ruled_out_; }

  /// Whether each address of this round was tried and ruled out.
  bool are_all_ruled_out() const { return ruled_out_ == count_; }

 private:
  std::uint64_t untried_;  // a bit for each address
  // Bytes, because each connection keeps these.
  const std::uint8_t count_;
  std::uint8_t ruled_out_ = 0;  // in this round
  std::uint8_t current_ = 0;
};

}  // namespace plimsoll::inline v0
