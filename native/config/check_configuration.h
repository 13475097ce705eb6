#pragma once

#include "plimsoll/native/config/draft.h"

namespace plimsoll::inline v0::native::config {

/// Reports values that are valid by themselves but conflict with each other. Skips parts in which a
/// value was invalid already.
void check_configuration(Draft& draft);

}  // namespace plimsoll::inline v0::native::config
