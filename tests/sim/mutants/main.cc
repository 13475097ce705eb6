#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "plimsoll/tests/sim/mutants/hunt.h"
#include "plimsoll/tests/sim/mutants/mutants.h"

// ./dev sim --mutants: lets the simulator loose on every mutant, and says what it found.

namespace {

using plimsoll::mutants::Effort;
using plimsoll::mutants::Finding;

constexpr const char* usage =
    "usage: mutants [NAME] [--small-seeds N] [--seeds N] [--group-seeds N]\n"
    "               [--cluster-seeds N]\n"
    "Looks for each mutant of the core in N small worlds, then in N of normal size; for those of\n"
    "sentinels and replicas in N worlds with a group, for those of a cluster in N with one.\n";

void print_row(std::string_view name, const Finding& finding) {
  const bool caught = !finding.property.empty();
  std::printf("%-30.*s %7llu  %s\n", static_cast<int>(name.size()), name.data(),
              static_cast<unsigned long long>(finding.seeds),
              caught ? finding.property.c_str() : "SURVIVES");
  std::fflush(stdout);
}

// Whether all of them are caught, and nothing is found where nothing is wrong.
bool hunt_all(const Effort& effort, std::string_view only) {
  const auto& all = plimsoll::mutants::all;
  std::printf("%-30s %7s  %s\n", "mutant", "seeds", "caught by");
  const Finding none = only.empty() ? plimsoll::mutants::hunt(0, effort) : Finding{};
  if (!none.property.empty()) print_row("NONE", none);
  std::size_t hunted = 0;
  std::size_t survivors = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!only.empty() && all[i].name != only) continue;
    const Finding finding = plimsoll::mutants::hunt(static_cast<int>(i) + 1, effort);
    print_row(all[i].name, finding);
    ++hunted;
    survivors += finding.property.empty() ? 1 : 0;
  }
  std::printf("%zu mutants caught, %zu survive, the core itself %s %llu seeds\n",
              hunted - survivors, survivors, none.property.empty() ? "holds for" : "FAILS within",
              static_cast<unsigned long long>(none.seeds));
  return hunted > 0 && survivors == 0 && none.property.empty();
}

}  // namespace

int main(int argc, char** argv) {
  Effort effort;
  std::string_view only;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool has_number = i + 1 < argc;
    if (argument == "--small-seeds" && has_number) {
      effort.small_seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--seeds" && has_number) {
      effort.seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--group-seeds" && has_number) {
      effort.group_seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--cluster-seeds" && has_number) {
      effort.cluster_seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (!argument.starts_with('-') && only.empty()) {
      only = argument;
    } else {
      std::fputs(usage, stderr);
      return 2;
    }
  }
  return hunt_all(effort, only) ? 0 : 1;
}
