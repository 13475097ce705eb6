#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/core/base/time.h"
#include "plimsoll/native/allocator/allocator.h"
#include "plimsoll/native/allocator/burst_policy.h"
#include "plimsoll/native/allocator/process_figures.h"

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
  std::uint64_t not_worth = 0;       ///< times when it was not, having too little in excess
  std::uint64_t returned_bytes = 0;  ///< by which anonymous memory fell meanwhile, in all
  std::size_t last_returned_bytes = 0;
  std::chrono::nanoseconds last_took{};
};

/// A line for people, without its end: "512 MiB by glibc 2.36, asked 3 times, ...".
std::string to_text(const GiveBackStatistics& statistics);

/// So long at least between two times that it is asked for want(): while the container is short,
/// memory should go back before the line is lowered much further, and not at each step.
inline constexpr Duration wanted_interval_min = std::chrono::seconds(1);

class GiveBack {
 public:
  explicit GiveBack(const Allocator& allocator = process_allocator()) : allocator_(allocator) {}

  /// From any thread.
  void configure(const GiveBackSettings& settings);
  GiveBackStatistics statistics() const;

  /// Whether it is enabled, and there is anything that can be asked.
  bool is_on() const;

  /// Memory was freed that is wanted elsewhere: look() says to ask as soon as it may, burst or not.
  void want();

  /// What the next step is: to ask where it is time to, and there is enough in excess. The thread
  /// that calls these is one at a time.
  enum class Step : std::uint8_t { look_later, ask };
  Step look(Instant now);
  Duration look_interval() const;

  /// Asks, and tells the log what came back since the look that said so.
  void ask(Instant now);

  const Allocator& allocator() const { return allocator_; }

 private:
  bool is_time(Instant now, const ProcessFigures& figures);
  void handle_asked(Instant now, const ProcessFigures& figures, std::size_t returned_bytes);
  void count(std::size_t returned_bytes, Duration took);

  const Allocator& allocator_;
  mutable std::mutex mutex_;
  GiveBackSettings settings_;
  BurstPolicy policy_;
  bool is_wanted_ = false;
  Instant wanted_not_before_ = Instant::min();
  std::optional<ProcessFigures> before_;  // of the look that said to ask
  GiveBackStatistics counts_;
};

}  // namespace plimsoll::native
