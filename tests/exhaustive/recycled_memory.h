#pragma once

#include <vector>

#include "plimsoll/core/memory/heap_memory.h"

// Memory for a world that is made a hundred thousand times: what one world gives back is the next
// one's.

namespace plimsoll::exhaustive {

class RecycledMemory final : public MemorySource {
 public:
  RecycledMemory() = default;
  ~RecycledMemory() {
    for (void* segment : free_) heap_.release_segment(segment);
  }

  void* allocate_block(std::size_t bytes) override { return heap_.allocate_block(bytes); }
  void release_block(void* block, std::size_t bytes) override { heap_.release_block(block, bytes); }
  std::size_t block_footprint(std::size_t bytes) const override {
    return heap_.block_footprint(bytes);
  }
  void* allocate_segment() override {
    if (free_.empty()) return heap_.allocate_segment();
    void* const segment = free_.back();
    free_.pop_back();
    return segment;
  }
  void release_segment(void* segment) override { free_.push_back(segment); }

 private:
  HeapMemory heap_;
  std::vector<void*> free_;
};

}  // namespace plimsoll::exhaustive
