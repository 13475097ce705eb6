#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plimsoll/core/cache/entry.h"
#include "plimsoll/core/cache/hash.h"
#include "plimsoll/core/cache/table.h"

// Finds entries by key, then by source and command. All that depends on a key, whosever it is, is
// in one ring, so that who writes the key finds it in one walk. Of the ring the head lies in the
// table under the key; the others lie there under their whole question, unless the key is not their
// first. So what was asked for alone of a key, as most, is found in one step, each of a hundred
// thousand fields of one hash in two, and all that depends on a key by walking its ring.

namespace plimsoll::cache {

class Index {
 public:
  explicit Index(BoundedMemory& memory) : table_(memory) {}

  Entry* find(std::uint32_t source, const KeyHash& hash, const commands::Question& question) const;

  /// An entry that depends on the key, as its first or as another, of any source; null: there is
  /// none.
  Entry* find_dependent(const KeyHash& hash, std::string_view key) const;

  /// What reserve() would cost now, or in an index without entries.
  std::size_t bytes_to_reserve(const commands::Question& question) const {
    return table_.bytes_to_reserve(1 + question.more_keys.size());
  }
  std::size_t bytes_when_empty(const commands::Question& question) const {
    return table_.bytes_when_empty(1 + question.more_keys.size());
  }

  /// Grows for an entry; false where there is no memory and it cannot be added. trim() takes it
  /// back.
  [[nodiscard]] bool reserve(const commands::Question& question) {
    return table_.reserve(1 + question.more_keys.size());
  }
  void trim() { table_.trim(); }

  /// After reserve(). `question` is what the entry was made of; there must be no equal one.
  void add(Entry& entry, std::uint64_t seed, const KeyHash& hash,
           const commands::Question& question);
  void remove(Entry& entry);

  /// CHECKs that the table is in order. Returns what the memory costs.
  std::size_t validate() const { return table_.validate(); }

  /// CHECKs that an entry's links are found. Returns how many of them lie in the table.
  std::size_t validate(Entry& entry, std::uint64_t seed) const;

  std::size_t links_count() const { return table_.links_count(); }

 private:
  IndexLink* head(std::uint32_t hash, std::string_view key) const;
  void add_link(IndexLink& link, std::uint32_t source, std::uint32_t key_hash, std::string_view key,
                const KeyHash* first_key, const commands::Question* question);
  void remove_link(IndexLink& link);

  Table table_;
};

}  // namespace plimsoll::cache
