#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "plimsoll/core/base/time.h"
#include "plimsoll/native/allocator/allocator.h"
#include "plimsoll/native/allocator/burst_policy.h"

// Has the allocator of the process give back what it keeps when a burst is over, and counts what
// that brings. Whoever has a thread to spare calls look(), as often as it says.

namespace plimsoll::native {

struct GiveBackSettings {
  bool enabled = true;
  BurstPolicy::Settings policy{};
};

/// What became of MemoryOptions::give_back.
struct GiveBackStatistics {
  std::string_view allocator;  ///< "glibc", "jemalloc", "mimalloc", "tcmalloc", "unknown"...
  std::string version;         ///< the allocator's; empty where it does not say
  bool enabled = false;
  std::string problem;               ///< why the allocator cannot be asked; empty: it can
  std::uint64_t asked = 0;           ///< how often it was
  std::uint64_t not_worth = 0;       ///< bursts after which it had too little in excess
  std::uint64_t returned_bytes = 0;  ///< by which anonymous memory fell meanwhile, in all
  std::size_t last_returned_bytes = 0;
  std::chrono::nanoseconds last_took{};
};

/// A line for people, without its end: "512 MiB by glibc 2.36, asked 3 times, ...".
std::string to_text(const GiveBackStatistics& statistics);

class GiveBack {
 public:
  explicit GiveBack(const Allocator& allocator = process_allocator()) : allocator_(allocator) {}

  /// From any thread.
  void configure(const GiveBackSettings& settings);
  GiveBackStatistics statistics() const;

  /// Whether it is enabled, and there is anything that can be asked.
  bool is_on() const;

  /// What the next step is. The thread that calls these is one at a time.
  enum class Step : std::uint8_t { look_later, ask };
  Step look(Instant now);
  Duration look_interval() const;

  /// Asks, where there is enough in excess, and tells the log what came back.
  void ask(Instant now);

  const Allocator& allocator() const { return allocator_; }

 private:
  void count(std::size_t returned_bytes, Duration took);

  const Allocator& allocator_;
  mutable std::mutex mutex_;
  GiveBackSettings settings_;
  BurstPolicy policy_;
  GiveBackStatistics counts_;
};

}  // namespace plimsoll::native
