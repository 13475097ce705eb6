#include "plimsoll/wasm/client_table.h"

namespace plimsoll::wasm {

std::int32_t ClientTable::add(HostedClient& client) {
  for (std::uint32_t i = 0; i < places_count; ++i) {
    const std::uint32_t at = (search_from_ + i) % places_count;
    Place& place = places_[at];
    if (place.client != nullptr) continue;
    // From 1 on: no id is 0.
    place = {.client = &client, .uses = place.uses % (uses_count - 1) + 1};
    search_from_ = at + 1;
    return id_of(at, place.uses);
  }
  return 0;
}

HostedClient* ClientTable::find(std::int32_t id) const {
  if (id <= 0) return nullptr;
  const std::uint32_t at = static_cast<std::uint32_t>(id) % places_count;
  return id == id_of(at, places_[at].uses) ? places_[at].client : nullptr;
}

HostedClient* ClientTable::remove(std::int32_t id) {
  HostedClient* const client = find(id);
  if (client != nullptr) places_[static_cast<std::uint32_t>(id) % places_count].client = nullptr;
  return client;
}

}  // namespace plimsoll::wasm
