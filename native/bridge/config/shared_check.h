#pragma once

#include "plimsoll/native/bridge/config/config_file.h"

namespace plimsoll::bridge {

/// Checks what concerns upstreams whose connections are shared, and more than one table of the
/// configuration: adds to `problems` caches that together are too large for the memory limit, and
/// to the draft's warnings what profiles of such an upstream say without an effect.
void check_shared_upstreams(ConfigDraft& draft, Problems& problems);

}  // namespace plimsoll::bridge
