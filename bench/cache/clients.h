#pragma once

#include <cstdint>
#include <string>

#include "plimsoll/client.h"

namespace plimsoll::bench {

inline constexpr std::uint32_t keys_count = 100'000;
inline constexpr std::size_t value_bytes = 100;

/// A client of the server there; with a cache of so many KiB, or none.
native::Client connect_cached(const std::string& url, std::uint64_t max_cache_kb);

/// Sets all keys to values of value_bytes.
void set_all(native::Client& client);

/// Reads all keys once, so that a cache has them.
void read_all(native::Client& client);

}  // namespace plimsoll::bench
