#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/directory.h"
#include "plimsoll/core/memory/memory_source.h"

// A FIFO that is bounded by count and by its account, and that costs nothing while it is empty. The
// queue grows by chunks of 4 KiB, of which the first may be smaller (FirstChunk), and all of them
// together never have more slots than the queue may have elements. A drained chunk is given back at
// once.
//
// Invariants:
// - Chunks form a list from `first_` to `last_`. In each the elements are [begin, end).
// - slots_count_ is the number of slots in all chunks, at most size_max_. When it has reached
//   size_max_ no further chunk is allocated: new elements go to the free slots at the front of the
//   first chunk (`wrapped` of them), and come behind all other elements. So a full queue costs its
//   elements, the object, and a twentieth of that for headers and the allocator, however long it
//   stays full.
// - A queue with many chunks also pays for a Directory of them (8 bytes for each 4 KiB), so that
//   lower_bound() need not walk over the chunks. If there is no memory for it, lower_bound() walks.
//
// The cost of a call does not depend on the number of elements, unless its comment says so.

namespace plimsoll::inline v0 {

/// T must move without throwing. A pointer to an element is valid until the element is popped, or
/// until erase_if().
template <class T>
class Queue {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T>);
  static_assert(std::is_nothrow_destructible_v<T> && alignof(T) <= alignof(std::max_align_t));

  struct alignas(std::max_align_t) Chunk {
    Chunk* next;
    std::uint16_t capacity;
    std::uint16_t begin;    // index of the first element in use
    std::uint16_t end;      // one past the last
    std::uint16_t wrapped;  // in the first chunk: elements in front of `begin`, which come last

    T* slots() { return reinterpret_cast<T*>(this + 1); }
  };

 public:
  /// The bytes of a chunk besides its elements.
  static constexpr std::size_t chunk_header_bytes = sizeof(Chunk);
  static constexpr std::size_t elements_in_first_chunk = std::max<std::size_t>(256 / sizeof(T), 1);
  static constexpr std::size_t elements_per_chunk =
      std::max<std::size_t>((chunk_bytes - sizeof(Chunk)) / sizeof(T), 1);

  enum class Push { accepted, full, out_of_budget };

  enum class FirstChunk : std::uint8_t {
    small,         ///< 256 bytes: for what may hold a few elements for long
    page_if_kept,  ///< a page, while the account keeps pages: for what is filled and drained often
  };

  /// Chunks are charged to `payer`, which must outlive the queue. A `size_max` beyond 32 bits is
  /// reduced to UINT32_MAX.
  Queue(Account& payer, std::size_t size_max, FirstChunk first_chunk = FirstChunk::small)
      : payer_(&payer),
        size_max_(static_cast<std::uint32_t>(std::min<std::size_t>(size_max, UINT32_MAX))),
        first_chunk_(first_chunk) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  ~Queue() { clear(); }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t size_max() const { return size_max_; }
  /// The slots of all chunks.
  std::size_t capacity() const { return slots_count_; }
  /// Whether there is a slot behind the last element, so that push_back() does not fail.
  bool has_room_behind_last() const { return last_ != nullptr && last_->end != last_->capacity; }
  Account& payer() const { return *payer_; }

  /// If the value is not accepted, it is not moved from.
  [[nodiscard]] Push push_back(const T& value) { return add(value); }
  [[nodiscard]] Push push_back(T&& value) { return add(std::move(value)); }

  T& front() {
    PLIMSOLL_CHECK(size_ > 0);
    return first_->slots()[first_->begin];
  }

  T& back() {
    PLIMSOLL_CHECK(size_ > 0);
    return first_->wrapped > 0 ? first_->slots()[first_->wrapped - 1]
                               : last_->slots()[last_->end - 1];
  }

  void pop_front() {
    PLIMSOLL_CHECK(size_ > 0);
    --size_;
    first_->slots()[first_->begin].~T();
    if (++first_->begin == first_->end) leave_first();
  }

