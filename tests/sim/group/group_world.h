#pragma once

#include <memory>
#include <vector>

#include "plimsoll/tests/sim/environment.h"
#include "plimsoll/tests/sim/group/caller.h"
#include "plimsoll/tests/sim/group/group.h"
#include "plimsoll/tests/sim/watched_line.h"

// A world of one group and those who use it. It runs in three parts, as World: first faults strike,
// then they are over and every client must reach the present primary within a bound, and in the end
// all leave.

namespace plimsoll::sim {

class GroupWorld final : private Handler {
 public:
  GroupWorld(const Scenario& scenario, Trace::Printing printing);

  /// Lets all of it happen, up to the first violation.
  void run();

  const Environment& environment() const { return environment_; }

 private:
  template <class Done>
  bool run_until(Instant limit, const Done& done);
  void handle(std::uint32_t what, std::uint64_t detail) override;
  void plan_reset();
  void check_step();
  void require(bool holds, const char* property) {
    environment_.referee.require(holds, property, "world", 0);
  }

  Environment environment_;
  Random random_;
  std::unique_ptr<WatchedLine> line_;
  Group group_;
  std::vector<std::unique_ptr<Caller>> callers_;
  const WatchedLine::Users no_users_;
};

}  // namespace plimsoll::sim
