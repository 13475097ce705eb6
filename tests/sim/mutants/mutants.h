#pragma once

#include <string_view>
#include <vector>

// The variants of the core in mutants.toml, which mutate.py makes of it: one build has them all.

namespace plimsoll::mutants {

struct Mutant {
  std::string_view name;
  std::string_view breaks;  ///< what is wrong with it, in words
  std::string_view file;
  std::string_view
      worlds;  ///< "group": only those with sentinels can show it, "cluster"; empty: any
};

extern const std::vector<Mutant> all;

/// Which of them the core is: a place in `all` counted from 1. 0: none, the core as it should be.
extern int chosen;

}  // namespace plimsoll::mutants
