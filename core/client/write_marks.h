#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "plimsoll/core/resp/encoder.h"

// What a client has written, as far as its reads from replicas must know: a read of a key goes to
// the primary until the replica is known to have what this client wrote there.
//
// Writes are numbered. A key's cell holds the number of the last write to a key of that cell, so
// that two keys of one cell take each other for written: that costs a read at the primary, and
// nothing else.

namespace plimsoll::inline v0 {

class WriteMarks {
 public:
  /// The number of a write; 0: none.
  using Mark = std::uint32_t;

  static constexpr std::size_t cells_count = 4096;

  /// `seed`: any number; it decides which keys share a cell. `last`: the number before the first.
  explicit WriteMarks(std::uint64_t seed, Mark last = 0) : seed_(seed), last_(last) {}

  /// Gives a new number to all keys that `command` may change. Returns false if it changes none.
  bool note(const CommandView& command);

  /// The same for what is only known in its encoded form, such as a request that goes on: all of
  /// its words count as keys.
  void note_words(const CommandView& command);

  /// Gives a new number to this key; or to all keys.
  void mark(std::string_view key) { mark_cell(cell_of(key)); }
  void mark_all() { all_ = next_number(); }
  /// A number that no key gets.
  Mark next_number();

  /// The number of the last write to this key, or to a key that shares its cell.
  Mark of(std::string_view key) const { return std::max(cells_[cell_of(key)], all_); }

  /// The number of the last write to any key.
  Mark last() const { return last_; }

  /// The numbers have begun again since the last call, so those that were kept mean nothing.
  bool take_restart() { return std::exchange(has_restarted_, false); }

  using Cell = std::uint16_t;
  Cell cell_of(std::string_view key) const { return cell_of_hash(hash(seed_, key)); }
  void mark_cell(Cell cell) { cells_[cell] = next_number(); }

 private:
  class Words;

  // FNV-1a, which takes bytes as they come: the words of an encoded request may lie in pieces.
  // (Fowler, Noll, Vo: "The FNV Non-Cryptographic Hash Algorithm".)
  static std::uint64_t hash(std::uint64_t before, std::string_view bytes) {
    for (char c : bytes) before = (before ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return before;
  }
  static Cell cell_of_hash(std::uint64_t hash) {
    return static_cast<Cell>((hash ^ hash >> 32) % cells_count);
  }

  const std::uint64_t seed_;
  Mark last_;
  Mark all_ = 0;
  bool has_restarted_ = false;
  std::array<Mark, cells_count> cells_{};
};

}  // namespace plimsoll::inline v0
