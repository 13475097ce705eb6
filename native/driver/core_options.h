#pragma once

#include <string>

#include "plimsoll/core/client/client.h"
#include "plimsoll/options.h"
#include "plimsoll/result.h"

namespace plimsoll::native {

/// What of the options is for the core, with views of them, and a new seed.
/// `tracking`: what Options::client_side_cache asks for.
ClientOptions core_options(const Options& options, const TrackingOptions& tracking);

/// Clients of one cache share entries if they say the same here, and the server knows them as the
/// same user.
std::string cache_place(const Target& target);

/// invalid_option, naming the field, where something makes no sense, or not for this address.
Result<void> validate(const Target& target, const TrackingOptions& tracking = {});

}  // namespace plimsoll::native
