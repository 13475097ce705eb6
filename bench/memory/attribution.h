#pragma once

// Whose memory this process's memory is. A binary that links this has malloc, operator new, mmap
// and their kin go through a ledger, which knows each block by the code that asked for it: the core
// asks only through MemorySource, and calls no allocator elsewhere, so that what
// plimsoll::MappedMemory or code of the core asks for is the core's. Off until it is asked for,
// when it costs a branch a call.

#include <array>
#include <cstddef>
#include <cstdint>

namespace plimsoll::bench {

/// Who asked for a block.
enum class Owner : std::uint8_t {
  core,       ///< what leaves by core/memory's doors
  client,     ///< code of native/: drivers, connections, calls under way
  tls,        ///< OpenSSL
  libraries,  ///< Asio, and values on their way to the caller
  bench,      ///< the benchmark itself
};
inline constexpr std::size_t owners_count = static_cast<std::size_t>(Owner::bench) + 1;

struct OwnedBlocks {
  std::size_t count = 0;
  std::size_t usable_bytes = 0;  ///< by malloc_usable_size()

  /// With the word that malloc keeps in front of each.
  std::size_t spent_bytes() const { return usable_bytes + count * sizeof(void*); }
};

struct Attribution {
  std::array<OwnedBlocks, owners_count> blocks;
  std::size_t core_page_bytes = 0;     ///< of the core's mappings, what the system has committed
  std::size_t core_segment_bytes = 0;  ///< the same with each segment whole that has been touched

  const OwnedBlocks& of(Owner owner) const { return blocks[static_cast<std::size_t>(owner)]; }
  /// All that the core has.
  std::size_t core_bytes() const { return of(Owner::core).spent_bytes() + core_page_bytes; }
  std::size_t core_bytes_in_segments() const {
    return of(Owner::core).spent_bytes() + core_segment_bytes;
  }
};

/// False under a sanitizer, which needs malloc for itself: nothing is attributed then.
bool can_attribute();

/// Begins; blocks from before are nobody's. The ledger's memory is committed at once, so that it
/// does not show in what grows afterwards.
void start_attribution();

/// As of now, over all threads.
Attribution attributed();

/// While one lives, its thread works for `owner`: what would be the libraries' is the owner's, and
/// for Owner::core all is.
class WorkFor {
 public:
  explicit WorkFor(Owner owner);
  ~WorkFor();
  WorkFor(const WorkFor&) = delete;
  WorkFor& operator=(const WorkFor&) = delete;

 private:
  Owner outer_;
};

}  // namespace plimsoll::bench
