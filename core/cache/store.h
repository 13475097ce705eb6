#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/cache_watcher.h"
#include "plimsoll/core/cache/entry.h"
#include "plimsoll/core/cache/expiry_wheel.h"
#include "plimsoll/core/cache/hash.h"
#include "plimsoll/core/cache/index.h"
#include "plimsoll/core/cache/policy/policy.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/core/memory/bounded_memory.h"

// One shard of the cache: owns its entries, the index that finds them, the policy that evicts them
// and the wheel that expires them. Cache decides when a reply may be served. Not thread-safe: Cache
// locks the shard.
//
// Invariants:
//
// - Entries, index, policy and wheel together never cost more than bytes_max, and one account pays
//   for all of it.
// - Every entry is in the index and in the policy's order, and in the wheel if it expires.
// - There is at most one entry for each question of a source.
// - Any call that is not const may erase entries, including entries that were not passed to it
//   (touch() and insert() evict). So a pointer to an entry is valid until the next such call.

namespace plimsoll::inline v0::cache {

struct StoreOptions {
  std::size_t bytes_max = 0;    ///< bounds all memory of the store, except the Store object itself
  std::size_t entries_max = 0;  ///< 0: only bytes_max bounds the entries
  EvictionPolicy policy = EvictionPolicy::lru;
  std::uint64_t seed = 0;  ///< for hashes: random, and the same in all shards of a cache
};

class Store {
 public:
  /// The most entries that one call evicts when the account or the memory source refuses memory. A
  /// limit is needed because others may take the memory that this frees.
  static constexpr std::size_t refusal_evictions_max = 16;

  /// `account` must outlive this.
  Store(Account& account, const StoreOptions& options);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store() { clear(); }

  /// The hash of a key, for find(), insert() and erase_key().
  KeyHash hash_of(std::string_view key) const { return hash_key(options_.seed, key); }

  /// The entry that answers `question`; null if there is none. Does not count as an access.
  Entry* find(std::uint32_t source, const KeyHash& hash, const commands::Question& question) const {
    return index_.find(source, hash, question);
  }

  /// Counts an access for the policy. This may need memory (lfu), and so may evict other entries.
  void touch(Entry& entry) {
    if (&entry == sweep_at_) sweep_at_ = entry.later;
    if (!policy_.touch(entry)) [[unlikely]]
      touch_evicting(entry);
  }

  enum class Outcome : std::uint8_t {
    stored,
    too_large,  ///< the entry would not fit an empty store: nothing was evicted
    no_memory,  ///< the account or the memory source refused
  };

  struct Inserted {
    Entry* entry = nullptr;  ///< null unless stored
    Outcome outcome = Outcome::stored;
    std::uint32_t evicted = 0;  ///< entries evicted to make room, whatever the outcome
  };

  /// Makes an entry; the caller then writes the reply to its reply_space(). First erases an entry
  /// for the same question, whatever the outcome, then evicts entries by the policy until there is
  /// room. Call expire() shortly before: the nearer the wheel's time is to now, the fewer levels an
  /// entry that expires needs.
  Inserted insert(std::uint32_t source, const KeyHash& hash, const commands::Question& question,
                  const Stamp& stamp, Instant expires_at, std::size_t reply_bytes,
                  const SlotEpoch& slot = {});

  void erase(Entry& entry);

  /// Erases the entries of all sources that depend on a key, as their first or a further key.
  /// Returns how many; the time grows with that number.
  std::size_t erase_key(const KeyHash& hash, std::string_view key);

  /// Erases entries that have expired by `now`, in at most `steps_max` steps: each erases an entry,
  /// or moves one down in the wheel. Returns how many were erased.
  std::size_t expire(Instant now, std::size_t steps_max);

  /// The time at which to call expire(): at the latest one ExpiryWheel::tick after the first entry
  /// expires; in the past while steps are left to do; `never` if no entry expires.
  Instant next_expiry() const { return wheel_.next(); }

  /// Looks at up to `steps_max` entries, from where the last call stopped, and erases those for
  /// which is_dead(const Entry&) is true. Returns how many. Stops at the last entry; the next call
  /// then starts again.
  template <class Predicate>
  std::size_t sweep(std::size_t steps_max, Predicate&& is_dead);

  /// Makes the next sweep() start again. Once sweeps_count() has grown by one, the sweep has looked
  /// at every entry that exists now and that no touch() moved meanwhile.
  void restart_sweep() { sweep_at_ = policy_.first(); }
  std::uint64_t sweeps_count() const { return sweeps_; }

  /// Evicts by the policy, at most `steps_max` entries, until the account has no excess over what
  /// the budget grants. Returns how many were evicted.
  std::size_t shrink(std::size_t steps_max);

  /// Erases at most `steps_max` entries. Returns how many were erased.
  std::size_t clear(std::size_t steps_max = SIZE_MAX);

  std::size_t entries_count() const { return entries_; }

  /// The memory of the entries.
  std::size_t live_bytes() const { return live_bytes_; }

  /// The memory of all parts: entries, index, policy and wheel.
  std::size_t committed_bytes() const { return memory_.bytes(); }

  /// How many entries touch() has evicted so far.
  std::uint64_t touch_evictions() const { return touch_evictions_; }

  const StoreOptions& options() const { return options_; }

  /// Hears of the end of each entry that is_watched(). Null: nobody does.
  void set_watcher(CacheWatcher* watcher) { watcher_ = watcher; }

  /// CHECKs that all parts agree and every byte is accounted for. For tests: walks over everything.
  void validate();

 private:
  struct Sizes {
    std::size_t words = 0;
    std::size_t piece = 0;
    bool too_large = false;
  };

  Sizes measure(const commands::Question& question, Instant expires_at,
                std::size_t reply_bytes) const;
  bool fits(const commands::Question& question, Instant expires_at, std::size_t piece) const;
  void* acquire(const commands::Question& question, Instant expires_at, std::size_t piece);
  void trim();
  void touch_evicting(Entry& entry);
  void report_end_of(Entry& entry);
  void evict_first() { erase(Entry::of(*policy_.first())); }

  const StoreOptions options_;
  BoundedMemory memory_;
  Index index_;
  Policy policy_;
  ExpiryWheel wheel_;
  std::size_t entries_ = 0;
  std::size_t live_bytes_ = 0;
  std::uint64_t touch_evictions_ = 0;
  std::uint64_t sweeps_ = 0;
  CacheWatcher* watcher_ = nullptr;
  PolicyLink* sweep_at_ = nullptr;  // the entry that sweep() looks at next; null: at the end
};

template <class Predicate>
std::size_t Store::sweep(std::size_t steps_max, Predicate&& is_dead) {
  const std::size_t before = entries_;
  if (sweep_at_ == nullptr) sweep_at_ = policy_.first();
  for (std::size_t i = 0; i < steps_max && sweep_at_ != nullptr; ++i) {
    Entry& entry = Entry::of(*sweep_at_);
    sweep_at_ = entry.later;
    if (is_dead(std::as_const(entry))) erase(entry);
  }
  if (sweep_at_ == nullptr) ++sweeps_;
  return before - entries_;
}

}  // namespace plimsoll::inline v0::cache
