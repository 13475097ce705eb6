#pragma once

#include "plimsoll/core/commands/question.h"
#include "plimsoll/core/resp/value.h"

namespace plimsoll::inline v0 {

/// Whether this may be the reply of a key that does not exist: null, 0 or less, false, an empty
/// string or aggregate, "none" (TYPE), or an aggregate of only such values. A key that exists may
/// answer the same. The reply to a GET is of a key that exists unless it is null.
///
/// A cluster's node tells nobody when it loses the slot of a key that does not exist. The key may
/// be written elsewhere then, and a client that keeps such a reply keeps it for ever.
bool may_be_of_absent_key(const commands::Question& question, const Value& reply);

}  // namespace plimsoll::inline v0
