#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <string_view>

#include "plimsoll/memory_options.h"
#include "plimsoll/result.h"
#include "plimsoll/statistics.h"

// The memory line of the process: how many bytes all its clients together may hold.

namespace plimsoll::inline v0::native {

/// Draws the memory line of the process, before its first client or while clients run. If they use
/// more than the new line allows, nothing may grow, and the limits sink as memory is released. From
/// any thread. A child of fork() begins with its parent's configuration, and nothing used.
///
/// Errors: invalid_option names the field, its value, and the numbers that do not agree: an amount
/// that is no number of bytes, a ratio outside of 0 to 1, shares that add up to more than the line,
/// a line or a pool below what clients need, a time out of its bounds. An error changes nothing.
Result<void> configure_memory(const MemoryOptions& options);

/// Moves the line, for example to "128 MiB", and with it the shares that are ratios. From any
/// thread. Errors: as for configure_memory().
Result<void> set_memory_limit(std::string_view limit);

/// Makes the allocator give back the free memory that it keeps for the calling thread, and that no
/// other thread can reach. Call it in a thread of your application that falls idle after a burst;
/// the library does so in its own threads. With mimalloc this is all free memory that the thread
/// had allocated, whichever thread freed it, and takes about a third of a millisecond for each MiB.
/// With jemalloc and tcmalloc it is a small cache, with other allocators nothing.
void give_back_thread_memory();

/// Returns the statistics of the memory line, as of now. From any thread. Walks over all accounts:
/// call it once a second, not once for each request.
MemoryStatistics memory_statistics();

}  // namespace plimsoll::inline v0::native
