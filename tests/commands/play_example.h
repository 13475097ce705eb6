#pragma once

#include <span>

#include "plimsoll/tests/commands/example.h"

namespace plimsoll::testing {

/// Makes the call that an example describes with a client, between other requests of which none may
/// notice, and checks what comes of it; then the same with a client that speaks RESP2.
void play_example(const Example& example);

/// All examples of the build, those of one command next to each other.
std::span<const Example> all_examples();

/// The names of the table's commands.
std::span<const std::string_view> all_commands();

}  // namespace plimsoll::testing
