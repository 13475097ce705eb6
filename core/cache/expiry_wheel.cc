#include "plimsoll/core/cache/expiry_wheel.h"

#include <algorithm>
#include <bit>
#include <new>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0::cache {

ExpiryWheel::~ExpiryWheel() { PLIMSOLL_CHECK(size_ == 0 && levels_ == 0); }

// Rounds up: returns the first tick that begins at `at` or later, when the entry is sure to have
// expired. Times before the clock's zero count as zero.
std::uint64_t ExpiryWheel::tick_of(Instant at) {
  const auto nanoseconds = std::max<std::int64_t>(at.time_since_epoch().count(), 0);
  const auto whole = static_cast<std::uint64_t>(nanoseconds) >> tick_bits;
  return whole + ((nanoseconds & (tick.count() - 1)) != 0 ? 1 : 0);
}

// Rounds down: returns the last tick that has begun by `now`.
std::uint64_t ExpiryWheel::last_tick(Instant now) {
  const auto nanoseconds = std::max<std::int64_t>(now.time_since_epoch().count(), 0);
  return static_cast<std::uint64_t>(nanoseconds) >> tick_bits;
}

// Returns the highest level on which the slots of `due` and now_ differ. On all levels above, both
// are in the same slot, so `due` comes before all entries there.
std::size_t ExpiryWheel::level_of(std::uint64_t due) const {
  const std::uint64_t differing = due <= now_ ? 0 : due ^ now_;
  const auto bits = static_cast<std::size_t>(std::bit_width(differing));
  return bits == 0 ? 0 : std::min((bits - 1) / level_bits, levels_count - 1);
}

std::size_t ExpiryWheel::slot_of(const ExpiryLink& link) const {
  return tick_of(link.at) >> (link.level * level_bits) & (slots_count - 1);
}

std::size_t ExpiryWheel::bytes_when_empty(Instant at) const {
  return (level_of(tick_of(at)) + 1) * level_bytes();
}

std::size_t ExpiryWheel::bytes_to_reserve(Instant at) const {
  const std::size_t wanted = level_of(tick_of(at)) + 1;
  return wanted > levels_ ? (wanted - levels_) * level_bytes() : 0;
}

// Allocates all levels below as well, so that an entry which moves down finds its level.
bool ExpiryWheel::reserve(Instant at) {
  const std::size_t wanted = level_of(tick_of(at)) + 1;
  while (levels_ < wanted) {
    void* const piece = memory_.allocate(sizeof(Level));
    if (piece == nullptr) return false;
    level_[levels_++] = new (piece) Level;
  }
  return true;
}

void ExpiryWheel::trim() {
  if (size_ > 0) return;
  while (levels_ > 0) {
    Level*& level = level_[--levels_];
    memory_.release(level, sizeof(Level));
    level = nullptr;
  }
}

void ExpiryWheel::link_in(ExpiryLink& link) {
  const std::uint64_t due = std::max(tick_of(link.at), now_);
  const std::size_t level = level_of(due);
  PLIMSOLL_CHECK(level < levels_);
  link.level = static_cast<std::uint8_t>(level);
  const std::size_t slot = due >> (level * level_bits) & (slots_count - 1);
  ExpiryLink*& first = level_[level]->slots[slot];
  link.previous = nullptr;
  link.next = first;
  if (first != nullptr) first->previous = &link;
  first = &link;
  occupied_[level] = static_cast<std::uint16_t>(occupied_[level] | 1u << slot);
}

// The slot matters only if the link is the first in it. An entry that was added after its time is
// in the slot of the tick at which it was added, not in the slot of its time: this then searches
// for it.
void ExpiryWheel::link_out(ExpiryLink& link) {
  if (link.next != nullptr) link.next->previous = link.previous;
  if (link.previous != nullptr) {
    link.previous->next = link.next;
    return;
  }
  auto& slots = level_[link.level]->slots;
  std::size_t slot = slot_of(link);
  if (slots[slot] != &link) {
    slot = static_cast<std::size_t>(std::find(slots.begin(), slots.end(), &link) - slots.begin());
    PLIMSOLL_CHECK(slot < slots_count);
  }
  slots[slot] = link.next;
  if (link.next != nullptr) return;
  occupied_[link.level] = static_cast<std::uint16_t>(occupied_[link.level] & ~(1u << slot));
}

void ExpiryWheel::add(ExpiryLink& link) {
  link_in(link);
  ++size_;
}

void ExpiryWheel::remove(ExpiryLink& link) {
  link_out(link);
  --size_;
  trim();
}

// If slots of two levels begin at the same tick, returns the one of the higher level: its entries
// must move down before the wheel's time advances.
ExpiryWheel::Due ExpiryWheel::first_due() const {
  Due first;
  for (std::size_t level = 0; level < levels_; ++level) {
    if (occupied_[level] == 0) continue;
    const auto slot = static_cast<std::size_t>(std::countr_zero(occupied_[level]));
    const auto shift = level * level_bits;
    const std::uint64_t above = now_ >> shift >> level_bits << level_bits;
    const std::uint64_t begin = (above | slot) << shift;
    if (begin <= first.begin) first = {.level = level, .slot = slot, .begin = begin};
  }
  return first;
}

ExpiryWheel::Result ExpiryWheel::advance(Instant now) {
  const std::uint64_t until = std::max(last_tick(now), now_);
  const Due due = first_due();
  if (size_ == 0 || due.begin > until) {
    now_ = until;
    return {};
  }
  now_ = std::max(now_, due.begin);
  ExpiryLink& link = *level_[due.level]->slots[due.slot];
  if (tick_of(link.at) <= now_) return {.step = Step::expired, .expired = &link};
  PLIMSOLL_CHECK(due.level > 0);
  link_out(link);
  link_in(link);
  return {.step = Step::moved};
}

Instant ExpiryWheel::next() const {
  if (size_ == 0) return never;
  const std::uint64_t begin = first_due().begin;
  const std::uint64_t last = static_cast<std::uint64_t>(never.time_since_epoch().count());
  return begin > last >> tick_bits
             ? never - Duration(1)
             : Instant(Duration(static_cast<std::int64_t>(begin << tick_bits)));
}

std::size_t ExpiryWheel::validate() const {
  std::size_t size = 0;
  for (std::size_t level = 0; level < levels_; ++level) {
    for (std::size_t slot = 0; slot < slots_count; ++slot) {
      const ExpiryLink* link = level_[level]->slots[slot];
      PLIMSOLL_CHECK((link != nullptr) == ((occupied_[level] >> slot & 1) != 0));
      const ExpiryLink* previous = nullptr;
      for (; link != nullptr; previous = link, link = link->next) {
        PLIMSOLL_CHECK(link->level == level && link->previous == previous);
        PLIMSOLL_CHECK(slot_of(*link) == slot || (level == 0 && tick_of(link->at) <= now_));
        ++size;
      }
    }
  }
  PLIMSOLL_CHECK(size == size_ && (size > 0 || levels_ == 0));
  return levels_ * level_bytes();
}

}  // namespace plimsoll::inline v0::cache
