#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/resp/node.h"
#include "plimsoll/wasm/abi.h"

// The core's words in the door's and back: plain numbers on one side, types on the other. That the
// numbers agree is checked by the compiler, in agreement.cc.

namespace plimsoll::wasm {

/// The numbers of `options`; its texts are another matter.
PlimsollOptions to_abi(const ClientOptions& options);

/// `options` with their texts, which refer to `staged`. invalid_argument where the texts are more
/// than that; invalid_option where a time is none.
Result<ClientOptions> from_abi(const PlimsollOptions& options, std::string_view staged);

/// What the session is told of a connection that ended for this PlimsollCloseReason; nothing where
/// there is no such reason.
std::optional<Error> close_error(std::uint32_t reason);

PlimsollEvent to_abi(Event::Kind kind);
PlimsollNode to_abi(const Node& node);
PlimsollClientStatistics to_abi(const ClientStatistics& statistics);
PlimsollMemoryStatistics to_abi(const BudgetStatistics& statistics);

}  // namespace plimsoll::wasm
