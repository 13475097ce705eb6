#include "plimsoll/core/cache/store.h"

#include <algorithm>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0::cache {

Store::Store(Account& account, const StoreOptions& options)
    : options_(options),
      memory_(account, options.bytes_max),
      index_(memory_),
      policy_(options.policy, memory_),
      wheel_(memory_) {}

// An entry keeps its sizes in 32 bits. Each part is at most UINT32_MAX / 4, so that no sum of the
// parts overflows, on wasm32 either.
Store::Sizes Store::measure(const commands::Question& question, Instant expires_at,
                            std::size_t reply_bytes) const {
  const std::size_t part_max = std::min<std::size_t>(memory_.bytes_max(), UINT32_MAX / 4);
  Sizes sizes;
  sizes.words = Entry::words_bytes(question);
  sizes.too_large = question.key.size() > part_max || sizes.words > part_max ||
                    reply_bytes > part_max || question.rest.size() > Entry::words_max;
  if (sizes.too_large) return sizes;
  sizes.piece = Entry::bytes(question, sizes.words, reply_bytes, expires_at != never);
  std::size_t alone = memory_.footprint(sizes.piece) + policy_.bytes_when_empty();
  alone += index_.bytes_when_empty(question);
  if (expires_at != never) alone += wheel_.bytes_when_empty(expires_at);
  sizes.too_large = alone > memory_.bytes_max();
  return sizes;
}

bool Store::fits(const commands::Question& question, Instant expires_at, std::size_t piece) const {
  if (options_.entries_max > 0 && entries_ >= options_.entries_max) return false;
  std::size_t bytes = memory_.footprint(piece) + policy_.bytes_to_reserve();
  bytes += index_.bytes_to_reserve(question);
  if (expires_at != never) bytes += wheel_.bytes_to_reserve(expires_at);
  return memory_.has_room(bytes);
}

// Allocates the memory for an entry and for its places in index, policy and wheel. Returns null if
// any of it is refused; the caller then retries, or frees the rest with trim().
void* Store::acquire(const commands::Question& question, Instant expires_at, std::size_t piece) {
  if (!index_.reserve(question) || !policy_.reserve()) return nullptr;
  if (expires_at != never && !wheel_.reserve(expires_at)) return nullptr;
  return memory_.allocate(piece);
}

void Store::trim() {
  index_.trim();
  policy_.trim();
  wheel_.trim();
}

Store::Inserted Store::insert(std::uint32_t source, const KeyHash& hash,
                              const commands::Question& question, const Stamp& stamp,
                              Instant expires_at, std::size_t reply_bytes, const SlotEpoch& slot) {
  if (Entry* const old = find(source, hash, question); old != nullptr) erase(*old);
  Inserted inserted;
  const Sizes sizes = measure(question, expires_at, reply_bytes);
  if (sizes.too_large) {
    inserted.outcome = Outcome::too_large;
    return inserted;
  }
  void* piece = nullptr;
  for (std::size_t refusals = 0;;) {
    while (!fits(question, expires_at, sizes.piece)) {
      PLIMSOLL_CHECK(entries_ > 0);
      evict_first();
      ++inserted.evicted;
    }
    piece = acquire(question, expires_at, sizes.piece);
    if (piece != nullptr) break;
    if (entries_ == 0 || refusals++ == refusal_evictions_max) {
      trim();
      inserted.outcome = Outcome::no_memory;
      return inserted;
    }
    evict_first();
    ++inserted.evicted;
  }
  Entry& entry = *Entry::make(piece, question,
                              {.source = source,
                               .stamp = stamp,
                               .slot = slot,
                               .expires_at = expires_at,
                               .reply_bytes = static_cast<std::uint32_t>(reply_bytes),
                               .words_bytes = static_cast<std::uint32_t>(sizes.words)});
  index_.add(entry, options_.seed, hash, question);
  policy_.add(entry);
  if (expires_at != never) wheel_.add(*entry.expiry());
  ++entries_;
  live_bytes_ += memory_.footprint(sizes.piece);
  inserted.entry = &entry;
  return inserted;
}

void Store::erase(Entry& entry) {
  if (entry.is_watched()) [[unlikely]]
    report_end_of(entry);
  if (sweep_at_ == &entry) sweep_at_ = entry.later;
  index_.remove(entry);
  policy_.remove(entry);
  if (ExpiryLink* const expiry = entry.expiry(); expiry != nullptr) wheel_.remove(*expiry);
  const std::size_t bytes = entry.bytes();
  --entries_;
  live_bytes_ -= memory_.footprint(bytes);
  memory_.release(entry.piece(), bytes);
}

void Store::report_end_of(Entry& entry) {
  if (watcher_ == nullptr) return;
  for (std::size_t i = 0; i < entry.links_count(); ++i) {
    watcher_->handle_erased(entry.key_of(entry.link(i)));
  }
}

std::size_t Store::erase_key(const KeyHash& hash, std::string_view key) {
  std::size_t erased = 0;
  while (Entry* const entry = index_.find_dependent(hash, key)) {
    erase(*entry);
    ++erased;
  }
  return erased;
}

std::size_t Store::expire(Instant now, std::size_t steps_max) {
  const std::size_t before = entries_;
  for (std::size_t i = 0; i < steps_max; ++i) {
    const ExpiryWheel::Result result = wheel_.advance(now);
    if (result.step == ExpiryWheel::Step::idle) break;
    if (result.expired != nullptr) erase(Entry::of(*result.expired));
  }
  return before - entries_;
}

std::size_t Store::shrink(std::size_t steps_max) {
  std::size_t evicted = 0;
  while (evicted < steps_max && entries_ > 0 && memory_.account().excess() > 0) {
    evict_first();
    ++evicted;
  }
  return evicted;
}

std::size_t Store::clear(std::size_t steps_max) {
  std::size_t erased = 0;
  for (; erased < steps_max && entries_ > 0; ++erased) evict_first();
  return erased;
}

// Called if the policy had no memory for the new count. Evicts other entries as insert() would, but
// never the accessed one. If that does not help, the access only makes the entry the newest of its
// group.
void Store::touch_evicting(Entry& entry) {
  for (std::size_t i = 0; i < refusal_evictions_max; ++i) {
    PolicyLink* victim = policy_.first();
    if (victim == &entry) victim = entry.later;
    if (victim == nullptr) break;
    erase(Entry::of(*victim));
    ++touch_evictions_;
    if (policy_.touch(entry)) return;
  }
  policy_.touch_uncounted(entry);
}

void Store::validate() {
  const std::size_t bytes = index_.validate() + policy_.validate() + wheel_.validate();
  std::size_t live = 0;
  std::size_t entries = 0;
  std::size_t expiring = 0;
  std::size_t links = 0;
  const PolicyLink* earlier = nullptr;
  for (PolicyLink* link = policy_.first(); link != nullptr; link = link->later) {
    Entry& entry = Entry::of(*link);
    PLIMSOLL_CHECK(link->earlier == earlier);
    earlier = link;
    links += index_.validate(entry, options_.seed);
    live += memory_.footprint(entry.bytes());
    expiring += entry.expiry() != nullptr ? 1 : 0;
    ++entries;
  }
  PLIMSOLL_CHECK(entries == entries_ && live == live_bytes_ && expiring == wheel_.size());
  PLIMSOLL_CHECK(links == index_.links_count());
  PLIMSOLL_CHECK(bytes + live == memory_.bytes() && memory_.bytes() <= memory_.bytes_max());
  PLIMSOLL_CHECK(options_.entries_max == 0 || entries_ <= options_.entries_max);
}

}  // namespace plimsoll::inline v0::cache
