#pragma once

#include <chrono>
#include <cstdint>
#include <string>

// Lets the simulator look for what is wrong with one mutant, and then the enumeration of small
// worlds (tests/exhaustive), which sees other things. Each hunt has a process of its own: what is
// wrong may be that it crashes, or that it never ends.

namespace plimsoll::mutants {

/// How long to look.
struct Effort {
  std::uint64_t small_seeds = 8000;
  std::uint64_t seeds = 200;  ///< after those, of worlds of normal size
  /// Of worlds with a group: of one whose `worlds` are these, and of the core itself.
  std::uint64_t group_seeds = 1000;
  std::uint64_t cluster_seeds = 1000;  ///< likewise
  enum class SmallWorlds : std::uint8_t { none, all } small_worlds = SmallWorlds::all;
  std::chrono::seconds time_max{600};
};

struct Finding {
  std::uint64_t seeds = 0;  ///< that were needed, or were in vain
  std::string property;     ///< that was violated; empty: none
};

/// `mutant` as in `chosen`; 0 hunts for what is wrong with the core itself.
Finding hunt(int mutant, const Effort& effort);

}  // namespace plimsoll::mutants
