#pragma once

// What callgrind wrote of a run: which instructions were spent on accounts.

#include <cstdint>
#include <string>

namespace plimsoll::bench {

struct AccountingCosts {
  std::uint64_t total = 0;       ///< instructions of the whole run
  std::uint64_t accounting = 0;  ///< within the accounts, but for the doors to memory itself
  std::uint64_t doors = 0;       ///< MemorySource, as far as the accounts call it
};

/// Reads a file in callgrind's format ("Callgrind Format Specification" in valgrind's manual).
/// Counted are calls of Budget, Account, AccountHandle, Charge, Block, PagePool, ProgressReserve
/// and the segments' functions from anywhere else, with all that they call; what the compiler put
/// into their callers is not seen. Ends the process where the file is not understood.
AccountingCosts read_callgrind(const std::string& path);

}  // namespace plimsoll::bench
