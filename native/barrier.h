#pragma once

#include <memory>
#include <vector>

#include "plimsoll/native/driver.h"
#include "plimsoll/native/operation.h"

namespace plimsoll::native {

/// Has all of these clients prove what they vouch for (plimsoll::Client::prove()), each in its
/// request_timeout; `operation` ends when all have, or with the first error. A client that has
/// ended vouches for nothing: it is no error.
void prove_all(std::vector<std::shared_ptr<Driver>> clients, Operation& operation);

}  // namespace plimsoll::native
