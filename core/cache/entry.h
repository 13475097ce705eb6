#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/expiry_wheel.h"
#include "plimsoll/core/cache/index_link.h"
#include "plimsoll/core/cache/policy/order.h"
#include "plimsoll/core/commands/question.h"

// One cached reply, in one piece of memory:
//
//   [ExpiryLink]  where it expires
//   Entry
//   IndexLink...  one for each further key
//   key, words    the words behind the key each with its length before it
//   reply

namespace plimsoll::cache {

/// What an entry's validity hangs on, for its user to judge: a store only keeps and shows it.
struct Stamp {
  std::uint32_t slot = 0;
  std::uint32_t id = 0;

  bool operator==(const Stamp&) const = default;
};

class Entry : public IndexLink, public PolicyLink {
 public:
  /// The sizes of an entry that is to be made.
  struct Shape {
    std::uint32_t source = 0;
    Stamp stamp;
    Instant expires_at = never;
    std::uint32_t reply_bytes = 0;
    std::uint32_t words_bytes = 0;
  };

  /// Words behind the key that an entry can have.
  static constexpr std::size_t words_max = 255;

  /// What the words behind the key take.
  static std::size_t words_bytes(const commands::Question& question);

  /// What an entry takes.
  static std::size_t bytes(const commands::Question& question, std::size_t words_bytes,
                           std::size_t reply_bytes, bool expires);

  /// Makes an entry of `piece`, which has bytes(); the reply is undefined still.
  static Entry* make(void* piece, const commands::Question& question, const Shape& shape);

  /// The entry that `link` is a part of.
  static Entry& of(IndexLink& link) {
    if (link.ordinal == 0) return static_cast<Entry&>(link);
    IndexLink* const first = &link - (link.ordinal - 1);
    return reinterpret_cast<Entry*>(first)[-1];
  }
  static Entry& of(PolicyLink& link) { return static_cast<Entry&>(link); }
  static Entry& of(ExpiryLink& link) { return *reinterpret_cast<Entry*>(&link + 1); }

  /// The bytes of the reply, as they came; until the entry goes.
  std::string_view reply() const { return {reply_begin(), reply_bytes_}; }

  /// Where the reply goes, of reply().size() bytes.
  char* reply_space() { return const_cast<char*>(reply_begin()); }

  const Stamp& stamp() const { return stamp_; }
  void set_stamp(const Stamp& stamp) { stamp_ = stamp; }

  /// When it is to be served no longer; `never`.
  Instant expires_at() const { return expires_ ? expiry()->at : never; }

  std::uint32_t source() const { return source_; }
  std::uint16_t row() const { return row_; }
  std::string_view key() const { return {words(), key_bytes_}; }

  /// Whether it is the answer to this, compared in full.
  bool answers(std::uint32_t source, const commands::Question& question) const;

  /// The key that `link`, a part of this, stands for.
  std::string_view key_of(const IndexLink& link) const;

  std::size_t links_count() const { return 1 + more_keys_count_; }
  IndexLink& link(std::size_t number) {
    return number == 0 ? *this : reinterpret_cast<IndexLink*>(this + 1)[number - 1];
  }

  /// Null where it does not expire.
  ExpiryLink* expiry() const {
    return expires_ ? reinterpret_cast<ExpiryLink*>(const_cast<Entry*>(this)) - 1 : nullptr;
  }

  /// What make() was given.
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
  std::uint8_t more_keys_begin_;  // the first of them, among the words behind the key
  std::uint8_t more_keys_count_;
  bool expires_;
};

static_assert(sizeof(Entry) % alignof(IndexLink) == 0 && sizeof(ExpiryLink) % alignof(Entry) == 0);
static_assert(alignof(Entry) >= alignof(IndexLink) && alignof(ExpiryLink) >= alignof(Entry));

inline bool Entry::answers(std::uint32_t source, const commands::Question& question) const {
  if (key_bytes_ != question.key.size() || source_ != source || row_ != question.row) return false;
  if (std::memcmp(words(), question.key.data(), key_bytes_) != 0) return false;
  if (words_bytes_ == 0 && question.rest.empty()) return true;
  return has_words(question);
}

}  // namespace plimsoll::cache
