#pragma once

#include <cstddef>

// PLIMSOLL_POISON is defined where the whole program is compiled with AddressSanitizer, this
// library as well (.bazelrc). A user's program may have AddressSanitizer where the library that it
// is linked with does not: then the program would poison what the library uses.
#ifdef PLIMSOLL_POISON
#include <sanitizer/asan_interface.h>
#endif

namespace plimsoll::inline v0 {

/// Makes AddressSanitizer report each access to these bytes, until unpoison(). Does nothing in
/// other builds.
inline void poison([[maybe_unused]] void* begin, [[maybe_unused]] std::size_t bytes) {
#ifdef PLIMSOLL_POISON
  ASAN_POISON_MEMORY_REGION(begin, bytes);
#endif
}

inline void unpoison([[maybe_unused]] void* begin, [[maybe_unused]] std::size_t bytes) {
#ifdef PLIMSOLL_POISON
  ASAN_UNPOISON_MEMORY_REGION(begin, bytes);
#endif
}

}  // namespace plimsoll::inline v0