  /// Pops the elements for which `is_before(const T&)` is true, which must be the first ones, in
  /// whole chunks: what shares a chunk with others stays, and so does the last chunk. Takes a step
  /// a chunk, while no slot is used anew.
  template <class IsBefore>
  void pop_chunks_before(IsBefore&& is_before) {
    while (first_ != last_ && first_->wrapped == 0 &&
           is_before(std::as_const(first_->slots()[first_->end - 1]))) {
      size_ -= static_cast<std::uint32_t>(first_->end - first_->begin);
      if constexpr (!std::is_trivially_destructible_v<T>) {
        std::destroy(first_->slots() + first_->begin, first_->slots() + first_->end);
      }
      leave_first();
    }
  }

  /// Walks over the chunks if this empties the last chunk and there is no Directory.
  void pop_back() {
    PLIMSOLL_CHECK(size_ > 0);
    if (first_->wrapped > 0) {
      --size_;
      first_->slots()[--first_->wrapped].~T();
    } else if (last_->end - last_->begin < 2) {
      pop_last();
    } else {
      --size_;
      last_->slots()[--last_->end].~T();
    }
  }

  /// Returns the element at `index` from the front. Walks over the chunks in front of it.
  T& at(std::size_t index) {
    PLIMSOLL_CHECK(index < size_);
    for (Chunk* chunk = first_; chunk != nullptr; chunk = chunk->next) {
      const std::size_t here = chunk->end - chunk->begin;
      if (index < here) return chunk->slots()[chunk->begin + index];
      index -= here;
    }
    return first_->slots()[index];
  }

  /// Calls `visit(T&)` for each element from `index` to the back, until `visit` returns false.
  /// Walks over the chunks in front of that element.
  template <class Visit>
  void for_each_from(std::size_t index, Visit&& visit) {
    for (Chunk* chunk = first_; chunk != nullptr; chunk = chunk->next) {
      const std::size_t here = chunk->end - chunk->begin;
      if (index >= here) {
        index -= here;
        continue;
      }
      for (std::size_t i = chunk->begin + index; i < chunk->end; ++i) {
        if (!visit(chunk->slots()[i])) return;
      }
      index = 0;
    }
    if (first_ == nullptr) return;
    for (std::size_t i = index; i < first_->wrapped; ++i) {
      if (!visit(first_->slots()[i])) return;
    }
  }

  /// Returns the first element for which `is_before(const T&)` is false, or null. The elements must
  /// be ordered so that `is_before` is true for all elements up to some place and false for the
  /// rest. Takes logarithmically many steps, if there is a Directory.
  template <class IsBefore>
  T* lower_bound(IsBefore&& is_before) {
    const Place place = place_of(is_before);
    return place.chunk == nullptr ? nullptr : &place.chunk->slots()[place.at];
  }

  /// Like for_each_from(), starting at the element that lower_bound() returns.
  template <class IsBefore, class Visit>
  void for_each_from_bound(IsBefore&& is_before, Visit&& visit) {
    Place place = place_of(is_before);
    if (place.chunk == nullptr) return;
    std::size_t wrapped = 0;
    if (place.is_wrapped) {
      wrapped = place.at;
    } else {
      for (; place.chunk != nullptr; place.chunk = place.chunk->next) {
        for (std::size_t i = std::max<std::size_t>(place.at, place.chunk->begin);
             i < place.chunk->end; ++i) {
          if (!visit(place.chunk->slots()[i])) return;
        }
        place.at = 0;
      }
    }
    for (; wrapped < first_->wrapped; ++wrapped) {
      if (!visit(first_->slots()[wrapped])) return;
    }
  }

  /// Removes every element for which `unwanted(const T&)` is true. The others keep their order.
  /// Needs no memory, since elements only move towards the front. Walks over all elements.
  template <class Unwanted>
  void erase_if(Unwanted&& unwanted) {
    Cursor to{first_, first_ == nullptr ? 0u : first_->begin, first_ == nullptr ? 0u : first_->end};
    std::size_t kept = 0;
    for_each_from(0, [&](T& value) {
      if (unwanted(std::as_const(value))) return true;
      T& slot = next_slot(to);
      if (&slot != &value) slot = std::move(value);
      ++kept;
      return true;
    });
    if (kept < size_) truncate(kept);
  }

  void clear() { truncate(0); }

