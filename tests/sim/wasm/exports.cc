#include <cstdint>

#include "plimsoll/tests/sim/wasm/sample.h"

// The door of the simulator in WebAssembly.

namespace {
std::uint64_t hash = 0;
}

/// Runs a sample; 1 if its world was in order.
extern "C" __attribute__((export_name("run_sample"))) std::uint32_t run_sample(std::uint32_t seed) {
  const plimsoll::sim::Outcome outcome = plimsoll::sim::run_sample(seed);
  hash = outcome.hash;
  return outcome.violation ? 0 : 1;
}

/// The two halves of the last trace's hash.
extern "C" __attribute__((export_name("hash_low"))) std::uint32_t hash_low() {
  return static_cast<std::uint32_t>(hash);
}
extern "C" __attribute__((export_name("hash_high"))) std::uint32_t hash_high() {
  return static_cast<std::uint32_t>(hash >> 32);
}
