#include "plimsoll/tests/sim/run.h"

#include <memory>
#include <string>

#include "plimsoll/core/base/check.h"
#include "plimsoll/tests/sim/world.h"

#ifndef __EMSCRIPTEN__
#include <csetjmp>
#endif

namespace plimsoll::sim {
namespace {

Outcome outcome_of(const World& world) {
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

Ending run_to_the_end(World& world) {
  set_check_hook(leave_world);
  if (setjmp(before_world) != 0) return Ending::failed_check;
  world.run();
  return Ending::orderly;
}

void record_failed_check(const World& world, Outcome& outcome) {
  const Environment& environment = world.environment();
  std::string property = "CHECK(" + std::string(failed_check.condition) + ") at ";
  property += std::string(failed_check.file) + ':' + std::to_string(failed_check.line);
  std::vector<std::string> last_events = environment.trace.last_lines();
  last_events.push_back("VIOLATION: " + property);
  outcome.violation = Violation{.property = property,
                                .where = last_events.size() > 1 ? *(last_events.end() - 2) : "",
                                .last_events = std::move(last_events)};
}

#endif

}  // namespace

Outcome run(const Scenario& scenario, Trace::Printing printing) {
#ifdef __EMSCRIPTEN__
  World world(scenario, printing);
  world.run();
  return outcome_of(world);
#else
  World* const world = new World(scenario, printing);
  const Ending ending = run_to_the_end(*world);
  Outcome outcome = outcome_of(*world);
  if (ending == Ending::failed_check) record_failed_check(*world, outcome);
  if (!outcome.violation) delete world;  // one that broke off may not be fit to be taken apart
  return outcome;
#endif
}

}  // namespace plimsoll::sim
