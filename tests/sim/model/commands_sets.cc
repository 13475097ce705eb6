#include "plimsoll/tests/sim/model/commands.h"

namespace plimsoll::sim::model {

std::span<const Command> set_commands() { return {}; }

}  // namespace plimsoll::sim::model
