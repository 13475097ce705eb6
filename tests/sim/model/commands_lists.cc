#include "plimsoll/tests/sim/model/commands.h"

namespace plimsoll::sim::model {

std::span<const Command> list_commands() { return {}; }

}  // namespace plimsoll::sim::model
