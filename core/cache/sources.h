#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/mutex.h"
#include "plimsoll/core/cache/hash.h"

// Keeps the entries of different users apart. A source is one user of one database of one server,
// as its clients identify it. Each entry has the number of its source, and only clients of that
// source find the entry. Cache owns the Sources.
//
//   unused --enter()--> in use --the last leave()--> kept --enter(), same source--> in use
//                                                     |
//                                                     +--enter(), new source, new number--> in use
//
// drop() gives a source in use or kept a new number.
//
// Invariants:
//
// - A number is used for one source only (until the numbers wrap around, see renumber()). When a
//   source is dropped, or another source takes its place, the place gets a new number, and all
//   entries with the old number are out of reach at once.
// - There are cache_sources_max places, so a lookup finds a number's place without a search or a
//   lock. A source whose clients have all left keeps its place until another source needs it.

namespace plimsoll::inline v0::cache {

/// The most sources that the clients of a cache may read at a time.
inline constexpr std::size_t cache_sources_max = 64;

class Sources {
 public:
  /// The number of no source: a lookup with it finds nothing, and a fetch with it stores nothing.
  static constexpr std::uint32_t none = 0;

  /// A source that clients read. The object lives as long as the cache.
  class Source {
   public:
    std::uint32_t number() const { return number_.load(std::memory_order_acquire); }

   private:
    friend class Sources;

    std::atomic<std::uint32_t> number_{none};
    std::atomic<bool> is_fetched_{false};  // a fetch had this number, so entries with it may exist
    KeyHash whose_{};
    std::uint32_t clients_count_ = 0;
    std::uint64_t left_at_ = 0;  // the value of leaves_ when the last client left
  };

  Sources() = default;
  Sources(const Sources&) = delete;
  Sources& operator=(const Sources&) = delete;

  struct Entered {
    Source* source = nullptr;
    bool has_displaced = false;  ///< another source lost its place, and may have entries that a
                                 ///< sweep must erase
  };
  /// Enters a client into the source `whose` (a keyed hash, Cache::digest()), until leave(). A new
  /// source takes the place of the source that its clients left longest ago. `source` is null if
  /// all places have clients; the client must then read without the cache. Looks at all places.
  Entered enter(const KeyHash& whose);
  void leave(Source& source);

  /// Puts all entries of a source out of reach. Returns whether there may be entries to sweep.
  bool drop(Source& source);

  /// Call this when a fetch with this number begins. Its reply may be stored unless the source is
  /// dropped first.
  void note_fetch(std::uint32_t number) {
    std::atomic<bool>& is_fetched = places_[number % cache_sources_max].is_fetched_;
    if (!is_fetched.load(std::memory_order_relaxed)) is_fetched.store(true);
  }

  /// Whether a source has this number now, so that entries with it are within reach.
  bool is_current(std::uint32_t number) const {
    return number != none && places_[number % cache_sources_max].number() == number;
  }

  /// How many sources clients read now, and how often enter() found no place.
  std::size_t in_use() const { return in_use_.load(std::memory_order_relaxed); }
  std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  void renumber(Source& source);

  Mutex mutex_;
  std::array<Source, cache_sources_max> places_;
  std::uint64_t leaves_ = 0;
  std::atomic<std::size_t> in_use_{0};
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace plimsoll::inline v0::cache
