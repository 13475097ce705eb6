#pragma once

#include <cstdint>

#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/cluster/slot_set.h"

namespace plimsoll::inline v0 {

/// The slots whose owner may be another node than the client takes for it. A view may come from a
/// node that hears of everything late, and name an owner of before; its replicas may be as late.
/// The node that had the slot last knows best. So a slot is in doubt from the time at which its
/// owner changes, for the client, until that owner has answered a request for the slot.
///
/// Whether it has answered is known once it has answered a question behind those requests, on the
/// same connection:
///
///   add()           note_sent()         note_asked()           settle()
///  ------> in doubt ----------> sent ----------------> asked -----------> no doubt
class SlotDoubts {
 public:
  bool has(Slot slot) const { return all_.has(slot); }
  void add(Slot slot) {
    all_.add(slot);
    sent_.remove(slot);
    asked_.remove(slot);
  }
  /// A request for the slot was staged at its owner.
  void note_sent(Slot slot) {
    if (all_.has(slot)) sent_.add(slot);
  }
  /// The question was staged at the owner of those slots of which `is_its(Slot)` is true.
  template <class IsIts>
  void note_asked(IsIts&& is_its) {
    for_each(sent_, is_its, [this](Slot slot) {
      sent_.remove(slot);
      asked_.add(slot);
    });
  }
  /// It has answered.
  template <class IsIts>
  void settle(IsIts&& is_its) {
    for_each(asked_, is_its, [this](Slot slot) {
      asked_.remove(slot);
      all_.remove(slot);
    });
  }
  /// A connection is lost, with what was sent there. This is about all connections, since the
  /// others are asked again soon.
  void forget_sent() { sent_ = asked_ = {}; }

 private:
  // A copy of the set, because what is visited is removed from it.
  template <class IsIts, class Visit>
  static void for_each(SlotSet slots, IsIts&& is_its, Visit&& visit) {
    slots.for_each_range([&](Slot first, Slot last) {
      for (std::uint32_t slot = first; slot <= last; ++slot) {
        if (is_its(static_cast<Slot>(slot))) visit(static_cast<Slot>(slot));
      }
    });
  }

  SlotSet all_;
  SlotSet sent_;
  SlotSet asked_;
};

}  // namespace plimsoll::inline v0