 private:
  struct Cursor {
    Chunk* chunk;
    std::size_t at;
    std::size_t end;
  };

  struct Place {
    Chunk* chunk = nullptr;
    std::size_t at = 0;
    bool is_wrapped = false;
  };

  // With directory_chunks_min chunks the queue gets a directory; with fewer than
  // directory_chunks_left_min it loses the directory again. The numbers differ, so that a queue
  // near one of them does not make and drop a directory all the time.
  static constexpr std::size_t directory_chunks_min = 8;
  static constexpr std::size_t directory_chunks_left_min = 4;

  template <class IsBefore>
  Place place_of(IsBefore& is_before) {
    if (size_ == 0) return {};
    const auto is_whole_before = [&is_before](Chunk* chunk) {
      return is_before(std::as_const(chunk->slots()[chunk->end - 1]));
    };
    if (is_whole_before(last_)) {
      const std::size_t at = search(first_, 0, first_->wrapped, is_before);
      return at == first_->wrapped ? Place{} : Place{first_, at, true};
    }
    Chunk* chunk = first_;
    if (directory_) {
      chunk = *std::partition_point(directory_.begin(), directory_.end(), is_whole_before);
    } else {
      while (is_whole_before(chunk)) chunk = chunk->next;
    }
    return {chunk, search(chunk, chunk->begin, chunk->end, is_before), false};
  }

  template <class IsBefore>
  static std::size_t search(Chunk* chunk, std::size_t begin, std::size_t end, IsBefore& is_before) {
    const T* const slots = chunk->slots();
    const T* const found = std::partition_point(
        slots + begin, slots + end, [&is_before](const T& value) { return is_before(value); });
    return static_cast<std::size_t>(found - slots);
  }

  // Always inlined, since every request takes this path. Adding and freeing chunks is kept out of
  // line.
  template <class Value>
  [[gnu::always_inline]] Push add(Value&& value) {
    if (size_ == size_max_) return Push::full;
    T* slot = nullptr;
    if (last_ != nullptr && last_->end != last_->capacity) {
      slot = &last_->slots()[last_->end++];
    } else {
      slot = add_slot();
      if (slot == nullptr) return Push::out_of_budget;
    }
    new (slot) T(std::forward<Value>(value));
    ++size_;
    return Push::accepted;
  }

  [[gnu::noinline]] T* add_slot() {
    // All slots that the queue may have are allocated, so the free slots are in front of the first
    // element.
    if (slots_count_ == size_max_) return &first_->slots()[first_->wrapped++];
    const std::size_t capacity = std::min<std::size_t>(
        last_ == nullptr && !begins_with_page() ? elements_in_first_chunk : elements_per_chunk,
        size_max_ - slots_count_);
    Chunk* const chunk = allocate(capacity);
    if (chunk == nullptr) return nullptr;
    (last_ == nullptr ? first_ : last_->next) = chunk;
    last_ = chunk;
    slots_count_ += static_cast<std::uint32_t>(capacity);
    note_last();
    return &chunk->slots()[chunk->end++];
  }

  // Called when the elements of the first chunk are gone. Gives the chunk back, unless new elements
  // have wrapped around into it: then it becomes the last chunk.
  [[gnu::noinline]] void leave_first() {
    Chunk* const left = first_;
    if (left->wrapped == 0) {
      first_ = left->next;
      if (first_ == nullptr) last_ = nullptr;
      release(left);
      note_first_left();
      return;
    }
    left->begin = 0;
    left->end = std::exchange(left->wrapped, std::uint16_t{0});
    if (left == last_) return;
    first_ = std::exchange(left->next, nullptr);
    last_->next = left;
    last_ = left;
    note_first_left();
    note_last();
  }

  // Removes the only element of the last chunk, and the chunk.
  [[gnu::noinline]] void pop_last() {
    if (!directory_ || directory_.count() <= directory_chunks_left_min) return truncate(size_ - 1);
    --size_;
    last_->slots()[last_->begin].~T();
    Chunk* const left = last_;
    directory_.truncate(directory_.count() - 1);
    last_ = directory_.end()[-1];
    last_->next = nullptr;
    release(left);
  }

