#pragma once

#include <optional>
#include <string>

#include "plimsoll/tests/core/client/cluster_model.h"

namespace plimsoll::testing {

/// What a node of a ClusterModel answers to the commands of a walk over its keys: SCAN, CLUSTER
/// NODES, CLUSTER INFO and INFO. Nothing, if this is none of them. A cursor is a number from 1 to
/// 63, and each node has its keys in an order of its own.
std::optional<std::string> answer_of_walk(const ModelNode& node, NodeIndex number,
                                          const Words& words);

}  // namespace plimsoll::testing
