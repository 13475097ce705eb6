#include <cstddef>
#include <cstdint>

#include "plimsoll/tests/native/bridge/any_handshake.h"

// Any bytes of somebody who connects to the bridge.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  plimsoll::testing::try_handshake({reinterpret_cast<const char*>(data), size});
  return 0;
}
