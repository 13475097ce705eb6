#pragma once

#include <array>
#include <cstddef>
#include <new>

#include "plimsoll/core/memory/poison.h"

namespace plimsoll::inline v0::native {

/// Memory for the states of calls. A call that ends in a thread leaves its block to the next call
/// that begins there: so a program that answers each reply with a request allocates nothing. Each
/// thread keeps at most `kept_max` free blocks of a size, and none larger than `bytes_max`.
class RecycledMemory {
 public:
  static constexpr std::size_t bytes_max = 512;
  static constexpr unsigned kept_max = 8;

  /// Throws std::bad_alloc.
  static void* allocate(std::size_t bytes) {
    if (bytes > bytes_max) return ::operator new(bytes);
    const std::size_t of_size = index(bytes);
    List& list = lists_[of_size];
    if (list.first == nullptr) return ::operator new((of_size + 1) * step);
    Block* const block = list.first;
    unpoison(block, (of_size + 1) * step);
    list.first = block->next;
    ++list.room;
    return block;
  }

  /// `bytes`: as for allocate(). Inlined, because each call ends with it, and then `bytes` is
  /// known.
  [[gnu::always_inline]] static void deallocate(void* memory, std::size_t bytes) noexcept {
    if (bytes > bytes_max) return ::operator delete(memory);
    const std::size_t of_size = index(bytes);
    List& list = lists_[of_size];
    if (list.room == 0 && !begin(list)) return ::operator delete(memory);
    list.first = new (memory) Block{list.first};
    --list.room;
    poison(static_cast<char*>(memory) + sizeof(Block), (of_size + 1) * step - sizeof(Block));
  }

 private:
  static constexpr std::size_t step = 64;

  struct Block {
    Block* next;
  };
  struct List {
    Block* first = nullptr;
    unsigned room = 0;  // for so many more blocks; 0 also before the thread's first block
    bool has_begun = false;
  };

  static constexpr std::size_t index(std::size_t bytes) { return (bytes - 1) / step; }
  static bool begin(List& list) noexcept;
  static void release_all() noexcept;

  using Lists = std::array<List, bytes_max / step>;
  static constinit thread_local Lists lists_;
};

inline constinit thread_local RecycledMemory::Lists RecycledMemory::lists_{};

/// A standard allocator of RecycledMemory.
template <class T>
class RecyclingAllocator {
 public:
  using value_type = T;

  RecyclingAllocator() = default;
  template <class U>
  RecyclingAllocator(const RecyclingAllocator<U>&) {}

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    if constexpr (is_over_aligned) {
      return static_cast<T*>(::operator new(bytes, std::align_val_t(alignof(T))));
    } else {
      return static_cast<T*>(RecycledMemory::allocate(bytes));
    }
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    if constexpr (is_over_aligned) {
      ::operator delete(memory, std::align_val_t(alignof(T)));
    } else {
      RecycledMemory::deallocate(memory, count * sizeof(T));
    }
  }

  template <class U>
  bool operator==(const RecyclingAllocator<U>&) const {
    return true;
  }

 private:
  static constexpr bool is_over_aligned = alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__;
};

}  // namespace plimsoll::inline v0::native
