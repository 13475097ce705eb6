#pragma once

// Where this process's malloc lies: the executable, the C library, or what was linked or preloaded
// in its place. That a symbol is there says little: glibc's malloc_trim() is found under any
// allocator, and a library may be loaded whose malloc nobody calls. What belongs to malloc lies in
// the same object.

namespace plimsoll::native::detail {

class MallocObject {
 public:
  static MallocObject of_process();

  /// `symbol`, if this object defines it, else null. `linked`: a weak reference to it, which knows
  /// of what is linked statically; an executable hides that from a search by name.
  template <class Function>
  Function* function(const char* symbol, Function* linked) const {
    if (void* const found = find(symbol); found != nullptr) {
      return reinterpret_cast<Function*>(found);
    }
    return holds(reinterpret_cast<const void*>(linked)) ? linked : nullptr;
  }

  /// Whether this object defines `symbol`, and lets others see it.
  bool defines(const char* symbol) const { return find(symbol) != nullptr; }

 private:
  explicit MallocObject(const void* base) : base_(base) {}

  void* find(const char* symbol) const;
  bool holds(const void* address) const;

  const void* base_;
};

}  // namespace plimsoll::native::detail
