#pragma once

#include "plimsoll/native/transport/transport_problem.h"
#include "plimsoll/native/websocket/message_reader.h"
#include "plimsoll/native/websocket/opening.h"

// Turns what a bridge says when it refuses or ends a connection into errors for the user:
// docs/bridge-protocol.md.

namespace plimsoll::inline v0::native {

enum class Token : std::uint8_t { shown, none };

/// `answer` is not in state `reading` or `accepted`.
TransportProblem problem_of_answer(const websocket::AnswerReader& answer, Token token);

TransportProblem problem_of_close(const websocket::MessageReader::Close& close);

/// The bridge broke the protocol. `what` says how.
TransportProblem broken_protocol(const char* what);

TransportProblem granted_less();
TransportProblem no_randomness();
TransportProblem silent_bridge();
plimsoll::Error early_end_of_bridge();

}  // namespace plimsoll::inline v0::native
