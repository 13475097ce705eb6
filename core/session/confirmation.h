#pragma once

#include <string_view>

#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/core/resp/value.h"

// How a server says that a subscription begins or ends: by pushes, which may answer a request or
// come unasked, and by errors. Session asks these functions, which keep no state.

namespace plimsoll::inline v0 {

/// Whether the first word of a push ends with `ending`.
bool is_about(const Value& push, std::string_view ending);

/// Whether a push is one of the confirmations that a request waits for. The words "subscribe",
/// "psubscribe" and "ssubscribe" confirm a subscription, "unsubscribe" and the like confirm its
/// end; "message", "pmessage"... confirm nothing. The server may also end a subscription unasked,
/// while a SUBSCRIBE waits for its confirmation.
bool confirms(const Value& push, CommandView::Answer wanted);

/// Whether this answer to UNSUBSCRIBE and the like is an error that says that there was nothing to
/// end. NOSUB: the connection has no subscription. MOVED and CLUSTERDOWN: the server no longer has
/// the slot of the shard channel, and so has ended the subscription by itself.
bool says_not_subscribed(const Value& answer);

}  // namespace plimsoll::inline v0
