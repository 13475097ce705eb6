#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define PLIMSOLL_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PLIMSOLL_ADDRESS_SANITIZER 1
#endif
#endif

#ifdef PLIMSOLL_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace plimsoll::inline v0 {

/// Makes AddressSanitizer report each access to these bytes, until unpoison(). Does nothing in
/// other builds.
inline void poison([[maybe_unused]] void* begin, [[maybe_unused]] std::size_t bytes) {
#ifdef PLIMSOLL_ADDRESS_SANITIZER
  ASAN_POISON_MEMORY_REGION(begin, bytes);
#endif
}

inline void unpoison([[maybe_unused]] void* begin, [[maybe_unused]] std::size_t bytes) {
#ifdef PLIMSOLL_ADDRESS_SANITIZER
  ASAN_UNPOISON_MEMORY_REGION(begin, bytes);
#endif
}

}  // namespace plimsoll::inline v0
