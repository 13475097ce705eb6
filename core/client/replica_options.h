#pragma once

#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cluster/read_choice.h"
#include "plimsoll/core/session/options.h"

namespace plimsoll::inline v0 {

/// For a client that reads from replicas. The text is a view; its owner must outlive the client.
struct ReplicaOptions {
  ReadFrom read_from = ReadFrom::primary;

  /// The availability zone in which the client runs, for the az_... choices of `read_from`.
  std::string_view zone{};

  /// What a replica answers is at most so much older than what the primary would have answered when
  /// the read was sent. A replica for which that is not known is not read.
  Duration lag_max = std::chrono::seconds(10);
};

/// The lower bound of ReplicaOptions::lag_max: replicas are asked how much they have, and the
/// answer takes its time.
inline constexpr Duration replica_lag_max_min = std::chrono::milliseconds(100);

/// Returns invalid_option if an option is invalid, or does not fit the session's.
Status validate(const ReplicaOptions& replicas, const SessionOptions& options);
/// The part of it that does not depend on how many primaries there are.
Status check_reads(const ReplicaOptions& replicas);

}  // namespace plimsoll::inline v0
