#pragma once

#include <deque>
#include <string>

#include "plimsoll/tests/sim/books/books.h"
#include "plimsoll/tests/sim/coverage.h"
#include "plimsoll/tests/sim/leaning.h"
#include "plimsoll/tests/sim/ledger.h"
#include "plimsoll/tests/sim/network/network.h"
#include "plimsoll/tests/sim/referee.h"
#include "plimsoll/tests/sim/scenario.h"
#include "plimsoll/tests/sim/schedule.h"
#include "plimsoll/tests/sim/trace.h"

// What everyone in a world has in common.

namespace plimsoll::sim {

struct Environment {
  Environment(const Scenario& description, Trace::Printing printing)
      : scenario(description),
        trace(printing),
        referee(schedule, trace),
        ledger(schedule, referee),
        books(referee),
        network(schedule, scenario, coverage) {}

  Instant now() const { return schedule.now(); }

  template <class... Arguments>
  void note(const char* who, std::uint64_t number, const char* text, Arguments... arguments) {
    trace.note(schedule.now(), who, number, text, arguments...);
  }

  const Scenario scenario;
  const Leaning leaning = leaning_of(scenario.seed);
  Schedule schedule;
  Trace trace;
  Coverage coverage;
  Referee referee;
  Ledger ledger;
  Books books;
  Network network;
  bool calm = false;     // no faults any more
  bool rests = false;    // nobody asks for signs of life: in the end nothing happens at all
  bool drought = false;  // but that there is no memory for replies
  /// What clients are to say, whatever server they use: the last one.
  std::deque<std::string> passwords{"p0"};
  Instant jumped_until{};  // nobody was there to see a deadline pass before
};

}  // namespace plimsoll::sim
