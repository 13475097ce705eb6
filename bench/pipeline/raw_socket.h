#pragma once

#include "plimsoll/bench/pipeline/contender.h"

namespace plimsoll::bench {

/// Connects a socket that blocks and sends at once (TCP_NODELAY). Ends the process with a message
/// on any failure. The caller closes it.
int connect_raw_socket(const Endpoint& endpoint);

}  // namespace plimsoll::bench
