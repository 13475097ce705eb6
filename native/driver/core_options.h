#pragma once

#include <string>

#include "plimsoll/core/client/client.h"
#include "plimsoll/options.h"
#include "plimsoll/result.h"

namespace plimsoll::inline v0::native {

/// Returns the core's options, with views of those of `target`, and a new random seed. `tracking`:
/// what Options::client_side_cache asks for.
ClientOptions core_options(const Target& target, const TrackingOptions& tracking);

/// Returns the text that identifies server, database and protocol for a cache. Clients of one cache
/// share entries if their texts are equal, and the server knows them as the same user.
std::string cache_place(const Target& target);

/// Checks the options. invalid_option names a field that is wrong, or wrong for this address.
Result<void> validate(const Target& target, const TrackingOptions& tracking = {});

}  // namespace plimsoll::inline v0::native
