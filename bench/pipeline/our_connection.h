#pragma once

#include <optional>
#include <string>

#include "plimsoll/bench/pipeline/contender.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/client.h"

namespace plimsoll::bench {

using OurValue = native::Result<std::optional<std::string>>;

/// A client that allows every shape of this benchmark.
native::Client connect_ours(const Endpoint& endpoint, Pace pace);

/// Ends the process unless this is the value that the benchmark has stored.
inline void check_ours(const std::optional<std::string>& value) {
  if (!value || value->size() != bench_value_bytes) fail("plimsoll", "a wrong reply");
}
inline void check_ours(const OurValue& value) {
  if (!value) fail("plimsoll", value.error().what());
  check_ours(*value);
}

}  // namespace plimsoll::bench
