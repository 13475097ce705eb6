#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/tests/sim/schedule.h"
#include "plimsoll/tests/sim/trace.h"

// Where everyone states what must hold. The first property that does not ends the world after the
// step at hand, with what happened just before.

namespace plimsoll::sim {

struct Violation {
  std::string property;
  std::string where;  // "client 2, at 17.250 ms"
  std::vector<std::string> last_events;
};

class Referee {
 public:
  Referee(const Schedule& schedule, Trace& trace) : schedule_(schedule), trace_(trace) {}

  /// `property` says, as a literal sentence, what holds; `who` and `number` whom it is about.
  void require(bool holds, const char* property, const char* who, std::uint64_t number) {
    if (!holds) [[unlikely]]
      record(property, who, number);
  }

  const std::optional<Violation>& violation() const { return violation_; }

 private:
  void record(const char* property, const char* who, std::uint64_t number);

  const Schedule& schedule_;
  Trace& trace_;
  std::optional<Violation> violation_;
};

}  // namespace plimsoll::sim
