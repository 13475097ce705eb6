#include "plimsoll/native/allocator/allocator.h"

namespace plimsoll::inline v0::native {
namespace {

std::unique_ptr<Allocator> find_allocator() {
  const detail::MallocObject object = detail::MallocObject::of_process();
  // glibc comes last: in a statically linked program all symbols lie in one object, so it would
  // match other allocators, too.
  for (const auto find : {detail::find_jemalloc, detail::find_mimalloc, detail::find_tcmalloc}) {
    if (auto found = find(object)) return found;
  }
  if (object.defines("__sanitizer_get_heap_size")) return std::make_unique<Allocator>("sanitizer");
  if (auto found = detail::find_glibc(object)) return found;
  return std::make_unique<Allocator>();
}

}  // namespace

std::optional<std::size_t> Allocator::excess(std::size_t) const { return std::nullopt; }

const Allocator& process_allocator() {
  // Never destroyed: a thread may call this while static objects are destroyed.
  static const Allocator& found = *find_allocator().release();
  return found;
}

}  // namespace plimsoll::inline v0::native
