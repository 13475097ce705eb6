#pragma once

#include <cstdint>

namespace plimsoll::cache {

/// Says that an entry depends on a key; the part of an entry that the index links. An entry has one
/// link for its first key and one for each further key (index.h).
struct IndexLink {
  IndexLink* next_in_bucket = nullptr;
  IndexLink* ring_next = nullptr;
  IndexLink* ring_previous = nullptr;
  std::uint32_t hash = 0;    ///< of the key if this is a head, else of the whole question
  std::uint8_t ordinal = 0;  ///< 0 for the entry's first key, 1 for the next...
  bool is_head = false;
};

}  // namespace plimsoll::cache
