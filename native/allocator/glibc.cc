#include <algorithm>

#include "plimsoll/native/allocator/allocator.h"

#ifdef __GLIBC__

#include <gnu/libc-version.h>
#include <malloc.h>

// Weak references, so that a program that is statically linked with another malloc does not also
// get glibc's, and so that a glibc before 2.33 works, which has no mallinfo2().
#pragma weak malloc_trim
#pragma weak mallinfo2

namespace plimsoll::inline v0::native::detail {
namespace {

using Trim = int(std::size_t);
using Information = struct mallinfo2();

class Glibc final : public Allocator {
 public:
  Glibc(Trim* trim, Information* information)
      : Allocator("glibc", ::gnu_get_libc_version()), trim_(trim), information_(information) {}

  bool can_give_back() const override { return true; }

  // glibc also counts free pages that already went back to the system. So the result is capped at
  // the resident memory that is not in use, which is still too much if other allocators have
  // memory, too.
  std::optional<std::size_t> excess(std::size_t anonymous_bytes) const override {
    if (information_ == nullptr) return std::nullopt;
    const auto heap = information_();
    return std::min(heap.fordblks, anonymous_bytes - std::min(anonymous_bytes, heap.uordblks));
  }

  // Since glibc 2.8, malloc_trim() walks over all arenas, each under its lock, and returns whole
  // free pages to the system.
  void give_back() const override { trim_(0); }

 private:
  Trim* trim_;
  Information* information_;
};

}  // namespace

std::unique_ptr<Allocator> find_glibc(const MallocObject& object) {
  Trim* const trim = object.function<Trim>("malloc_trim", ::malloc_trim);
  if (trim == nullptr) return nullptr;
  return std::make_unique<Glibc>(trim, object.function<Information>("mallinfo2", ::mallinfo2));
}

}  // namespace plimsoll::inline v0::native::detail

#else

std::unique_ptr<plimsoll::native::Allocator> plimsoll::native::detail::find_glibc(
    const MallocObject&) {
  return nullptr;
}

#endif
