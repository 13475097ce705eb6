#pragma once

#include <cstddef>
#include <cstdint>

// The module's linear memory, which can grow and never shrink: whatever it once had, the process
// keeps. So its size is bounded, too. The line bounds what is in use; but blocks of many sizes
// leave holes between each other, and an allocator that may grow fills no holes. With the bound, an
// allocation that fits no hole fails as if the line were reached: the core already refuses, waits
// or evicts then. Natively there is no such memory: MappedMemory gives pages back.

namespace plimsoll::wasm {

/// What the memory may have beyond the line: stack, data, the outbox, and the holes.
inline constexpr std::size_t linear_memory_slack = 2 * 1024 * 1024;

/// Sets the bound to `line` and the slack. If the memory is larger already, it does not grow again.
void bound_linear_memory(std::size_t line);

/// The bytes of the memory; 0 natively.
std::size_t linear_memory_bytes();

/// How often the memory was not allowed to grow.
std::uint64_t linear_memory_growths_refused();

}  // namespace plimsoll::wasm
