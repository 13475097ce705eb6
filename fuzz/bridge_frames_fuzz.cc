#include <cstddef>
#include <cstdint>

#include "plimsoll/tests/native/bridge/any_frames.h"

// Any bytes of a client that the bridge has let in, and of its server.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  plimsoll::testing::try_frames({reinterpret_cast<const char*>(data), size});
  return 0;
}
