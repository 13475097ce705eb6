#include "plimsoll/tests/sim/model/commands.h"

namespace plimsoll::sim::model {

std::span<const Command> key_commands() { return {}; }

}  // namespace plimsoll::sim::model
