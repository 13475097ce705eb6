#pragma once

#include <string>

#include "plimsoll/tests/sim/model/engine.h"

namespace plimsoll::sim::model {

/// The error in place of a request that is not let in, to be executed or queued; empty if it is let
/// in. The checks come in the real server's order: unknown, arity, authentication, transaction,
/// permissions, replica, subscription, and then what keeps the server from serving.
std::string refusal(Engine& engine, const Connection& connection, const Command* command,
                    Arguments arguments);

}  // namespace plimsoll::sim::model