  // Adds the new `last_` to the directory. If there was no memory for a directory, each new chunk
  // tries again to make one.
  void note_last() {
    if (directory_) return directory_.push_back(*payer_, last_);
    if (slots_count_ < directory_chunks_min * elements_per_chunk) return;
    const std::size_t chunks_count = slots_count_ / elements_per_chunk + 2;
    if (!directory_.make(*payer_, 2 * chunks_count)) return;
    for (Chunk* chunk = first_; chunk != nullptr; chunk = chunk->next) {
      directory_.push_back(*payer_, chunk);
    }
  }

  // Removes the first chunk from the directory, because the chunk is not the first any more.
  void note_first_left() {
    if (!directory_) return;
    directory_.pop_front();
    if (directory_.count() < directory_chunks_left_min) directory_.clear(*payer_);
  }

  T& next_slot(Cursor& cursor) {
    if (cursor.at == cursor.end) {
      Chunk* const next = cursor.chunk->next;
      cursor = next != nullptr ? Cursor{next, next->begin, next->end}
                               : Cursor{first_, 0, first_->wrapped};
    }
    return cursor.chunk->slots()[cursor.at++];
  }

  void truncate(std::size_t kept) {
    if constexpr (!std::is_trivially_destructible_v<T>) {
      for_each_from(kept, [](T& value) {
        value.~T();
        return true;
      });
    }
    size_ = static_cast<std::uint32_t>(kept);
    Chunk** link = &first_;
    last_ = nullptr;
    std::uint32_t chunks_count = 0;
    while (kept > 0 && *link != nullptr) {
      last_ = *link;
      const std::size_t here =
          std::min<std::size_t>(kept, static_cast<std::size_t>(last_->end - last_->begin));
      last_->end = static_cast<std::uint16_t>(last_->begin + here);
      kept -= here;
      link = &last_->next;
      ++chunks_count;
    }
    if (first_ != nullptr) first_->wrapped = static_cast<std::uint16_t>(kept);
    Chunk* surplus = std::exchange(*link, nullptr);
    while (surplus != nullptr) release(std::exchange(surplus, surplus->next));
    if (!directory_) return;
    directory_.truncate(chunks_count);
    if (chunks_count < directory_chunks_left_min) directory_.clear(*payer_);
  }

  static constexpr std::size_t bytes_of(std::size_t capacity) {
    return sizeof(Chunk) + capacity * sizeof(T);
  }

  // Whole chunks come from the Budget's pool, which keeps free ones for a while: a queue whose
  // length changes all the time would otherwise ask the allocator again and again.
  static bool is_page(std::size_t capacity) {
    constexpr std::size_t waste_max = chunk_bytes / 16;
    return capacity == elements_per_chunk && bytes_of(capacity) <= chunk_bytes &&
           bytes_of(capacity) >= chunk_bytes - waste_max;
  }

  bool begins_with_page() const {
    return first_chunk_ == FirstChunk::page_if_kept && is_page(elements_per_chunk) &&
           payer_->keeps_pages();
  }

  Chunk* allocate(std::size_t capacity) {
    void* const block = is_page(capacity) ? payer_->budget().chunks().acquire(*payer_)
                                          : payer_->allocate(bytes_of(capacity));
    if (block == nullptr) return nullptr;
    return new (block) Chunk{nullptr, static_cast<std::uint16_t>(capacity), 0, 0, 0};
  }

  void release(Chunk* chunk) {
    const std::size_t capacity = chunk->capacity;
    slots_count_ -= static_cast<std::uint32_t>(capacity);
    if (is_page(capacity)) return payer_->budget().chunks().release(chunk, *payer_);
    payer_->deallocate(chunk, bytes_of(capacity));
  }

  Account* payer_;
  const std::uint32_t size_max_;
  std::uint32_t size_ = 0;
  std::uint32_t slots_count_ = 0;  // in all chunks; at most `size_max_`
  const FirstChunk first_chunk_;
  Chunk* first_ = nullptr;
  Chunk* last_ = nullptr;
  Directory<Chunk> directory_;
};

}  // namespace plimsoll::inline v0
