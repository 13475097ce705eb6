#include "plimsoll/core/client/if_other_servers.h"

namespace plimsoll::inline v0 {

#ifdef __EMSCRIPTEN__
// For pages, and runtimes like them.
bool may_have_other_servers() { return false; }
#endif

}  // namespace plimsoll::inline v0
