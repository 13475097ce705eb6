#include "plimsoll/native/call/recycled_memory.h"

namespace plimsoll::inline v0::native {

// Called when a list has no room. Returns true if that was because this is the list's first block.
bool RecycledMemory::begin(List& list) noexcept {
  // Blocks that come after the thread's end began go back to the allocator at once.
  static constinit thread_local bool is_over = false;
  struct AtThreadEnd {
    ~AtThreadEnd() {
      is_over = true;
      release_all();
    }
  };
  static thread_local const AtThreadEnd at_thread_end;
  static_cast<void>(at_thread_end);
  if (list.has_begun || is_over) return false;
  list.has_begun = true;
  list.room = kept_max;
  return true;
}

void RecycledMemory::release_all() noexcept {
  for (std::size_t i = 0; i < lists_.size(); ++i) {
    List& list = lists_[i];
    list.has_begun = true;
    list.room = 0;
    while (Block* const block = list.first) {
      unpoison(block, (i + 1) * step);
      list.first = block->next;
      ::operator delete(block);
    }
  }
}

}  // namespace plimsoll::inline v0::native
