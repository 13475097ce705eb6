#pragma once

#include <memory>
#include <vector>

#include "plimsoll/tests/sim/callers_world.h"
#include "plimsoll/tests/sim/group/caller.h"
#include "plimsoll/tests/sim/group/group.h"

// A world of one group and those who use it: once the faults are over every client must reach the
// present primary within a bound.

namespace plimsoll::sim {

class GroupWorld final : public CallersWorld {
 public:
  GroupWorld(const Scenario& scenario, Trace::Printing printing);

  /// Lets all of it happen, up to the first violation.
  void run();

 private:
  Group group_;
  std::vector<std::unique_ptr<Caller>> callers_;
};

}  // namespace plimsoll::sim
