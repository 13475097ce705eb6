#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/cache/index_link.h"
#include "plimsoll/core/memory/bounded_memory.h"

// The hash table of an index: chains of links by a hash of 32 bits, with linear hashing (Litwin,
// "Linear hashing: a new tool for file and table addressing", 1980).
//
// Invariants:
//
// - It grows and shrinks by one bucket at a time, in chunks of memory that never move, so no insert
//   has to move all links to a larger table.
// - It frees chunks as it shrinks, and costs nothing while it is empty.
// - Once it has a first chunk, add() cannot fail: without memory for more chunks, chains get
//   longer.

namespace plimsoll::inline v0::cache {

class Table {
 public:
  explicit Table(BoundedMemory& memory) : memory_(memory) {}
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  ~Table();

  /// The memory that reserve(links) would take now, and in a table without links.
  std::size_t bytes_to_reserve(std::size_t links) const;
  std::size_t bytes_when_empty(std::size_t links) const;

  /// Grows for `links` more links, by a bounded number of buckets. Returns false only if there is
  /// no memory for a first chunk.
  [[nodiscard]] bool reserve(std::size_t links);

  /// The first link in the bucket of `hash`; follow next_in_bucket. The bucket may hold links with
  /// other hashes. Null if the bucket is empty.
  IndexLink* chain(std::uint32_t hash) const {
    return buckets_ == 0 ? nullptr : *bucket(bucket_of(hash));
  }

  /// Adds a link. There must be a first chunk: reserve() returned true, or another link is there.
  void add(IndexLink& link);
  void remove(IndexLink& link);

  /// Frees the buckets that the links do not need: undoes a reserve() that no add() followed.
  void trim();

  std::size_t links_count() const { return links_; }
  std::size_t buckets_count() const { return buckets_; }

  /// CHECKs that every link is in its bucket. Returns the memory that the chunks take.
  std::size_t validate() const;

 private:
  // The first 512 buckets come in seven pieces of 8, 8, 16 ... 256, all others in chunks of 512.
  // The pointers to the chunks are in lists of 1, 2, 4 ..., which do not move either.
  static constexpr std::size_t first_buckets = 8;
  static constexpr std::size_t chunk_buckets = 512;
  static constexpr std::size_t small_count = 7;
  static constexpr std::size_t lists_count = 23;

  using Bucket = IndexLink*;

  static constexpr std::size_t small_size(std::size_t piece) {
    return piece == 0 ? first_buckets : first_buckets << (piece - 1);
  }

  Bucket* bucket(std::size_t index) const {
    if (index < chunk_buckets) [[unlikely]] {
      const auto piece = static_cast<std::size_t>(std::bit_width(index / first_buckets));
      return small_[piece] + (piece == 0 ? index : index - small_size(piece));
    }
    const std::size_t chunk = index / chunk_buckets;
    const std::size_t list = static_cast<std::size_t>(std::bit_width(chunk)) - 1;
    return lists_[list][chunk - (std::size_t{1} << list)] + index % chunk_buckets;
  }

  std::size_t bucket_of(std::uint32_t hash) const {
    const std::size_t index = hash & mask_;
    return index < buckets_ ? index : hash & (mask_ >> 1);
  }

  std::size_t target(std::size_t links) const;
  bool begins_piece(std::size_t index) const;
  std::size_t piece_bytes(std::size_t index) const;
  bool allocate_piece(std::size_t index);
  void release_piece(std::size_t index);
  bool split();
  void merge();
  void set_buckets(std::size_t count);
  Bucket* allocate_buckets(std::size_t count);
  void release_buckets(Bucket* buckets, std::size_t count);

  BoundedMemory& memory_;
  std::size_t links_ = 0;
  std::size_t buckets_ = 0;
  std::size_t mask_ = 0;
  std::array<Bucket*, small_count> small_{};
  std::array<Bucket**, lists_count> lists_{};
};

}  // namespace plimsoll::inline v0::cache
