// What the kernel says of this process's memory.
#pragma once

#include <cstdint>

namespace plimsoll::demo {

/// Bytes of this process that are in memory (VmRSS); 0 if the kernel does not tell.
std::uint64_t resident_bytes();

}  // namespace plimsoll::demo
