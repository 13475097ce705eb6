#pragma once

#include "plimsoll/native/config/draft.h"

namespace plimsoll::native::config {

/// What goes badly together, though each value for itself could be. A part of which something was
/// wrong already is left out.
void check_configuration(Draft& draft);

}  // namespace plimsoll::native::config
