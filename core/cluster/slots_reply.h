#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/cluster/node_address.h"
#include "plimsoll/core/cluster/node_id.h"
#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/resp/value.h"

// The answer to CLUSTER SLOTS: which node serves which slots, and which replicas it has.

namespace plimsoll::inline v0 {

/// The most replicas of one range of slots that SlotsReply reports.
inline constexpr std::size_t replicas_reported_max = 8;

struct SlotsNode {
  /// Where to connect to. empty(): nowhere, since the node does not know its name ("?"), has no
  /// port of the kind that was asked about, or says what is no address.
  NodeAddress address;
  NodeId id{};  ///< not known, if an old server leaves it out or what it says is no id
};

/// A view of the reply, which must outlive it, as must the text of `asked_host`.
class SlotsReply {
 public:
  /// Checks the whole reply. `asked_host`: the host that was asked; it stands where the reply has
  /// null or "" as a host. Fails with protocol_error if the reply is not what CLUSTER SLOTS
  /// answers, or if a slot is in two ranges. Takes time in proportion to the reply's size.
  static Result<SlotsReply> read(const Value& reply, std::string_view asked_host);

  /// Whether no slot is served, as far as the server knows.
  bool empty() const { return ranges().empty(); }

  /// Calls `visit(Slot first, Slot last, std::span<const SlotsNode> nodes)` for each range of
  /// slots, in the reply's order. The first node is the primary, the others are replicas, at most
  /// replicas_reported_max of them. They live during the call only.
  template <class Visit>
  void for_each(Visit&& visit) const {
    Range range;
    for (const Value& each : ranges()) {
      read_again(each, range);
      visit(range.first, range.last, std::span<const SlotsNode>(range.nodes).first(range.count));
    }
  }

 private:
  struct Range {
    Slot first = 0;
    Slot last = 0;
    std::size_t count = 0;
    std::array<SlotsNode, 1 + replicas_reported_max> nodes;
  };

  SlotsReply(const Value& reply, std::string_view asked_host)
      : reply_(reply), asked_host_(asked_host) {}

  Elements ranges() const { return *reply_.as_elements(); }
  void read_again(const Value& value, Range& range) const;
  SlotsNode node_of(const Value& value) const;

  Value reply_;
  std::string_view asked_host_;
};

}  // namespace plimsoll::inline v0
