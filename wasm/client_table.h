#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "plimsoll/wasm/abi.h"
#include "plimsoll/wasm/hosted_client.h"

namespace plimsoll::wasm {

/// The ids by which a host names its clients: small numbers, checked, and not given to another
/// client soon, so that a stale one finds nothing. Of fixed size.
class ClientTable {
 public:
  /// An id above 0 for `client`, or 0 where plimsoll_clients_max have one.
  std::int32_t add(HostedClient& client);

  /// The client of that id, or null.
  HostedClient* find(std::int32_t id) const;

  /// Takes the client of that id out, if there is one.
  HostedClient* remove(std::int32_t id);

 private:
  struct Place {
    HostedClient* client = nullptr;
    std::uint32_t uses = 0;
  };

  // An id is a place and how many clients had it before, which wraps around after 2^21 of them.
  static constexpr std::uint32_t places_count = plimsoll_clients_max;
  static constexpr std::uint32_t uses_count = (std::uint32_t{1} << 31) / places_count;

  static std::int32_t id_of(std::uint32_t place, std::uint32_t uses) {
    return static_cast<std::int32_t>(uses * places_count + place);
  }

  std::array<Place, places_count> places_{};
  std::uint32_t search_from_ = 0;
};

}  // namespace plimsoll::wasm
