#pragma once

#include <cstdint>

namespace plimsoll::cache {

/// That an entry depends on a key. An entry has one for its first key, and one for each other. All
/// links of a key form a ring, of which one, the head, is found by the key.
struct IndexLink {
  IndexLink* next_in_bucket = nullptr;
  IndexLink* ring_next = nullptr;
  IndexLink* ring_previous = nullptr;
  std::uint32_t hash = 0;    ///< of the key in a head, else of the whole question
  std::uint8_t ordinal = 0;  ///< 0 for the first key, 1 for the one after...
  bool is_head = false;
};

}  // namespace plimsoll::cache
