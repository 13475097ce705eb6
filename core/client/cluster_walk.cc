#include "plimsoll/core/client/cluster_walk.h"

namespace plimsoll::inline v0 {
namespace {

constexpr Error cannot_walk{.code = ErrorCode::refused_command,
                            .what = "a cluster's keys cannot be walked over yet"};

}  // namespace

Result<Box<ClusterWalk>> ClusterWalk::begin(const Pipeline&, const Pipeline::Handed&, Account&) {
  return cannot_walk;
}

Result<ClusterWalk::Next> ClusterWalk::next(ClusterNodes&, ClusterSlots&) { return cannot_walk; }

void ClusterWalk::note_sent() {}

Status ClusterWalk::take(std::uint32_t, const Value&) { return cannot_walk; }

Status ClusterWalk::finish(Gather&) { return cannot_walk; }

}  // namespace plimsoll::inline v0
