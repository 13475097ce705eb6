#include "plimsoll/wasm/linear_memory.h"

#ifdef __wasm__

#include <cerrno>

extern "C" {
extern char __heap_base;  // where the linker has put the end of stack and data
void emscripten_notify_memory_growth(std::size_t memory);
}

namespace plimsoll::wasm {
namespace {

constexpr std::size_t page_bytes = 64 * 1024;

// Until a line is drawn, only what the instance itself needs is allocated.
constinit std::size_t bytes_max = linear_memory_slack;
constinit std::size_t heap_end = 0;
constinit std::uint64_t growths_refused = 0;

bool grow_to(std::size_t end) {
  const std::size_t pages = __builtin_wasm_memory_size(0);
  const std::size_t wanted = (end + page_bytes - 1) / page_bytes;
  if (wanted <= pages) return true;
  if (end > bytes_max || __builtin_wasm_memory_grow(0, wanted - pages) == SIZE_MAX) {
    ++growths_refused;
    return false;
  }
  emscripten_notify_memory_growth(0);
  return true;
}

}  // namespace

void bound_linear_memory(std::size_t line) { bytes_max = line + linear_memory_slack; }
std::size_t linear_memory_bytes() { return __builtin_wasm_memory_size(0) * page_bytes; }
std::uint64_t linear_memory_growths_refused() { return growths_refused; }

}  // namespace plimsoll::wasm

// Where malloc() gets its memory: replaces the C library's, which knows no bound.
extern "C" void* sbrk(std::intptr_t increment) {
  using namespace plimsoll::wasm;
  constexpr std::size_t alignment = alignof(std::max_align_t);
  if (heap_end == 0) {
    const auto base = reinterpret_cast<std::size_t>(&__heap_base);
    heap_end = (base + alignment - 1) / alignment * alignment;
  }
  const std::size_t begin = heap_end;
  const std::size_t end = begin + static_cast<std::size_t>(increment);
  const bool wraps = increment > 0 && end < begin;
  if (wraps || !grow_to(end)) {
    errno = ENOMEM;
    return reinterpret_cast<void*>(-1);
  }
  heap_end = end;
  return reinterpret_cast<void*>(begin);
}

#else

namespace plimsoll::wasm {

void bound_linear_memory(std::size_t) {}
std::size_t linear_memory_bytes() { return 0; }
std::uint64_t linear_memory_growths_refused() { return 0; }

}  // namespace plimsoll::wasm

#endif
