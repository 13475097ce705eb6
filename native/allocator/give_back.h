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
#include "plimsoll/native/allocator/process_usage.h"

// Makes the process's allocator return free memory to the system when a burst is over, and counts
// how much came back. The runtime's upkeep thread calls look() each time that look_interval() has
// passed.

namespace plimsoll::inline v0::native {

struct GiveBackSettings {
  bool enabled = true;
  BurstPolicy::Settings policy{};
};

/// The results of MemoryOptions::give_back.
struct GiveBackStatistics {
  std::string_view allocator;  ///< "glibc", "jemalloc", "mimalloc", "tcmalloc", "unknown"...
  std::string version;         ///< the allocator's; empty if it cannot be asked for it
  bool enabled = false;
  std::string problem;          ///< why the allocator cannot be asked; empty if it can
  std::uint64_t asked = 0;      ///< how often it was asked
  std::uint64_t not_worth = 0;  ///< how often it was not asked because the excess was too small
  std::uint64_t returned_bytes =
      0;  ///< how much anonymous memory fell while it was asked, in total
  std::size_t last_returned_bytes = 0;
  std::chrono::nanoseconds last_took{};
};

/// Formats the statistics as one line for people, without a newline: "512 MiB by glibc 2.36, asked
/// 3 times, ...".
std::string to_text(const GiveBackStatistics& statistics);

/// The shortest time between two requests that want() causes. While the container is short of
/// memory, memory should be returned before the limit falls much further, but not at each step.
inline constexpr Duration wanted_interval_min = std::chrono::seconds(1);

class GiveBack {
 public:
  explicit GiveBack(const Allocator& allocator = process_allocator()) : allocator_(allocator) {}

  /// May be called from any thread.
  void configure(const GiveBackSettings& settings);
  GiveBackStatistics statistics() const;

  /// Whether giving back is enabled and the allocator supports it.
  bool is_on() const;

  /// Memory was freed that others need. look() will return `ask` as soon as wanted_interval_min
  /// allows, even during a burst.
  void want();

  /// Decides whether to ask now: if it is time, and the excess is large enough. Only one thread at
  /// a time may call look() and the functions below.
  enum class Step : std::uint8_t { look_later, ask };
  Step look(Instant now);
  Duration look_interval() const;

  /// Asks the allocator, and logs how much memory came back since look().
  void ask(Instant now);

  const Allocator& allocator() const { return allocator_; }

 private:
  bool is_time(Instant now, const ProcessUsage& usage);
  void handle_asked(Instant now, const ProcessUsage& usage, std::size_t returned_bytes);
  void count(std::size_t returned_bytes, Duration took);

  const Allocator& allocator_;
  mutable std::mutex mutex_;
  GiveBackSettings settings_;
  BurstPolicy policy_;
  bool is_wanted_ = false;
  Instant wanted_not_before_ = Instant::min();
  std::optional<ProcessUsage> before_;  // taken by the look() that said to ask
  GiveBackStatistics counts_;
};

}  // namespace plimsoll::inline v0::native
