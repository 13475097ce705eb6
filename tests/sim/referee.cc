#include "plimsoll/tests/sim/referee.h"

namespace plimsoll::sim {

void Referee::record(const char* property, const char* who, std::uint64_t number) {
  if (violation_) return;
  trace_.note(schedule_.now(), who, number, "VIOLATION: %", property);
  std::vector<std::string> last_events = trace_.last_lines();
  violation_ = Violation{.property = property, .where = last_events.back(), .last_events = {}};
  violation_->last_events = std::move(last_events);
}

}  // namespace plimsoll::sim
