#include "plimsoll/core/cache/policy/lfu.h"

#include <new>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0::cache {

Lfu::~Lfu() { PLIMSOLL_CHECK(lowest_ == nullptr); }

FrequencyGroup* Lfu::add_group(FrequencyGroup* lower, std::uint64_t count) {
  void* const piece = memory_.allocate(sizeof(FrequencyGroup));
  if (piece == nullptr) return nullptr;
  FrequencyGroup* const higher = lower == nullptr ? lowest_ : lower->higher;
  auto* const group = new (piece) FrequencyGroup{
      .lower = lower, .higher = higher, .last = nullptr, .count = count, .members = 0};
  (lower == nullptr ? lowest_ : lower->higher) = group;
  if (higher != nullptr) higher->lower = group;
  return group;
}

void Lfu::unlink_group(FrequencyGroup& group) {
  (group.lower == nullptr ? lowest_ : group.lower->higher) = group.higher;
  if (group.higher != nullptr) group.higher->lower = group.lower;
}

bool Lfu::reserve() { return has_ones() || add_group(nullptr, 1) != nullptr; }

void Lfu::trim() {
  FrequencyGroup* const group = lowest_;
  if (group == nullptr || group->members > 0) return;
  unlink_group(*group);
  memory_.discard(group, sizeof(FrequencyGroup));
}

// Puts the link at the end of the group. A group without members has its place right behind the
// last member of the next lower group.
void Lfu::join(FrequencyGroup& group, PolicyLink& link) {
  PolicyLink* before = group.last;
  if (before == nullptr && group.lower != nullptr) before = group.lower->last;
  order_.insert_after(before, link);
  link.group = &group;
  group.last = &link;
  ++group.members;
}

// May leave the group without members: the caller then removes the group.
void Lfu::leave(FrequencyGroup& group, PolicyLink& link) {
  --group.members;
  if (group.last == &link) group.last = group.members == 0 ? nullptr : link.earlier;
  order_.remove(link);
}

void Lfu::add(PolicyLink& link) {
  PLIMSOLL_CHECK(has_ones());
  join(*lowest_, link);
}

bool Lfu::touch(PolicyLink& link) {
  FrequencyGroup& group = *link.group;
  FrequencyGroup* next = group.higher;
  const bool has_next = next != nullptr && next->count == group.count + 1;
  if (!has_next && group.members == 1) {
    ++group.count;
    return true;
  }
  if (!has_next) {
    next = add_group(&group, group.count + 1);
    if (next == nullptr) return false;
  }
  leave(group, link);
  join(*next, link);
  if (group.members > 0) return true;
  unlink_group(group);
  memory_.release(&group, sizeof(FrequencyGroup));
  return true;
}

void Lfu::touch_uncounted(PolicyLink& link) {
  FrequencyGroup& group = *link.group;
  if (group.last == &link) return;
  leave(group, link);
  join(group, link);
}

void Lfu::remove(PolicyLink& link) {
  FrequencyGroup& group = *link.group;
  leave(group, link);
  if (group.members > 0) return;
  unlink_group(group);
  memory_.release(&group, sizeof(FrequencyGroup));
}

std::size_t Lfu::validate() const {
  std::size_t bytes = 0;
  const PolicyLink* link = order_.first();
  std::uint64_t count = 0;
  for (const FrequencyGroup* group = lowest_; group != nullptr; group = group->higher) {
    PLIMSOLL_CHECK(group->members > 0 && group->count > count);
    PLIMSOLL_CHECK(group->higher == nullptr || group->higher->lower == group);
    count = group->count;
    const PolicyLink* last = nullptr;
    for (std::size_t i = 0; i < group->members; ++i) {
      PLIMSOLL_CHECK(link != nullptr && link->group == group);
      last = link;
      link = link->later;
    }
    PLIMSOLL_CHECK(group->last == last);
    bytes += group_bytes();
  }
  PLIMSOLL_CHECK(link == nullptr);
  return bytes;
}

}  // namespace plimsoll::inline v0::cache
