#pragma once

#include "plimsoll/core/client/client.h"
#include "plimsoll/native/options.h"
#include "plimsoll/native/result.h"

namespace plimsoll::native {

/// What of the options is for the core, with views of them; the seed is yet to be set.
ClientOptions core_options(const Options& options);

/// invalid_option, naming the field, where something makes no sense, or not for this address.
Result<void> validate(const Target& target);

}  // namespace plimsoll::native
