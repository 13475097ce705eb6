#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/wasm/abi_types.h"
#include "plimsoll/wasm/hosted_cache.h"

// The core's words in the door's and back: plain numbers on one side, types on the other. That the
// numbers agree is checked by the compiler, in agreement.cc.

namespace plimsoll::wasm {

PlimsollOptions to_abi(const ClientOptions& options);
PlimsollCacheOptions to_abi(const cache::CacheOptions& options);

/// The options but for their texts. invalid_option, naming the field, where a number is none.
Result<ClientOptions> from_abi(const PlimsollOptions& options);

/// The options with the texts of their lists, which refer to `words`. invalid_option as above;
/// invalid_argument where the words are not as many as the options say.
Result<HostedCacheOptions> from_abi(const PlimsollCacheOptions& options,
                                    std::span<const std::string_view> words);

/// What the session is told of a connection that ended for this PlimsollCloseReason; nothing where
/// there is no such reason.
std::optional<Error> close_error(std::uint32_t reason);

PlimsollEvent to_abi(Event::Kind kind);
PlimsollClientStatistics to_abi(const Client& client, std::size_t credit_bytes);
PlimsollSubscriptionStatistics to_abi(const SubscriptionStatistics& statistics);
PlimsollCacheStatistics to_abi(const cache::CacheStatistics& statistics);
PlimsollMemoryStatistics to_abi(const BudgetStatistics& statistics);

}  // namespace plimsoll::wasm
