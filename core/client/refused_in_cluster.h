#pragma once

#include "plimsoll/core/base/result.h"

namespace plimsoll::inline v0::refused_in_cluster {

// What a client of a cluster cannot do yet: it would be done at one node only, and not at the one
// that has the key.

inline constexpr Error blocking{.code = ErrorCode::refused_command,
                                .what = "commands that block are not sent to a cluster yet",
                                .expected = "the same command without a time to block"};

inline constexpr Error exclusive{
    .code = ErrorCode::refused_command,
    .what = "a client of a cluster has no exclusive connections yet, for WATCH",
    .expected = "a transaction without WATCH, or a script"};

inline constexpr Error shard_channel{.code = ErrorCode::refused_command,
                                     .what = "a client of a cluster has no shard channels yet",
                                     .expected = "SUBSCRIBE, which every node can serve"};

}  // namespace plimsoll::inline v0::refused_in_cluster
