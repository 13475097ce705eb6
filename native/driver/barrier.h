#pragma once

#include <vector>

#include "plimsoll/native/call/operation.h"
#include "plimsoll/native/driver/cache_client.h"

namespace plimsoll::inline v0::native {

/// Makes each of these clients prove what it vouches for (plimsoll::Client::prove()), on its
/// executor and within its request_timeout. `operation` ends when all have answered, with the first
/// error if there was one. A client that has ended, or whose executor ends meanwhile, vouches for
/// nothing: that is no error.
void prove_all(const std::vector<AttachedClient>& clients, Operation& operation);

}  // namespace plimsoll::inline v0::native
