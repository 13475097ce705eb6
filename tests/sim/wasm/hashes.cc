#include <cinttypes>
#include <cstdio>

#include "plimsoll/tests/sim/wasm/sample.h"

// Prints the trace's hash of each sample, one a line: what WebAssembly must come to as well.

int main() {
  for (std::uint32_t seed = 1; seed <= plimsoll::sim::sample_seeds_count; ++seed) {
    const plimsoll::sim::Outcome outcome = plimsoll::sim::run_sample(seed);
    if (outcome.violation) return 1;
    std::printf("%016" PRIx64 "\n", outcome.hash);
  }
}
