#pragma once

#include <optional>
#include <string>

#include "plimsoll/bench/pipeline/contender.h"
#include "plimsoll/client.h"

namespace plimsoll::bench {

using OurValue = native::Result<std::optional<std::string>>;

/// A client that allows every shape of this benchmark.
native::Client connect_ours(const Endpoint& endpoint, Pace pace);

/// Ends the process unless this is the value that the benchmark has stored.
void check_ours(const OurValue& value);

}  // namespace plimsoll::bench
