#pragma once

#include <cstdint>

namespace plimsoll::inline v0::cache {

/// The part of an entry that the index links: it shows that the entry depends on a key. An entry
/// has one link for its first key and one for each further key (index.h).
struct IndexLink {
  IndexLink* next_in_bucket = nullptr;
  IndexLink* ring_next = nullptr;
  IndexLink* ring_previous = nullptr;
  std::uint32_t hash = 0;    ///< the key's hash if this is a head, otherwise that of the whole
                             ///< question
  std::uint8_t ordinal = 0;  ///< 0 for the entry's first key, 1 for the next, and so on
  bool is_head = false;
};

}  // namespace plimsoll::inline v0::cache
