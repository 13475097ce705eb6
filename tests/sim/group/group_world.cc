#include "plimsoll/tests/sim/group/group_world.h"

namespace plimsoll::sim {
namespace {

// Once the faults are over. A server that was replaced goes on for up to 11.2 s, and a client that
// has missed every announcement asks within 10 s; then it has to connect.
constexpr Duration group_recovery_time_max = std::chrono::seconds(30);

}  // namespace

GroupWorld::GroupWorld(const Scenario& scenario, Trace::Printing printing)
    : CallersWorld(scenario, printing), group_(environment_) {
  for (std::uint32_t i = 0; i < scenario.clients; ++i) {
    callers_.push_back(std::make_unique<Caller>(environment_, i, group_, budget()));
  }
}

void GroupWorld::run() {
  const bool has_recovered =
      strike(callers_, [this] { group_.start(); }) &&
      recover(
          callers_, [this] { group_.calm_down(); }, group_recovery_time_max,
          "once the faults are over, every client reaches the present primary");
  if (has_recovered) leave(callers_);
}

}  // namespace plimsoll::sim
