#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"

// What a command does to the connection that it is sent on. All requests of a client share one
// pipeline: a command that changes the connection's state, waits, or gets no reply or several would
// put everybody's replies out of step. Such commands are refused here, with what to do instead.

namespace plimsoll::commands {

enum class Class : std::uint8_t {
  plain,             ///< one reply, soon: shares the pipeline
  contiguous,        ///< MULTI to EXEC, with WATCH: other requests must not come between
  blocking,          ///< holds up every reply behind it
  connection_state,  ///< changes what later requests on the connection mean
};

/// The class of the command whose name and arguments these are, in any case. Unknown: plain.
Class class_of(std::span<const std::string_view> words);

/// Says whether any user may send `words` on a shared connection: refused_command if not,
/// invalid_argument where there is no name.
Status check_shared(std::span<const std::string_view> words);

}  // namespace plimsoll::commands
