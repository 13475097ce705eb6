#include "plimsoll/native/allocator/malloc_object.h"

#include <dlfcn.h>
#include <link.h>

namespace plimsoll::inline v0::native::detail {
namespace {

const void* base_of(const void* address) {
  Dl_info info{};
  return address != nullptr && ::dladdr(address, &info) != 0 ? info.dli_fbase : nullptr;
}

#ifdef __GLIBC__
// In an executable without position independence that takes a function's address, all objects see
// that address as a stub in the executable.
bool is_stub(const void* address) {
  Dl_info info{};
  void* symbol = nullptr;
  if (::dladdr1(address, &info, &symbol, RTLD_DL_SYMENT) == 0 || symbol == nullptr) return false;
  return static_cast<const ElfW(Sym)*>(symbol)->st_shndx == SHN_UNDEF;
}
#else
bool is_stub(const void*) { return false; }
#endif

// Returns the definition of `symbol` that the process uses.
void* resolve(const char* symbol) {
  void* found = ::dlsym(RTLD_DEFAULT, symbol);
  if (found != nullptr && is_stub(found)) found = ::dlsym(RTLD_NEXT, symbol);
  // Clears the error, so that the next caller of dlerror() does not see it.
  if (found == nullptr) static_cast<void>(::dlerror());
  return found;
}

}  // namespace

MallocObject MallocObject::of_process() { return MallocObject(base_of(resolve("malloc"))); }

bool MallocObject::holds(const void* address) const {
  return base_ != nullptr && base_of(address) == base_;
}

void* MallocObject::find(const char* symbol) const {
  void* const found = resolve(symbol);
  return holds(found) ? found : nullptr;
}

}  // namespace plimsoll::inline v0::native::detail
