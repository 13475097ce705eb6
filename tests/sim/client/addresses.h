#pragma once

#include <array>
#include <cstdint>

#include "plimsoll/core/client/client.h"
#include "plimsoll/tests/sim/environment.h"

// The addresses that a client was given, of which some may have no server; all others lead to the
// same one. Holds the client to what it says about them: in which order it tries them, and that all
// of its connections are with one server.

namespace plimsoll::sim {

class Addresses {
 public:
  Addresses(Environment& environment, std::uint32_t number)
      : environment_(environment), number_(number) {}

  /// How many addresses the next client gets.
  std::uint8_t draw_count();

  /// A client with so many addresses begins.
  void begin(std::uint8_t count);

  /// The main connection is opened to `seed`. `since`: since when the client has none.
  void open_main(SeedId seed, Instant since);
  void open_side(ConnectionId connection, SeedId seed);
  /// The main connection is ready, so that the next attempt begins a round.
  void handle_ready() { tried_ = 0; }

  /// Whether there is a server.
  bool leads_nowhere(SeedId seed) const { return (dead_ & bit(seed)) != 0; }

  /// That the connection of a subscription is where the main connection is.
  void check_subscription(ConnectionId connection) const;

  /// How many attempts a client may make that may try each address so often.
  std::uint64_t attempts_max(std::uint32_t rounds) const { return std::uint64_t{rounds} * count_; }

 private:
  static std::uint64_t bit(SeedId seed) {
    return std::uint64_t{1} << static_cast<std::uint32_t>(seed);
  }
  void require(bool holds, const char* property) const {
    environment_.referee.require(holds, property, "client", number_);
  }

  Environment& environment_;
  const std::uint32_t number_;
  std::uint64_t clients_ = 0;
  std::uint8_t count_ = 1;
  std::uint64_t dead_ = 0;                       // a bit for each address without a server
  std::uint64_t tried_ = 0;                      // a bit for each that was tried in this round
  std::array<SeedId, connections_max> seeds_{};  // of each connection that was opened
};

}  // namespace plimsoll::sim
