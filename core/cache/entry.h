#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/cache_watcher.h"
#include "plimsoll/core/cache/expiry_wheel.h"
#include "plimsoll/core/cache/index_link.h"
#include "plimsoll/core/cache/policy/order.h"
#include "plimsoll/core/cache/slot_epochs.h"
#include "plimsoll/core/commands/question.h"

// One cached reply, in one piece of memory, which Store allocates and owns:
//
//   [ExpiryLink]  only if the entry expires
//   Entry
//   IndexLink...  one for each key after the first
//   key
//   words         those behind the key, each with its length in front
//   reply
//
// Index, policy and wheel link entries through these parts, so they allocate nothing for an entry.

namespace plimsoll::inline v0::cache {

/// Says which member and generation vouch for an entry (generations.h). The store only keeps and
/// returns the stamp; Cache decides what it means.
struct Stamp {
  std::uint32_t member = 0;
  std::uint32_t id = 0;

  bool operator==(const Stamp&) const = default;
};

class Entry : public IndexLink, public PolicyLink {
 public:
  /// What make() needs to know of a new entry, in addition to its question.
  struct Shape {
    std::uint32_t source = 0;
    Stamp stamp;
    SlotEpoch slot{};
    Instant expires_at = never;
    std::uint32_t reply_bytes = 0;
    std::uint32_t words_bytes = 0;
  };

  /// The most words behind the key that an entry can have.
  static constexpr std::size_t words_max = 255;

  /// The size in an entry of the words behind the key, with their lengths.
  static std::size_t words_bytes(const commands::Question& question);

  /// The size of a whole entry.
  static std::size_t bytes(const commands::Question& question, std::size_t words_bytes,
                           std::size_t reply_bytes, bool expires);

  /// Makes an entry in `piece`, which has bytes() bytes. The caller writes the reply afterwards.
  static Entry* make(void* piece, const commands::Question& question, const Shape& shape);

  /// The entry that `link` is a part of.
  static Entry& of(IndexLink& link) {
    if (link.ordinal == 0) return static_cast<Entry&>(link);
    IndexLink* const first = &link - (link.ordinal - 1);
    return reinterpret_cast<Entry*>(first)[-1];
  }
  static Entry& of(PolicyLink& link) { return static_cast<Entry&>(link); }
  static Entry& of(ExpiryLink& link) { return *reinterpret_cast<Entry*>(&link + 1); }

  /// The RESP bytes of the reply. The view lives as long as the entry.
  std::string_view reply() const { return {reply_begin(), reply_bytes_}; }

  /// Where to write the reply, of reply().size() bytes.
  char* reply_space() { return const_cast<char*>(reply_begin()); }

  const Stamp& stamp() const { return stamp_; }

  /// The slot of its keys when it was read, if that was at a node of a cluster.
  SlotEpoch slot() const { return {.cell = slot_cell_, .epoch = slot_epoch_}; }

  /// The time from which the entry must not be served; `never` if it does not expire.
  Instant expires_at() const { return expires_ ? expiry()->at : never; }

  std::uint32_t source() const { return source_; }
  std::uint16_t row() const { return row_; }
  std::string_view key() const { return {words(), key_bytes_}; }

  /// Whether the cache's watcher wants to hear of the entry's end (cache_watcher.h).
  bool is_watched() const { return may_be_watched() && is_watched_ != 0; }
  void set_watched(bool is_watched) { is_watched_ = is_watched ? 1 : 0; }

  /// Whether this entry is the reply to `question` of `source`. Compares all words, not hashes.
  bool answers(std::uint32_t source, const commands::Question& question) const;

  /// The key of `link`, which must be a link of this entry.
  std::string_view key_of(const IndexLink& link) const;

  std::size_t links_count() const { return 1 + more_keys_count_; }
  IndexLink& link(std::size_t number) {
    return number == 0 ? *this : reinterpret_cast<IndexLink*>(this + 1)[number - 1];
  }

  /// Null if the entry does not expire.
  ExpiryLink* expiry() const {
    return expires_ ? reinterpret_cast<ExpiryLink*>(const_cast<Entry*>(this)) - 1 : nullptr;
  }

  /// The memory that was passed to make().
  void* piece() { return expires_ ? static_cast<void*>(expiry()) : this; }
  std::size_t bytes() const {
    return (expires_ ? sizeof(ExpiryLink) : 0) + sizeof(Entry) +
           more_keys_count_ * sizeof(IndexLink) + std::size_t{key_bytes_} + words_bytes_ +
           reply_bytes_;
  }

 private:
  Entry(const commands::Question& question, const Shape& shape);

  const char* words() const {
    return reinterpret_cast<const char*>(this + 1) + more_keys_count_ * sizeof(IndexLink);
  }
  const char* reply_begin() const { return words() + key_bytes_ + words_bytes_; }
  bool has_words(const commands::Question& question) const;

  std::uint32_t source_;
  std::uint32_t key_bytes_;
  std::uint32_t words_bytes_;
  std::uint32_t reply_bytes_;
  Stamp stamp_;
  std::uint16_t row_;
  std::uint8_t more_keys_begin_;  // the number of the first further key among the words
  std::uint8_t more_keys_count_ : 7;
  std::uint8_t is_watched_ : 1 = 0;
  std::uint16_t expires_ : 1;  // a bit, so that the slot makes an entry no larger
  std::uint16_t slot_cell_ : 15;
  std::uint16_t slot_epoch_;
};

static_assert(sizeof(Entry) % alignof(IndexLink) == 0 && sizeof(ExpiryLink) % alignof(Entry) == 0);
static_assert(alignof(Entry) >= alignof(IndexLink) && alignof(ExpiryLink) >= alignof(Entry));

inline bool Entry::answers(std::uint32_t source, const commands::Question& question) const {
  if (key_bytes_ != question.key.size() || source_ != source || row_ != question.row) return false;
  if (std::memcmp(words(), question.key.data(), key_bytes_) != 0) return false;
  if (words_bytes_ == 0 && question.rest.empty()) return true;
  return has_words(question);
}

}  // namespace plimsoll::inline v0::cache
