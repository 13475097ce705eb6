#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/memory_source.h"
#include "plimsoll/tests/sim/coverage.h"
#include "plimsoll/tests/sim/random.h"

// The allocator behind a line: counts what is out, says so whenever it becomes more, has junk in
// all that it hands out, and has nothing to give now and then.

namespace plimsoll::sim {

class Memory final : public MemorySource {
 public:
  class Owner {
   public:
    /// More is out than before, and nobody has it yet.
    virtual void handle_allocated() = 0;

   protected:
    ~Owner() = default;
  };

  Memory(Random random, Coverage& coverage, Owner& owner)
      : random_(random), coverage_(coverage), owner_(owner) {}

  /// Refuses one request in `count`, at random: any (refused_memory), or those for segments or for
  /// blocks alone (refused_segments, refused_blocks).
  void refuse(Fault what, std::uint32_t count) {
    refused_ = what;
    refuse_one_in_ = count;
  }
  void refuse_nothing() { refuse_one_in_ = 0; }

  /// What the memory that is out costs.
  std::size_t bytes_out() const { return bytes_; }

  void* allocate_block(std::size_t bytes) override;
  void release_block(void* block, std::size_t bytes) override;
  std::size_t block_footprint(std::size_t bytes) const override;
  void* allocate_segment() override;
  void release_segment(void* segment) override;

 private:
  bool refuses(Fault kind);
  void* allocate(std::size_t bytes, std::size_t footprint);

  Random random_;
  Coverage& coverage_;
  Owner& owner_;
  Fault refused_ = Fault::refused_memory;
  std::uint32_t refuse_one_in_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace plimsoll::sim
