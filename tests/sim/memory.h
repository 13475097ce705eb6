#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/memory_source.h"
#include "plimsoll/tests/sim/coverage.h"
#include "plimsoll/tests/sim/random.h"

// The allocator of a world: counts what is out and what was at most, has junk in all that it hands
// out, and has nothing to give now and then.

namespace plimsoll::sim {

class Memory final : public MemorySource {
 public:
  Memory(Random random, Coverage& coverage) : random_(random), coverage_(coverage) {}

  /// Refuses one request in `count`, at random; 0: none.
  void refuse_one_in(std::uint32_t count) { refuse_one_in_ = count; }

  /// What the memory that is out costs, and what it cost at most.
  std::size_t bytes_out() const { return bytes_; }
  std::size_t bytes_out_peak() const { return peak_; }

  void* allocate_block(std::size_t bytes) override;
  void release_block(void* block, std::size_t bytes) override;
  std::size_t block_footprint(std::size_t bytes) const override;
  void* allocate_segment() override;
  void release_segment(void* segment) override;

 private:
  void* allocate(std::size_t bytes, std::size_t footprint);

  Random random_;
  Coverage& coverage_;
  std::uint32_t refuse_one_in_ = 0;
  std::size_t bytes_ = 0;
  std::size_t peak_ = 0;
};

}  // namespace plimsoll::sim
