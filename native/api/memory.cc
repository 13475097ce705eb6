#include "plimsoll/memory.h"

#include "plimsoll/native/allocator/allocator.h"
#include "plimsoll/native/runtime/runtime.h"

namespace plimsoll::inline v0::native {

Result<void> configure_memory(const MemoryOptions& options) {
  return Runtime::get().configure(options);
}

Result<void> set_memory_limit(std::string_view limit) {
  return Runtime::get().set_memory_limit(limit);
}

MemoryStatistics memory_statistics() { return Runtime::get().memory_statistics(); }

void give_back_thread_memory() {
  // Makes the runtime first, which finds out which allocator the process has. That must not happen
  // in the middle of a fork.
  static_cast<void>(Runtime::get());
  process_allocator().give_back_thread();
}

}  // namespace plimsoll::inline v0::native
