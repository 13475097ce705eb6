#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace plimsoll::inline v0 {

/// Whether the clients of this program may have servers beside the one of their main connection:
/// sentinels, replicas, nodes of a cluster. Natively they may. Of the WebAssembly core there are
/// two modules, made of the same objects and of a file each that says this. A page has no TCP, so
/// its clients have one bridge, and its module is smaller: what is reached only where this is true,
/// the linker drops, since it optimises all files together.
#ifdef __EMSCRIPTEN__
bool may_have_other_servers();
#else
constexpr bool may_have_other_servers() { return true; }
#endif

/// A pointer, or an owner of one, to what clients have only with other servers. Where they may not
/// have any it reads as null, whatever is written, so that no code behind it is reached.
template <class Pointer>
class IfOtherServers {
 public:
  using Pointee = std::remove_reference_t<decltype(*std::declval<const Pointer&>())>;

  IfOtherServers() = default;
  explicit(false) IfOtherServers(Pointer pointer) : pointer_(std::move(pointer)) {}

  Pointee* get() const { return may_have_other_servers() && pointer_ ? &*pointer_ : nullptr; }
  Pointee* operator->() const { return get(); }
  Pointee& operator*() const { return *get(); }
  explicit operator bool() const { return get() != nullptr; }
  bool operator==(std::nullptr_t) const { return get() == nullptr; }

 private:
  Pointer pointer_{};
};

}  // namespace plimsoll::inline v0
