#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plimsoll/core/cache/entry.h"
#include "plimsoll/core/cache/hash.h"
#include "plimsoll/core/cache/table.h"

// Finds entries by their question, and all entries that depend on a key. Store owns the index;
// Table has the buckets.
//
// All links of one key, of all sources, form a ring:
//
//   table: hash of the key ----------> head <-> link <-> link <-> (back to the head)
//   table: hash of a whole question -------------^        |
//                                          a further key of its entry: not in the table
//
// Invariants:
//
// - The head of the ring is in the table under the hash of the key.
// - Every other link of an entry's first key is there under the hash of its whole question.
// - The link of a further key is in the table only while it is a head, because an entry is looked
//   up by its first key.
//
// So the only entry of a key, the common case, is found in one step. Each of a hundred thousand
// fields of one hash is found in two. An invalidation finds all entries that depend on a key by
// walking the ring.

namespace plimsoll::inline v0::cache {

class Index {
 public:
  explicit Index(BoundedMemory& memory) : table_(memory) {}

  Entry* find(std::uint32_t source, const KeyHash& hash, const commands::Question& question) const;

  /// An entry of any source that depends on the key, as its first or a further key; null if there
  /// is none.
  Entry* find_dependent(const KeyHash& hash, std::string_view key) const;

  /// The memory that reserve() would take now, and in an index without entries.
  std::size_t bytes_to_reserve(const commands::Question& question) const {
    return table_.bytes_to_reserve(1 + question.more_keys.size());
  }
  std::size_t bytes_when_empty(const commands::Question& question) const {
    return table_.bytes_when_empty(1 + question.more_keys.size());
  }

  /// Makes room for an entry. Returns false if there is no memory; no entry can be added then.
  /// trim() undoes it.
  [[nodiscard]] bool reserve(const commands::Question& question) {
    return table_.reserve(1 + question.more_keys.size());
  }
  void trim() { table_.trim(); }

  /// Adds an entry made of `question`. There must be no entry of this source for it yet. Call
  /// reserve() first.
  void add(Entry& entry, std::uint64_t seed, const KeyHash& hash,
           const commands::Question& question);
  void remove(Entry& entry);

  /// CHECKs that the table is in order. Returns the memory that it takes.
  std::size_t validate() const { return table_.validate(); }

  /// CHECKs that an entry's links are found. Returns how many of them are in the table.
  std::size_t validate(Entry& entry, std::uint64_t seed) const;

  std::size_t links_count() const { return table_.links_count(); }

 private:
  IndexLink* head(std::uint32_t hash, std::string_view key) const;
  void add_link(IndexLink& link, std::uint32_t source, std::uint32_t key_hash, std::string_view key,
                const KeyHash* first_key, const commands::Question* question);
  void remove_link(IndexLink& link);

  Table table_;
};

}  // namespace plimsoll::inline v0::cache
