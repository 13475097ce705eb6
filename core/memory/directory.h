#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "plimsoll/core/memory/account.h"

// Pointers to the chunks of a Queue, in their order, so that the queue finds a chunk without
// walking over the chunks in front of it. The array grows by doubling, so adding or removing a
// chunk has a constant cost on average.

namespace plimsoll::inline v0 {

/// A null pointer as long as there is no array. The owner passes the payer to each call, which
/// saves a pointer, and must clear() the directory before it is destroyed.
template <class Chunk>
class Directory {
 public:
  explicit operator bool() const { return array_ != nullptr; }
  std::size_t count() const { return array_->end - array_->begin; }
  Chunk** begin() const { return places(*array_) + array_->begin; }
  Chunk** end() const { return places(*array_) + array_->end; }

  /// Makes an array with room for `capacity` chunks. False: no memory.
  bool make(Account& payer, std::size_t capacity) {
    array_ = allocate(payer, static_cast<std::uint32_t>(capacity));
    return array_ != nullptr;
  }

  /// Adds a chunk behind all others. If there is no memory for it, frees the whole array: a
  /// directory that lacks a chunk would be wrong, and a queue works without a directory.
  void push_back(Account& payer, Chunk* chunk) {
    if (array_->end == array_->capacity && !make_room(payer)) return;
    places(*array_)[array_->end++] = chunk;
  }
  void pop_front() { ++array_->begin; }

  /// Keeps only the first `count` chunks.
  void truncate(std::size_t count) {
    array_->end = array_->begin + static_cast<std::uint32_t>(count);
  }

  void clear(Account& payer) {
    if (array_ != nullptr) release(payer, std::exchange(array_, nullptr));
  }

 private:
  struct alignas(std::max_align_t) Array {
    std::uint32_t capacity;
    std::uint32_t begin;  // the places in front of it are free
    std::uint32_t end;
  };

  static Chunk** places(Array& array) { return reinterpret_cast<Chunk**>(&array + 1); }
  static std::size_t bytes_of(std::size_t capacity) {
    return sizeof(Array) + capacity * sizeof(Chunk*);
  }

  // Moves the chunks to the front of the array if half of it is free there; otherwise to a larger
  // array.
  bool make_room(Account& payer) {
    Array* to = array_;
    if (count() > array_->capacity / 2) {
      to = allocate(payer, 2 * array_->capacity);
      if (to == nullptr) {
        clear(payer);
        return false;
      }
    }
    const auto left = static_cast<std::uint32_t>(count());
    std::copy(begin(), end(), places(*to));
    to->begin = 0;
    to->end = left;
    if (to != array_) release(payer, std::exchange(array_, to));
    return true;
  }

  static Array* allocate(Account& payer, std::uint32_t capacity) {
    void* const block = payer.allocate(bytes_of(capacity));
    return block == nullptr ? nullptr : new (block) Array{capacity, 0, 0};
  }

  static void release(Account& payer, Array* array) {
    payer.deallocate(array, bytes_of(array->capacity));
  }

  Array* array_ = nullptr;
};

}  // namespace plimsoll::inline v0
