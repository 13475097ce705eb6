#include "plimsoll/core/cache/generations.h"

#include <new>

#include "plimsoll/core/base/check.h"

namespace plimsoll::cache {

std::uint32_t Generations::take_slot() {
  for (std::uint32_t slot = 1; slot < slots_max; ++slot) {
    const std::uint32_t index = slot / slots_per_chunk;
    if (chunks_[index].load(std::memory_order_relaxed) == nullptr) {
      blocks_[index] = Block::allocate(account_, slots_per_chunk * sizeof(Slot));
      if (!blocks_[index]) return untracked;
      auto* const chunk = static_cast<Slot*>(blocks_[index].data());
      for (std::uint32_t i = 0; i < slots_per_chunk; ++i) new (&chunk[i]) Slot();
      chunks_[index].store(chunk, std::memory_order_release);
    }
    if (at(slot).taken) continue;
    at(slot).taken = true;
    return slot;
  }
  return untracked;
}

void Generations::give_back(std::uint32_t slot) {
  end(slot);
  at(slot).taken = false;
}

void Generations::end(std::uint32_t slot) {
  Slot& ended = at(slot);
  ended.readable.store(false, std::memory_order_release);
  ended.proved_at.store(Duration::min().count(), std::memory_order_release);
  ended.proved_mark.store(0, std::memory_order_release);
  ended.id.fetch_add(1, std::memory_order_acq_rel);
  ends_count_.fetch_add(1, std::memory_order_relaxed);
}

// Only the slot's client calls this, so no other thread's store can come between a load and a
// store.
void Generations::prove(std::uint32_t slot, Instant at, Mark mark) {
  Slot& proved = this->at(slot);
  const Duration::rep time = at.time_since_epoch().count();
  if (time > proved.proved_at.load(std::memory_order_relaxed)) {
    proved.proved_at.store(time, std::memory_order_release);
  }
  if (mark > proved.proved_mark.load(std::memory_order_relaxed)) {
    proved.proved_mark.store(mark, std::memory_order_release);
  }
}

void Generations::set_readable(std::uint32_t slot, bool readable) {
  at(slot).readable.store(readable, std::memory_order_release);
}

}  // namespace plimsoll::cache
