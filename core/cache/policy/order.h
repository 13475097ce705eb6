#pragma once

namespace plimsoll::inline v0::cache {

struct FrequencyGroup;

/// The policy's part of an entry. A policy sees no other part.
struct PolicyLink {
  PolicyLink* earlier = nullptr;
  PolicyLink* later = nullptr;
  FrequencyGroup* group = nullptr;
};

/// A list of all entries: the first is evicted first.
class EvictionOrder {
 public:
  PolicyLink* first() const { return first_; }
  PolicyLink* last() const { return last_; }

  /// Puts `link` behind `before`, or to the front if that is null.
  void insert_after(PolicyLink* before, PolicyLink& link) {
    PolicyLink* const after = before == nullptr ? first_ : before->later;
    link.earlier = before;
    link.later = after;
    (before == nullptr ? first_ : before->later) = &link;
    (after == nullptr ? last_ : after->earlier) = &link;
  }

  void remove(PolicyLink& link) {
    (link.earlier == nullptr ? first_ : link.earlier->later) = link.later;
    (link.later == nullptr ? last_ : link.later->earlier) = link.earlier;
  }

 private:
  PolicyLink* first_ = nullptr;
  PolicyLink* last_ = nullptr;
};

}  // namespace plimsoll::inline v0::cache
