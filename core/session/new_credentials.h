#pragma once

#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/session/options.h"

// How a session changes the user of a connection that is in use. For use inside the session only.

namespace plimsoll::inline v0 {

/// The commands of new credentials: AUTH, and HELLO behind it. While a server has other replies to
/// send on the connection, it does not answer an AUTH that it refuses (clientHasPendingReplies() in
/// its acl.c). Every later reply would then be matched with the wrong request. HELLO changes
/// nothing, every user may send it, and its reply is a map: if the map comes first, AUTH was
/// refused.
///
/// Returns the two commands, encoded; an empty block if there is no memory.
Block encode_new_credentials(Account& connections, const SessionOptions& options);

}  // namespace plimsoll::inline v0
