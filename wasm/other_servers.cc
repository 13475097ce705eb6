#include "plimsoll/core/client/if_other_servers.h"

namespace plimsoll::inline v0 {

#ifdef __EMSCRIPTEN__
// For where there is TCP.
bool may_have_other_servers() { return true; }
#endif

}  // namespace plimsoll::inline v0
