#pragma once

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/client/cluster_options.h"
#include "plimsoll/core/cluster/routing.h"

namespace plimsoll::inline v0 {

/// Whether a request goes in parts, unless refusal_of() refuses it.
inline bool is_scattered(const Route& route) {
  return route.is_for_every_node || route.kind == Route::Kind::several_slots;
}

/// Why a request cannot be sent to a cluster, neither to one node nor in parts; null if it can.
const Error* refusal_of(const Route& route, const ClusterOptions& options);

/// How a request that is_scattered() is spread, and how its answers become one.
commands::Spread spread_of(const Route& route);

}  // namespace plimsoll::inline v0
