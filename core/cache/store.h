#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/bounded_memory.h"
#include "plimsoll/core/cache/entry.h"
#include "plimsoll/core/cache/expiry_wheel.h"
#include "plimsoll/core/cache/hash.h"
#include "plimsoll/core/cache/index.h"
#include "plimsoll/core/cache/policy/policy.h"
#include "plimsoll/core/commands/question.h"

// One shard of the cache: entries, the index that finds them, the policy that evicts them and the
// wheel that expires them, all in memory that is charged to one account and never passes bytes_max.
// Not thread-safe. It knows nothing of clients, nor of when a reply may be served: that is its
// user's. Entries live until they are erased, which every call that is not const may do to others
// than those it is given, but for find().

namespace plimsoll::cache {

struct StoreOptions {
  std::size_t bytes_max = 0;    ///< all that the store takes, but for the object itself
  std::size_t entries_max = 0;  ///< 0: no bound but the bytes
  EvictionPolicy policy = EvictionPolicy::lru;
  std::uint64_t seed = 0;  ///< of hashes: random, and the same in all stores that share them
};

class Store {
 public:
  /// Own entries that give way where the account or the source refuses memory, at most, before
  /// that is given up.
  static constexpr std::size_t refusal_evictions_max = 16;

  /// `account` must outlive this.
  Store(Account& account, const StoreOptions& options);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store() { clear(); }

  /// What find(), insert() and erase_key() want to know of a key.
  KeyHash hash_of(std::string_view key) const { return hash_key(options_.seed, key); }

  /// The entry that answers `question`; null: there is none. No access for the policy.
  Entry* find(std::uint32_t source, const KeyHash& hash, const commands::Question& question) const {
    return index_.find(source, hash, question);
  }

  /// An access. May evict others where the policy's count of it takes memory.
  void touch(Entry& entry) {
    if (&entry == sweep_at_) sweep_at_ = entry.later;
    if (!policy_.touch(entry)) [[unlikely]]
      touch_evicting(entry);
  }

  enum class Outcome : std::uint8_t {
    stored,
    too_large,  ///< for the store without any other entry: nothing was evicted
    no_memory,  ///< the account or the source refused
  };

  struct Inserted {
    Entry* entry = nullptr;  ///< where stored
    Outcome outcome = Outcome::stored;
    std::uint32_t evicted = 0;  ///< entries that made room, whatever the outcome
  };

  /// Makes an entry, whose reply is to be written to reply_space(). An entry that answers the same
  /// question goes first, whatever the outcome; then, by the policy, what is in the way. An entry
  /// that expires costs the less the less time has passed since expire().
  Inserted insert(std::uint32_t source, const KeyHash& hash, const commands::Question& question,
                  const Stamp& stamp, Instant expires_at, std::size_t reply_bytes);

  void erase(Entry& entry);

  /// Erases all that depends on a key, as the first or as another of its question, of all sources.
  /// Returns how many entries that were; takes time in proportion to them.
  std::size_t erase_key(const KeyHash& hash, std::string_view key);

  /// Erases what has expired by `now`, in `steps_max` steps at most: an entry goes, or comes nearer
  /// to the time when it does. Returns how many went.
  std::size_t expire(Instant now, std::size_t steps_max);

  /// When expire() has something to do, at the latest ExpiryWheel::tick after the first entry
  /// expires; in the past while steps are left over; `never` where nothing expires.
  Instant next_expiry() const { return wheel_.next(); }

  /// Walks on over `steps_max` entries at most, from where the last call stopped, and erases those
  /// with is_dead(const Entry&). Returns how many went. At the end of all entries it stops, and the
  /// next call begins anew.
  template <class Predicate>
  std::size_t sweep(std::size_t steps_max, Predicate&& is_dead);

  /// The next sweep() begins anew: when sweeps_count() has grown by one, every entry that there is
  /// now, and was not touched meanwhile, has been judged.
  void restart_sweep() { sweep_at_ = policy_.first(); }
  std::uint64_t sweeps_count() const { return sweeps_; }

  /// Evicts by the policy, `steps_max` entries at most, until the account has no excess. Returns
  /// how many went.
  std::size_t shrink(std::size_t steps_max);

  /// Erases so many entries at most. Returns how many went.
  std::size_t clear(std::size_t steps_max = SIZE_MAX);

  std::size_t entries_count() const { return entries_; }

  /// What entries cost.
  std::size_t live_bytes() const { return live_bytes_; }

  /// What all costs: entries, index, policy and wheel.
  std::size_t committed_bytes() const { return memory_.bytes(); }

  /// Entries that touch() evicted so far.
  std::uint64_t touch_evictions() const { return touch_evictions_; }

  const StoreOptions& options() const { return options_; }

  /// CHECKs that all parts agree and every byte is accounted for. Walks over everything.
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
  PolicyLink* sweep_at_ = nullptr;  // null: at the end
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

}  // namespace plimsoll::cache
