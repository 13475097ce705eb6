#pragma once

// The parts of the memory benchmark. Each adds its rows, and measures in processes of their own:
// the line is a process's, and so is its resident memory. Such a child is this binary again, run by
// `--child NAME`, and prints its figures.

#include <cstddef>
#include <cstdint>
#include <string>

#include "plimsoll/bench/memory/figures.h"
#include "plimsoll/bench/report.h"

namespace plimsoll::bench {

/// How long to look.
struct MemoryEffort {
  /// Whether the run is worth anything without valgrind.
  enum class Tools { required, optional };

  std::size_t divisor;  ///< of every number of connections, queues, requests, samples
  double burst_seconds;
  double silence_seconds;
  std::size_t oversized_bytes;
  Tools tools;
};
inline constexpr MemoryEffort full_memory_effort{.divisor = 1,
                                                 .burst_seconds = 10,
                                                 .silence_seconds = 60,
                                                 .oversized_bytes = std::size_t{256} << 20,
                                                 .tools = MemoryEffort::Tools::required};
inline constexpr MemoryEffort quick_memory_effort{.divisor = 20,
                                                  .burst_seconds = 0.5,
                                                  .silence_seconds = 1,
                                                  .oversized_bytes = std::size_t{24} << 20,
                                                  .tools = MemoryEffort::Tools::optional};

/// Runs a child, and reads what it printed.
Figures run_child(const std::string& name, const MemoryEffort& effort);

using AddRows = void (*)(const MemoryEffort& effort, Report& report);
using Measure = Figures (*)(const MemoryEffort& effort);

/// Channels: what a queue costs empty, full and drained, by the allocator; and its pace.
void add_queues(const MemoryEffort& effort, Report& report);
Figures measure_queues(const MemoryEffort& effort);

/// Connections that do nothing: accounts, resident memory, threads, and what OpenSSL keeps.
void add_idle(const MemoryEffort& effort, Report& report);
Figures measure_idle(const MemoryEffort& effort);
Figures measure_idle_tls(const MemoryEffort& effort);

/// The accounts against the allocator and the system, under a mixed load.
void add_truth(const MemoryEffort& effort, Report& report);
Figures measure_truth(const MemoryEffort& effort);
Figures measure_truth_full(const MemoryEffort& effort);

/// A subscriber that takes nothing while others publish as fast as they can.
void add_slow_consumer(const MemoryEffort& effort, Report& report);
Figures measure_drop_oldest(const MemoryEffort& effort);
Figures measure_drop_newest(const MemoryEffort& effort);
Figures measure_pause_reading(const MemoryEffort& effort);

/// A server that says nothing for a minute, under full load.
void add_blackhole(const MemoryEffort& effort, Report& report);
Figures measure_blackhole(const MemoryEffort& effort);

/// A reply that is larger than the line.
void add_oversized(const MemoryEffort& effort, Report& report);
Figures measure_oversized(const MemoryEffort& effort);

/// What accounting costs a request, in instructions.
void add_accounting(const MemoryEffort& effort, Report& report);
/// The work of which it is: GETs and nothing else, for a child under callgrind.
void run_gets(std::size_t count, std::uint16_t port);
void run_kept_gets(std::size_t count, std::uint16_t port);

}  // namespace plimsoll::bench
