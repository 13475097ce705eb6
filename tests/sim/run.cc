#include "plimsoll/tests/sim/run.h"

#include <memory>
#include <string>

#include "plimsoll/core/base/check.h"
#include "plimsoll/tests/sim/cluster/cluster_world.h"
#include "plimsoll/tests/sim/group/group_world.h"
#include "plimsoll/tests/sim/world.h"

#ifndef __EMSCRIPTEN__
#include <csetjmp>
#endif

namespace plimsoll::sim {
namespace {

template <class AnyWorld>
Outcome outcome_of(const AnyWorld& world) {
  const Environment& environment = world.environment();
  Outcome outcome;
  outcome.violation = environment.referee.violation();
  outcome.hash = environment.trace.hash();
  outcome.time = environment.now() - Instant{};
  outcome.steps = environment.schedule.steps();
  outcome.coverage = environment.coverage;
  return outcome;
}

#ifndef __EMSCRIPTEN__

// A failed CHECK must not return. So the world in which it failed is left as it stands.
struct FailedCheck {
  const char* condition;
  const char* file;
  int line;
};
std::jmp_buf before_world;
FailedCheck failed_check;

void leave_world(const char* condition, const char* file, int line) {
  failed_check = {condition, file, line};
  std::longjmp(before_world, 1);
}

enum class Ending : std::uint8_t { orderly, failed_check };

template <class AnyWorld>
Ending run_to_the_end(AnyWorld& world) {
  set_check_hook(leave_world);
  if (setjmp(before_world) != 0) return Ending::failed_check;
  world.run();
  return Ending::orderly;
}

void record_failed_check(const Environment& environment, Outcome& outcome) {
  std::string property = "CHECK(" + std::string(failed_check.condition) + ") at ";
  property += std::string(failed_check.file) + ':' + std::to_string(failed_check.line);
  std::vector<std::string> last_events = environment.trace.last_lines();
  last_events.push_back("VIOLATION: " + property);
  outcome.violation = Violation{.property = property,
                                .where = last_events.size() > 1 ? *(last_events.end() - 2) : "",
                                .last_events = std::move(last_events)};
}

#endif

template <class AnyWorld>
Outcome run_world(const Scenario& scenario, Trace::Printing printing) {
#ifdef __EMSCRIPTEN__
  AnyWorld world(scenario, printing);
  world.run();
  return outcome_of(world);
#else
  auto* const world = new AnyWorld(scenario, printing);
  const Ending ending = run_to_the_end(*world);
  Outcome outcome = outcome_of(*world);
  if (ending == Ending::failed_check) record_failed_check(world->environment(), outcome);
  if (!outcome.violation) delete world;  // one that broke off may not be fit to be taken apart
  return outcome;
#endif
}

}  // namespace

Outcome run(const Scenario& scenario, Trace::Printing printing) {
  switch (scenario.size) {
    case Scenario::Size::normal:
    case Scenario::Size::small: break;
    case Scenario::Size::group: return run_world<GroupWorld>(scenario, printing);
    case Scenario::Size::cluster: return run_world<ClusterWorld>(scenario, printing);
  }
  return run_world<World>(scenario, printing);
}

}  // namespace plimsoll::sim
