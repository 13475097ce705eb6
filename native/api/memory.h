#pragma once

#include <string_view>

#include "plimsoll/memory_options.h"
#include "plimsoll/result.h"
#include "plimsoll/statistics.h"

// The memory line of the process, which all its clients share.

namespace plimsoll::native {

/// Draws the memory line of the process, before its first client or while they run: then nothing
/// grows while more is used than is allowed now, and limits follow as memory is released. From any
/// thread. A child of fork() begins with what its parent had configured, and none of it used.
///
/// invalid_option names the field, its value, and the numbers that do not agree: an amount that
/// cannot be read, a ratio outside of 0 to 1, shares that add up to more than the line, a line or a
/// pool below what clients need, a time out of its bounds. All stays as it was then.
Result<void> configure_memory(const MemoryOptions& options);

/// Moves the line, and the shares that are ratios with it: "128 MiB". The rest as above.
Result<void> set_memory_limit(std::string_view limit);

/// Has the allocator give back what it keeps for the calling thread, which no other thread can
/// reach: for threads of the application that fall idle after a burst. The library does it on its
/// own. Under mimalloc this is all that the thread has allocated, whoever freed it, and takes about
/// a third of a millisecond for each MiB; under jemalloc and tcmalloc a small cache; under others
/// nothing.
void give_back_thread_memory();

/// As of now, from any thread. Walks over all accounts: for once a second, not for each call.
MemoryStatistics memory_statistics();

}  // namespace plimsoll::native
