#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/tests/sim/environment.h"
#include "plimsoll/tests/sim/server/server.h"
#include "plimsoll/tests/sim/watched_line.h"

// Makes things go wrong: at random moments one of the scenario's faults, for a random time. What
// users and links do wrong by themselves, they draw themselves.

namespace plimsoll::sim {

class Injector final : private Handler {
 public:
  /// What there is to be broken.
  struct Targets {
    std::vector<std::unique_ptr<Server>>& servers;
    std::vector<std::unique_ptr<WatchedLine>>& lines;
  };

  Injector(Environment& environment, const Targets& targets);

  void start();
  void calm_down();

  /// Somebody takes all that replies could have, until calm_down().
  void begin_drought();

 private:
  enum Plan : std::uint32_t { strike, end_refusals, end_squeeze };

  void handle(std::uint32_t what, std::uint64_t detail) override;
  void plan_strike();
  void inject(Fault fault);
  void inject_network_fault(Fault fault);
  void squeeze(Duration time);
  void release_squeeze();
  void refuse_memory(Fault what, Duration time);
  void end_refusals_of_memory();
  WatchedLine& some_line() { return *targets_.lines[random_.below(targets_.lines.size())]; }
  Server& some_server() { return *targets_.servers[random_.below(targets_.servers.size())]; }
  std::size_t some_door() { return random_.below(targets_.servers.size()); }
  Duration some_time(Duration most);

  Environment& environment_;
  Targets targets_;
  Random random_;
  std::vector<Fault> choices_;
  // Who uses up a pool, of one line or of each.
  struct Squeezer {
    AccountHandle account;
    std::size_t bytes = 0;
  };
  void fill(Budget& budget, PoolKind pool);
  void move_line();
  std::vector<Squeezer> squeezers_;
  std::uint64_t refusals_ = 0;  // numbers the episodes
  std::uint64_t squeezes_ = 0;
};

}  // namespace plimsoll::sim
