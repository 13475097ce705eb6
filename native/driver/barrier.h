#pragma once

#include <vector>

#include "plimsoll/native/call/operation.h"
#include "plimsoll/native/driver/cache_client.h"

namespace plimsoll::native {

/// Has all of these clients prove what they vouch for (plimsoll::Client::prove()), each on its
/// executor and in its request_timeout; `operation` ends when all have, or with the first error. A
/// client that has ended, or whose executor ends meanwhile, vouches for nothing: it is no error.
void prove_all(const std::vector<AttachedClient>& clients, Operation& operation);

}  // namespace plimsoll::native
