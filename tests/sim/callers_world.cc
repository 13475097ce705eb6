#include "plimsoll/tests/sim/callers_world.h"

#include "plimsoll/tests/sim/line_options.h"

namespace plimsoll::sim {
namespace {

constexpr std::uint64_t callers_steps_at_once_max = 100'000;

}  // namespace

CallersWorld::CallersWorld(const Scenario& scenario, Trace::Printing printing)
    : environment_(scenario, printing),
      random_(scenario.seed, Random::Purpose::world),
      line_(std::make_unique<WatchedLine>(environment_, 0, draw_line(random_, FaultSet()))) {}

void CallersWorld::calm_down() {
  environment_.note("world", 0, "the faults are over");
  environment_.calm = true;
  environment_.network.calm_down();
}

void CallersWorld::require_no_pending() {
  environment_.referee.require(environment_.ledger.pending_count() == 0,
                               "once the faults are over, every request ends", "request",
                               environment_.ledger.some_pending());
}

void CallersWorld::plan_reset() {
  if (!environment_.scenario.faults.has(Fault::reset)) return;
  const Duration wait = random_.between(Duration::zero(), 2 * environment_.scenario.fault_interval);
  environment_.schedule.plan(wait, *this, 0);
}

void CallersWorld::handle(std::uint32_t, std::uint64_t) {
  if (environment_.calm) return;
  plan_reset();
  Link* const link = environment_.network.pick();
  if (link == nullptr) return;
  environment_.note("network", link->serial(), "is reset");
  environment_.coverage.count(Fault::reset);
  link->reset();
}

void CallersWorld::check_step() {
  require(environment_.schedule.steps_at_once() < callers_steps_at_once_max,
          "nobody goes in circles");
  line_->check_step(no_users_);
}

}  // namespace plimsoll::sim
