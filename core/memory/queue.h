#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/memory_source.h"

// A FIFO that is bounded by count and by its account, and that costs nothing while it is empty: it
// grows by chunks of 4 KiB and gives each back as soon as it is drained. Elements are plain values.

namespace plimsoll {

template <class T>
class Queue {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

  struct Chunk {
    Chunk* next;
    std::size_t begin;  // index of the first element in use
    std::size_t end;    // one past the last
    T* slots() { return reinterpret_cast<T*>(reinterpret_cast<char*>(this) + header_bytes); }
    static constexpr std::size_t header_bytes =
        (3 * sizeof(void*) + alignof(T) - 1) / alignof(T) * alignof(T);
  };

 public:
  static constexpr std::size_t elements_per_chunk = (chunk_bytes - Chunk::header_bytes) / sizeof(T);

  enum class Push { accepted, full, out_of_budget };

  /// Chunks are charged to `payer`, which must outlive the queue.
  Queue(Account& payer, std::size_t size_max) : payer_(&payer), size_max_(size_max) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  ~Queue() { clear(); }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t size_max() const { return size_max_; }

  [[nodiscard]] Push push_back(const T& value) {
    if (size_ == size_max_) return Push::full;
    if (last_ == nullptr || last_->end == elements_per_chunk) {
      void* const page = payer_->budget().chunks().acquire(*payer_);
      if (page == nullptr) return Push::out_of_budget;
      auto* const chunk = new (page) Chunk{nullptr, 0, 0};
      (last_ == nullptr ? first_ : last_->next) = chunk;
      last_ = chunk;
    }
    new (&last_->slots()[last_->end++]) T(value);
    ++size_;
    return Push::accepted;
  }

  T& front() {
    PLIMSOLL_CHECK(size_ > 0);
    return first_->slots()[first_->begin];
  }

  T& back() {
    PLIMSOLL_CHECK(size_ > 0);
    return last_->slots()[last_->end - 1];
  }

  void pop_front() {
    PLIMSOLL_CHECK(size_ > 0);
    --size_;
    if (++first_->begin == first_->end) drop_first();
  }

  /// The element at `index` from the front; walks one chunk at a time.
  T& at(std::size_t index) {
    PLIMSOLL_CHECK(index < size_);
    Chunk* chunk = first_;
    while (index >= chunk->end - chunk->begin) {
      index -= chunk->end - chunk->begin;
      chunk = chunk->next;
    }
    return chunk->slots()[chunk->begin + index];
  }

  /// Calls `visit(T&)` from the element at `index` to the back, until it returns false.
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
  }

  /// Removes every element for which `unwanted(const T&)`; the others keep their order. Needs no
  /// memory: elements only move towards the front.
  template <class Unwanted>
  void erase_if(Unwanted&& unwanted) {
    Chunk* to = first_;
    std::size_t at = to == nullptr ? 0 : to->begin;
    std::size_t kept = 0;
    for (Chunk* from = first_; from != nullptr; from = from->next) {
      for (std::size_t i = from->begin; i < from->end; ++i) {
        const T& value = from->slots()[i];
        if (unwanted(value)) continue;
        if (at == to->end) {
          to = to->next;
          at = to->begin;
        }
        to->slots()[at++] = value;
        ++kept;
      }
    }
    if (kept == size_) return;
    truncate(kept);
  }

  void clear() { truncate(0); }

 private:
  void release(Chunk* chunk) { payer_->budget().chunks().release(chunk, *payer_); }

  void drop_first() {
    Chunk* const empty = first_;
    first_ = empty->next;
    if (first_ == nullptr) last_ = nullptr;
    release(empty);
  }

  void truncate(std::size_t kept) {
    size_ = kept;
    Chunk** link = &first_;
    last_ = nullptr;
    while (kept > 0) {
      last_ = *link;
      const std::size_t here = last_->end - last_->begin;
      if (kept < here) last_->end = last_->begin + kept;
      kept -= kept < here ? kept : here;
      link = &last_->next;
    }
    Chunk* surplus = std::exchange(*link, nullptr);
    while (surplus != nullptr) release(std::exchange(surplus, surplus->next));
  }

  Account* payer_;
  const std::size_t size_max_;
  std::size_t size_ = 0;
  Chunk* first_ = nullptr;
  Chunk* last_ = nullptr;
};

}  // namespace plimsoll
