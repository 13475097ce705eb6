#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/memory_source.h"

// Pointers to the chunks of a Queue, in their order, so that one of them is found without walking
// over those in front of it: an array that grows by doubling. What comes and goes costs the same
// however many there are, on average.

namespace plimsoll {

/// A pointer as long as there is no array. Whoever has it says who pays, and clears it.
template <class Chunk>
class Directory {
 public:
  explicit operator bool() const { return array_ != nullptr; }
  std::size_t count() const { return array_->end - array_->begin; }
  Chunk** begin() const { return places(*array_) + array_->begin; }
  Chunk** end() const { return places(*array_) + array_->end; }

  /// Makes an array, with room for so many at first. False: no memory.
  bool make(Account& payer, std::size_t capacity) {
    array_ = allocate(payer, static_cast<std::uint32_t>(capacity));
    return array_ != nullptr;
  }

  /// Behind all others. Where there is no memory for it the array goes.
  void push_back(Account& payer, Chunk* chunk) {
    if (array_->end == array_->capacity && !make_room(payer)) return;
    places(*array_)[array_->end++] = chunk;
  }
  void pop_front() { ++array_->begin; }
  /// The first `count` are left.
  void truncate(std::size_t count) {
    array_->end = array_->begin + static_cast<std::uint32_t>(count);
  }

  void clear(Account& payer) {
    if (array_ != nullptr) release(payer, std::exchange(array_, nullptr));
  }

 private:
  struct alignas(std::max_align_t) Array {
    std::uint32_t capacity;
    std::uint32_t begin;  // what is in front of that is free
    std::uint32_t end;
  };

  static Chunk** places(Array& array) { return reinterpret_cast<Chunk**>(&array + 1); }
  static std::size_t bytes_of(std::size_t capacity) {
    return sizeof(Array) + capacity * sizeof(Chunk*);
  }

  // In front, if half of the array is free there; else in a larger one.
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
    MemorySource& source = payer.source();
    const std::size_t footprint = source.block_footprint(bytes_of(capacity));
    if (!payer.charge(footprint)) return nullptr;
    void* const block = source.allocate_block(bytes_of(capacity));
    if (block == nullptr) {
      payer.revoke(footprint);
      return nullptr;
    }
    return new (block) Array{capacity, 0, 0};
  }

  static void release(Account& payer, Array* array) {
    MemorySource& source = payer.source();
    const std::size_t bytes = bytes_of(array->capacity);
    source.release_block(array, bytes);
    payer.release(source.block_footprint(bytes));
  }

  Array* array_ = nullptr;
};

}  // namespace plimsoll
