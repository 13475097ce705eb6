#pragma once

namespace plimsoll::inline v0::native {

/// Keeps the shared library that has this code in memory until the process ends, even if the
/// program closes it. To be called before a thread starts that runs until then: a plugin that was
/// unloaded under its own thread took the process with it.
void stay_loaded();

}  // namespace plimsoll::inline v0::native
