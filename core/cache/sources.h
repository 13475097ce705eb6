#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/mutex.h"
#include "plimsoll/core/cache/hash.h"

// Whose replies the entries of a cache are. A source is one user of one database of one server, as
// far as connections can be told apart; entries carry its number, and are found by clients of that
// source alone. A number is used once: when the source is dropped, or its place is given to another
// one, a new number puts all entries of the old one out of reach. What lookups ask needs no lock.

namespace plimsoll::cache {

/// Sources that clients of a cache read at a time.
inline constexpr std::size_t cache_sources_max = 64;

class Sources {
 public:
  /// The number of no source: nothing is found by it, and nothing is stored.
  static constexpr std::uint32_t none = 0;

  /// A source that clients read. Lives as long as the cache.
  class Source {
   public:
    std::uint32_t number() const { return number_.load(std::memory_order_acquire); }

   private:
    friend class Sources;

    std::atomic<std::uint32_t> number_{none};
    std::atomic<bool> is_fetched_{false};  // since the number is this one: entries may have it
    KeyHash whose_{};
    std::uint32_t clients_count_ = 0;
    std::uint64_t left_at_ = 0;  // the higher, the later the last client left
  };

  Sources() = default;
  Sources(const Sources&) = delete;
  Sources& operator=(const Sources&) = delete;

  struct Entered {
    Source* source = nullptr;
    bool has_displaced = false;  ///< another, of which there may be entries
  };
  /// A client reads what belongs to `whose`, a keyed hash, until leave(). A source that no client
  /// has read for longest gives its place to a new one. Null: all places have clients. Looks at
  /// each of these (cache_sources_max).
  Entered enter(const KeyHash& whose);
  void leave(Source& source);

  /// Puts all entries of a source out of reach. Returns whether there may have been any.
  bool drop(Source& source);

  /// What is fetched for this number may be stored, unless the source is dropped meanwhile.
  void note_fetch(std::uint32_t number) {
    std::atomic<bool>& is_fetched = places_[number % cache_sources_max].is_fetched_;
    if (!is_fetched.load(std::memory_order_relaxed)) is_fetched.store(true);
  }

  /// Whether entries with this number are within reach.
  bool is_current(std::uint32_t number) const {
    return number != none && places_[number % cache_sources_max].number() == number;
  }

  /// Sources that clients read now; and how often one more was refused.
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

}  // namespace plimsoll::cache
