#pragma once

#include <cstdint>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/client/cluster_nodes.h"
#include "plimsoll/core/client/cluster_slots.h"
#include "plimsoll/core/cluster/gather.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/resp/value.h"
#include "plimsoll/core/session/pipeline.h"

namespace plimsoll::inline v0 {

/// One SCAN over all keys of a cluster, as its caller sent it: which commands are sent to which
/// node for it, one after the other, and what the caller is answered. ScatteredRequests owns it,
/// sends the commands as parts of the caller's request, and asks as follows:
///
///   begin()
///     next() -> send: note_sent(), and next() again. The answers come in the order of sending if
///               they come from one node.
///     next() -> wait: until the next take()
///     take() for each answer, and next() again
///     next() -> done, and no answer is missing: finish()
///
/// An error of any of them is the outcome. So is the failure of a part; then nothing else follows.
class ClusterWalk {
 public:
  /// `request` lies in `pipeline`, with its bytes, until this is destroyed.
  static Result<Box<ClusterWalk>> begin(const Pipeline& pipeline, const Pipeline::Handed& request,
                                        Account& payer);

  struct Next {
    enum class Kind : std::uint8_t { send, wait, done } kind = Kind::done;
    NodeNumber node = no_node;             ///< send: a node that owns slots
    const CommandView* command = nullptr;  ///< send: valid until the next call
  };
  /// Returns the same until note_sent().
  Result<Next> next(ClusterNodes& nodes, ClusterSlots& slots);
  void note_sent();

  /// The answer to the command that was sent as number `sent`, from 0; never an error reply.
  Status take(std::uint32_t sent, const Value& answer);

  /// Writes the caller's answer as RESP3: Gather::make_answer(), Gather::keep().
  Status finish(Gather& out);

  /// The most commands that may be under way.
  static constexpr std::uint32_t under_way_max = 8;
};

}  // namespace plimsoll::inline v0
