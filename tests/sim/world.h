#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "plimsoll/tests/sim/client/user.h"
#include "plimsoll/tests/sim/environment.h"
#include "plimsoll/tests/sim/injector.h"
#include "plimsoll/tests/sim/server/server.h"
#include "plimsoll/tests/sim/watched_line.h"

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
  bool leans_to_cache() const;
  SharedCache* draw_cache(Random& random);
  void check_step();
  void check_quiet();
  void calm_down();
  void rest();
  Instant last_news() const;
  void live_through_drought();
  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "world", 0);
  }

  Environment environment_;
  Random random_;
  const std::uint64_t validate_every_;
  std::vector<std::unique_ptr<WatchedLine>> lines_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<std::unique_ptr<SharedCache>> caches_;
  std::vector<std::unique_ptr<User>> users_;
  std::optional<Injector> injector_;
};

}  // namespace plimsoll::sim
