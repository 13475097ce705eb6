#pragma once

#include <array>
#include <cstdint>

namespace plimsoll::wasm {

/// The ids by which a host names its clients, or caches: small numbers, which are checked. An id is
/// not used again soon for another item, so a stale id finds nothing. The table has a fixed number
/// of places, a power of two.
template <class Item, std::uint32_t places_count>
class Table {
 public:
  /// Returns an id above 0 for `item`, or 0 if no place is free.
  std::int32_t add(Item& item) {
    for (std::uint32_t i = 0; i < places_count; ++i) {
      const std::uint32_t at = (search_from_ + i) % places_count;
      Place& place = places_[at];
      if (place.item != nullptr) continue;
      // `uses` is at least 1, so that no id is 0.
      place = {.item = &item, .uses = place.uses % (uses_count - 1) + 1};
      search_from_ = at + 1;
      return id_of(at, place.uses);
    }
    return 0;
  }

  /// Returns the item with that id, or null.
  Item* find(std::int32_t id) const {
    if (id <= 0) return nullptr;
    const Place& place = places_[static_cast<std::uint32_t>(id) % places_count];
    const auto at = static_cast<std::uint32_t>(&place - places_.data());
    return id == id_of(at, place.uses) ? place.item : nullptr;
  }

  /// Removes the item with that id and returns it, or null if there is none.
  Item* remove(std::int32_t id) {
    Item* const item = find(id);
    if (item != nullptr) places_[static_cast<std::uint32_t>(id) % places_count].item = nullptr;
    return item;
  }

 private:
  struct Place {
    Item* item = nullptr;
    std::uint32_t uses = 0;
  };

  // An id packs two numbers into 31 bits: the place in the low bits, and above it how often the
  // place was used, which wraps around (with 1024 places after 2^21 uses). For ids of 64 bits see
  // packed_id.h.
  static_assert(places_count > 0 && (places_count & (places_count - 1)) == 0);
  static constexpr std::uint32_t uses_count = (std::uint32_t{1} << 31) / places_count;

  static std::int32_t id_of(std::uint32_t place, std::uint32_t uses) {
    return static_cast<std::int32_t>(uses * places_count + place);
  }

  std::array<Place, places_count> places_{};
  std::uint32_t search_from_ = 0;
};

}  // namespace plimsoll::wasm
