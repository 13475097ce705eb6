#pragma once

// The object that this process's malloc is in: the executable, the C library, or a library that was
// linked or preloaded instead. The existence of a symbol proves nothing: glibc's malloc_trim()
// exists with any allocator, and a library may be loaded whose malloc is not used. But the
// functions that belong to malloc are in the same object.

namespace plimsoll::inline v0::native::detail {

class MallocObject {
 public:
  static MallocObject of_process();

  /// Returns the address of `symbol` if this object defines it, else null. `linked` is a weak
  /// reference to the same function: it finds a statically linked function, which an executable
  /// hides from a search by name.
  template <class Function>
  Function* function(const char* symbol, Function* linked) const {
    if (void* const found = find(symbol); found != nullptr) {
      return reinterpret_cast<Function*>(found);
    }
    return holds(reinterpret_cast<const void*>(linked)) ? linked : nullptr;
  }

  /// Whether this object defines and exports `symbol`.
  bool defines(const char* symbol) const { return find(symbol) != nullptr; }

 private:
  explicit MallocObject(const void* base) : base_(base) {}

  void* find(const char* symbol) const;
  bool holds(const void* address) const;

  const void* base_;
};

}  // namespace plimsoll::inline v0::native::detail
