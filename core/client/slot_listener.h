#pragma once

#include <span>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/cluster/slot_table.h"
#include "plimsoll/core/cluster/slots_reply.h"

namespace plimsoll::inline v0 {

/// Hears from ClusterSlots who owns what. An interface, so that the slots of a cluster do not
/// depend on who reads at its replicas.
class SlotListener {
 public:
  /// The slot has another owner than `before`; no_node: none.
  virtual void handle_owner(Slot slot, NodeNumber before, NodeNumber owner) = 0;

  /// A view has been taken: these are called in this order, name() for each of its ranges.
  virtual void begin_view() = 0;
  virtual void name(NodeNumber owner, std::span<const SlotsNode> replicas) = 0;
  virtual void end_view(Instant now) = 0;

 protected:
  ~SlotListener() = default;
};

}  // namespace plimsoll::inline v0
