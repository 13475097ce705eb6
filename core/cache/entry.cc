#include "plimsoll/core/cache/entry.h"

#include <new>

#include "plimsoll/core/base/bytes.h"

namespace plimsoll::inline v0::cache {
namespace {

using Length = std::uint32_t;

char* put_word(std::string_view word, char* to) {
  const Length length = static_cast<Length>(word.size());
  std::memcpy(to, &length, sizeof(length));
  return copy_bytes(word, to + sizeof(length));
}

std::string_view word_at(const char* at) {
  Length length;
  std::memcpy(&length, at, sizeof(length));
  return {at + sizeof(length), length};
}

}  // namespace

std::size_t Entry::words_bytes(const commands::Question& question) {
  std::size_t bytes = 0;
  for (const std::string_view word : question.rest) bytes += sizeof(Length) + word.size();
  return bytes;
}

std::size_t Entry::bytes(const commands::Question& question, std::size_t words_bytes,
                         std::size_t reply_bytes, bool expires) {
  return (expires ? sizeof(ExpiryLink) : 0) + sizeof(Entry) +
         question.more_keys.size() * sizeof(IndexLink) + question.key.size() + words_bytes +
         reply_bytes;
}

Entry::Entry(const commands::Question& question, const Shape& shape)
    : source_(shape.source),
      key_bytes_(static_cast<std::uint32_t>(question.key.size())),
      words_bytes_(shape.words_bytes),
      reply_bytes_(shape.reply_bytes),
      stamp_(shape.stamp),
      row_(question.row),
      more_keys_begin_(
          question.more_keys.empty()
              ? std::uint8_t{0}
              : static_cast<std::uint8_t>(question.more_keys.data() - question.rest.data())),
      more_keys_count_(static_cast<std::uint8_t>(question.more_keys.size() & 0x7f)),
      expires_(shape.expires_at != never ? 1 : 0),
      slot_cell_(static_cast<std::uint16_t>(shape.slot.cell & SlotEpoch::no_cell)),
      slot_epoch_(shape.slot.epoch) {}

Entry* Entry::make(void* piece, const commands::Question& question, const Shape& shape) {
  if (shape.expires_at != never) {
    auto* const expiry = new (piece) ExpiryLink;
    expiry->at = shape.expires_at;
    piece = expiry + 1;
  }
  auto* const entry = new (piece) Entry(question, shape);
  for (std::size_t i = 1; i <= question.more_keys.size(); ++i) {
    auto* const link = new (&entry->link(i)) IndexLink;
    link->ordinal = static_cast<std::uint8_t>(i);
  }
  char* end = copy_bytes(question.key, const_cast<char*>(entry->words()));
  for (const std::string_view word : question.rest) end = put_word(word, end);
  PLIMSOLL_CHECK(end == entry->reply_begin());
  return entry;
}

bool Entry::has_words(const commands::Question& question) const {
  const char* at = words() + key_bytes_;
  const char* const end = at + words_bytes_;
  for (const std::string_view word : question.rest) {
    if (at == end || word_at(at) != word) return false;
    at += sizeof(Length) + word.size();
  }
  return at == end;
}

std::string_view Entry::key_of(const IndexLink& link) const {
  if (link.ordinal == 0) return key();
  const char* at = words() + key_bytes_;
  const std::size_t words_before = more_keys_begin_ + link.ordinal - 1u;
  for (std::size_t i = 0; i < words_before; ++i) at += sizeof(Length) + word_at(at).size();
  return word_at(at);
}

}  // namespace plimsoll::inline v0::cache
