#include "plimsoll/native/base/stay_loaded.h"

#include <dlfcn.h>

namespace plimsoll::inline v0::native {

// For a program itself dlopen() finds nothing, and for one that is linked statically dladdr() finds
// nothing; neither can be unloaded.
void stay_loaded() {
  Dl_info here;
  if (::dladdr(reinterpret_cast<const void*>(&stay_loaded), &here) == 0) return;
  if (here.dli_fname == nullptr) return;
  ::dlopen(here.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

}  // namespace plimsoll::inline v0::native
