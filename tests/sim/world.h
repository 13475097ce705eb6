#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "plimsoll/tests/sim/client/user.h"
#include "plimsoll/tests/sim/environment.h"
#include "plimsoll/tests/sim/injector.h"
#include "plimsoll/tests/sim/memory.h"
#include "plimsoll/tests/sim/server/server.h"
#include "plimsoll/tests/sim/witness.h"

// A whole world in one thread: users with their clients, servers, the network between, memory, and
// what goes wrong. It runs in three parts. First users ask for what they want, while faults strike.
// Then the faults are over: within a bound, all that was asked for must end, and every client must
// work. In the end everyone leaves, and nothing may be left behind.

namespace plimsoll::sim {

class World {
 public:
  World(const Scenario& scenario, Trace::Printing printing);

  /// Lets all of it happen, up to the first violation.
  void run();

  const Environment& environment() const { return environment_; }

 private:
  /// Until `done()` or a violation; false where `limit` was reached first.
  template <class Done>
  bool run_until(Instant limit, const Done& done);
  void check_step();
  void check_budget(const Budget& budget, Witness& witness);
  void check_progress(const Budget& budget);
  void check_quiet();
  void check_reserve(ProgressReserve& reserve);
  void check_idle();
  void calm_down();
  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "world", 0);
  }

  Environment environment_;
  Random random_;
  Memory memory_;
  const std::uint64_t validate_every_;
  std::vector<std::unique_ptr<Budget>> budgets_;
  std::vector<std::unique_ptr<Witness>> witnesses_;  // one of each budget
  std::vector<std::size_t> idle_bytes_;              // of each budget, before there was a client
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<std::unique_ptr<User>> users_;
  std::optional<Injector> injector_;
};

}  // namespace plimsoll::sim
