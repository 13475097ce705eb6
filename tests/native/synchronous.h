#pragma once

#include <string_view>
#include <utility>

#include "plimsoll/sync_client.h"
#include "plimsoll/tests/native/patience.h"

// For tests of clients whose calls block.

namespace plimsoll::testing {

inline native::SyncClient sync_connected(std::string_view url,
                                         native::Options options = patient_options()) {
  return native::SyncClient::connect(url, std::move(options)).value();
}

}  // namespace plimsoll::testing
