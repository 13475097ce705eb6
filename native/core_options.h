#pragma once

#include "plimsoll/core/client/client.h"
#include "plimsoll/native/options.h"
#include "plimsoll/native/result.h"

namespace plimsoll::native {

/// What of the options is for the core, with views of them; the seed is yet to be set.
/// `tracking`: what Options::client_side_cache asks for.
ClientOptions core_options(const Options& options, const TrackingOptions& tracking);

/// invalid_option, naming the field, where something makes no sense, or not for this address.
Result<void> validate(const Target& target, const TrackingOptions& tracking = {});

}  // namespace plimsoll::native
