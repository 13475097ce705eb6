#include "plimsoll/core/commands/parts.h"

#include <charconv>
#include <memory>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0::commands {
namespace {

// Cuts "<sign><number>\r\n" off the front of `encoded`. Returns false if `encoded` does not begin
// so.
bool take_header(std::string_view& encoded, char sign, std::size_t& number) {
  if (encoded.empty() || encoded[0] != sign) return false;
  const char* const end = encoded.data() + encoded.size();
  const auto [stop, error] = std::from_chars(encoded.data() + 1, end, number);
  if (error != std::errc() || end - stop < 2 || stop[0] != '\r' || stop[1] != '\n') return false;
  encoded.remove_prefix(static_cast<std::size_t>(stop + 2 - encoded.data()));
  return true;
}

}  // namespace

bool take_bulk(std::string_view& encoded, std::string_view& word) {
  std::string_view rest = encoded;
  std::size_t size = 0;
  if (!take_header(rest, '$', size) || rest.size() < 2 || size > rest.size() - 2) return false;
  word = rest.substr(0, size);
  encoded = rest.substr(size + 2);
  return true;
}

EncodedWords::EncodedWords(const CommandView& command)
    : encoded(command.head), parts(command.parts()) {
  if (command.head_kind == CommandView::Head::counted) {
    if (!take_header(encoded, '*', parts)) parts = 0;
  }
}

void FirstWords::take(const CommandView& command, Lists lists) {
  EncodedWords head(command);
  parts_ = head.parts;
  if (head.encoded.empty() && command.args.size() == parts_) {
    words_ = command.args;
    return;
  }
  count_ = 0;
  texts_size_ = 0;
  is_full_ = false;
  std::string_view word;
  while (!is_full_ && count_ < parts_ && take_bulk(head.encoded, word)) add(word);
  for (std::string_view each : command.args) {
    if (is_full_) break;
    add(each);
  }
  for (std::string_view each : command.more_args) {
    if (is_full_) break;
    add(each);
  }
  for (const ArgumentPair& pair : command.pairs) {
    if (is_full_) break;
    add(pair.first);
    add(pair.second);
  }
  if (lists == Lists::taken) {
    for (const ArgumentList& list : command.lists) add_listed(list);
  }
  words_ = std::span(inline_).first(count_);
}

std::span<std::string_view> FirstWords::editable_words() {
  if (words_.data() != inline_.data()) {
    PLIMSOLL_CHECK(words_.size() <= first_words_max);
    std::uninitialized_copy(words_.begin(), words_.end(), inline_.begin());
    words_ = std::span(inline_).first(words_.size());
  }
  return std::span(inline_).first(words_.size());
}

void FirstWords::add(std::string_view word) {
  is_full_ = is_full_ || count_ == first_words_max;
  if (!is_full_) std::construct_at(&inline_[count_++], word);
}

void FirstWords::add_listed(const ArgumentList& list) {
  if (is_full_ || list.is_encoded || list.parts > first_words_max - count_) {
    is_full_ = true;
    return;
  }
  if (list.lasts) {
    return list.walk(list, {this, [](void* self, std::string_view word) {
                              static_cast<FirstWords*>(self)->add(word);
                            }});
  }
  list.walk(list, {this, [](void* self, std::string_view word) {
                     auto& first = *static_cast<FirstWords*>(self);
                     if (word.size() > texts_bytes - first.texts_size_) first.is_full_ = true;
                     if (first.is_full_) return;
                     char* const text = first.texts_.data() + first.texts_size_;
                     copy_bytes(word, text);
                     first.texts_size_ += word.size();
                     first.add({text, word.size()});
                   }});
}

}  // namespace plimsoll::inline v0::commands
