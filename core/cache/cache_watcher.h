#pragma once

#include <cstdint>
#include <string_view>

namespace plimsoll::inline v0::cache {

/// Whether a cache of this program may be watched. Only the bridge does that, so the WebAssembly
/// core has no code for it.
#ifdef __EMSCRIPTEN__
constexpr bool may_be_watched() { return false; }
#else
constexpr bool may_be_watched() { return true; }
#endif

/// Hears what becomes of replies that someone has taken out of a cache to serve them elsewhere:
/// the bridge, for the caches of its clients. Cache::watch() says which replies these are.
///
/// The cache calls this in any thread that uses it, while a part of it is locked. So an
/// implementation only remembers what it hears, and must not call the cache.
class CacheWatcher {
 public:
  /// An entry that was watched, and depends on this key, is served no more: the key has changed, or
  /// the entry was evicted, has expired or was fetched anew. Called for each key of the entry.
  virtual void handle_erased(std::string_view key) = 0;

  /// The same for all entries of a slot of a cluster.
  virtual void handle_slot_dropped(std::uint16_t slot) = 0;

  /// Any entry that was watched may be out of reach: a connection has ended, or all keys may have
  /// changed. (When a user may have lost a right, its entries are erased one after the other.)
  virtual void handle_out_of_reach() = 0;

 protected:
  ~CacheWatcher() = default;
};

}  // namespace plimsoll::inline v0::cache
