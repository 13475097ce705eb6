#include "plimsoll/core/cache/sources.h"

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0::cache {

// Compares hashes only: a collision of two keyed hashes of 128 bits is too unlikely to matter.
Sources::Entered Sources::enter(const KeyHash& whose) {
  const Lock lock(mutex_);
  Source* found = nullptr;
  for (Source& each : places_) {
    const bool is_new = each.number() == none;
    if (!is_new && each.whose_.low == whose.low && each.whose_.high == whose.high) {
      found = &each;
      break;
    }
    if (each.clients_count_ > 0) continue;
    if (found == nullptr || each.left_at_ < found->left_at_) found = &each;
  }
  if (found == nullptr) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  const bool is_known =
      found->number() != none && found->whose_.low == whose.low && found->whose_.high == whose.high;
  const bool has_displaced = !is_known && found->is_fetched_.load();
  if (!is_known) {
    found->whose_ = whose;
    renumber(*found);
  }
  if (found->clients_count_++ == 0) in_use_.fetch_add(1, std::memory_order_relaxed);
  return {.source = found, .has_displaced = has_displaced};
}

void Sources::leave(Source& source) {
  const Lock lock(mutex_);
  PLIMSOLL_CHECK(source.clients_count_ > 0);
  if (--source.clients_count_ > 0) return;
  source.left_at_ = ++leaves_;
  in_use_.fetch_sub(1, std::memory_order_relaxed);
}

// If no fetch has begun since the number was assigned, there are no entries and no fetches to drop.
// A fetch that begins after this is sent after the refusal that led here, so its reply may be
// stored.
bool Sources::drop(Source& source) {
  const Lock lock(mutex_);
  if (!source.is_fetched_.load()) return false;
  renumber(source);
  return true;
}

// The numbers of one place differ by cache_sources_max, so that a number identifies its place. They
// wrap around after 67 million changes. Each change needs a fetch in between, so a sweep has erased
// all entries with the first number long before.
void Sources::renumber(Source& source) {
  source.is_fetched_.store(false);
  const auto place = static_cast<std::uint32_t>(&source - places_.data());
  const std::uint32_t old = source.number();
  std::uint32_t next = (old == none ? place : old) + cache_sources_max;
  if (next < cache_sources_max) next += cache_sources_max;
  source.number_.store(next, std::memory_order_release);
}

}  // namespace plimsoll::inline v0::cache
