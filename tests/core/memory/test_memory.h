#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/memory_source.h"

// The memory under a Budget in tests and fuzzing: counts what is out, refuses on command, and hands
// out memory full of junk so that nobody relies on zeroes. Thread-safe.

namespace plimsoll::testing {

class TestMemory final : public MemorySource {
 public:
  static constexpr std::size_t no_refusal = SIZE_MAX;

  /// Grants `granted` more allocations, refuses the one after them, and grants all that follow.
  void refuse_one_after(std::size_t granted) { until_refusal_ = granted; }

  /// Whether the refusal that was asked for has happened.
  bool has_refused() const { return until_refusal_ == no_refusal; }

  /// Allocations asked for so far, refused ones included.
  std::size_t requests_count() const { return requests_; }

  std::size_t blocks_out() const { return blocks_; }
  std::size_t segments_out() const { return segments_; }

  /// What the memory that is out costs, as it should be charged.
  std::size_t bytes_out() const { return bytes_; }

  void* allocate_block(std::size_t bytes) override;
  void release_block(void* block, std::size_t bytes) override;
  std::size_t block_footprint(std::size_t bytes) const override;
  void* allocate_segment() override;
  void release_segment(void* segment) override;

 private:
  bool refuse();

  std::atomic<std::size_t> until_refusal_ = no_refusal;
  std::atomic<std::size_t> requests_ = 0;
  std::atomic<std::size_t> blocks_ = 0;
  std::atomic<std::size_t> segments_ = 0;
  std::atomic<std::size_t> bytes_ = 0;
};

}  // namespace plimsoll::testing
