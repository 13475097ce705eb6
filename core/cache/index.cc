#include "plimsoll/core/cache/index.h"

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0::cache {
namespace {

std::uint32_t in_table(const KeyHash& hash) { return static_cast<std::uint32_t>(hash.low); }

std::uint32_t in_table(const KeyHash& hash, std::uint32_t source,
                       const commands::Question& question) {
  return static_cast<std::uint32_t>(hash_question(hash, source, question));
}

}  // namespace

IndexLink* Index::head(std::uint32_t hash, std::string_view key) const {
  IndexLink* link = table_.chain(hash);
  for (; link != nullptr; link = link->next_in_bucket) {
    if (link->hash != hash || !link->is_head) continue;
    if (Entry::of(*link).key_of(*link) == key) break;
  }
  return link;
}

Entry* Index::find(std::uint32_t source, const KeyHash& hash,
                   const commands::Question& question) const {
  const std::uint32_t key_hash = in_table(hash);
  IndexLink* first = table_.chain(key_hash);
  for (; first != nullptr; first = first->next_in_bucket) {
    if (first->hash != key_hash || !first->is_head) continue;
    Entry& entry = Entry::of(*first);
    // Most keys have one entry, which is the answer. Its key then need not be compared again below.
    if (first->ordinal == 0 && entry.answers(source, question)) return &entry;
    if (entry.key_of(*first) == question.key) break;
  }
  if (first == nullptr) return nullptr;
  if (first->ring_next == first) return nullptr;
  const std::uint32_t whole = in_table(hash, source, question);
  for (IndexLink* link = table_.chain(whole); link != nullptr; link = link->next_in_bucket) {
    if (link->hash != whole || link->is_head) continue;
    Entry& entry = Entry::of(*link);
    if (entry.answers(source, question)) return &entry;
  }
  return nullptr;
}

Entry* Index::find_dependent(const KeyHash& hash, std::string_view key) const {
  IndexLink* const link = head(in_table(hash), key);
  return link == nullptr ? nullptr : &Entry::of(*link);
}

void Index::add(Entry& entry, std::uint64_t seed, const KeyHash& hash,
                const commands::Question& question) {
  add_link(entry, entry.source(), in_table(hash), question.key, &hash, &question);
  for (std::size_t i = 0; i < question.more_keys.size(); ++i) {
    const std::string_view key = question.more_keys[i];
    const KeyHash other = hash_key(seed, key);
    add_link(entry.link(i + 1), entry.source(), in_table(other), key, nullptr, nullptr);
  }
  table_.trim();
}

void Index::add_link(IndexLink& link, std::uint32_t source, std::uint32_t key_hash,
                     std::string_view key, const KeyHash* first_key,
                     const commands::Question* question) {
  IndexLink* const first = head(key_hash, key);
  if (first == nullptr) {
    link.is_head = true;
    link.hash = key_hash;
    link.ring_next = link.ring_previous = &link;
    table_.add(link);
    return;
  }
  link.ring_next = first;
  link.ring_previous = first->ring_previous;
  first->ring_previous->ring_next = &link;
  first->ring_previous = &link;
  if (question == nullptr) return;
  link.hash = in_table(*first_key, source, *question);
  table_.add(link);
}

void Index::remove(Entry& entry) {
  for (std::size_t i = entry.links_count(); i-- > 0;) remove_link(entry.link(i));
}

// If the link is the head, the next link of its ring becomes the head. The successor is added to
// the table before the old head is removed: a table that becomes empty gives up its memory, and the
// successor, which must not fail, could not be added.
void Index::remove_link(IndexLink& link) {
  IndexLink* const next = link.ring_next;
  const bool lies_in_table = link.is_head || link.ordinal == 0;
  if (next != &link) {
    next->ring_previous = link.ring_previous;
    link.ring_previous->ring_next = next;
    if (link.is_head) {
      if (next->ordinal == 0) table_.remove(*next);
      next->is_head = true;
      next->hash = link.hash;
      table_.add(*next);
    }
  }
  if (lies_in_table) table_.remove(link);
}

std::size_t Index::validate(Entry& entry, std::uint64_t seed) const {
  std::size_t links_in_table = 0;
  for (std::size_t i = 0; i < entry.links_count(); ++i) {
    const IndexLink& link = entry.link(i);
    PLIMSOLL_CHECK(link.ordinal == i);
    PLIMSOLL_CHECK(link.ring_next->ring_previous == &link);
    PLIMSOLL_CHECK(link.ring_previous->ring_next == &link);
    const std::string_view key = entry.key_of(link);
    const std::uint32_t hash = in_table(hash_key(seed, key));
    const IndexLink* const first = head(hash, key);
    PLIMSOLL_CHECK(first != nullptr && (first == &link) == link.is_head);
    PLIMSOLL_CHECK(link.is_head || link.ring_next != &link);
    links_in_table += link.is_head || link.ordinal == 0 ? 1 : 0;
  }
  return links_in_table;
}

}  // namespace plimsoll::inline v0::cache
