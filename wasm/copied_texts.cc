#include "plimsoll/wasm/copied_texts.h"

#include <cstring>
#include <new>

namespace plimsoll::wasm {

void CopiedTexts::count(std::span<const std::string_view> texts) {
  views_ += texts.size();
  for (std::string_view text : texts) count(text);
}

bool CopiedTexts::allocate(Account& account) {
  const std::size_t views_bytes = views_ * sizeof(std::string_view);
  if (views_bytes + bytes_ == 0) return true;
  block_ = Block::allocate(account, views_bytes + bytes_);
  if (!block_) return false;
  next_view_ = static_cast<std::string_view*>(block_.data());
  next_byte_ = static_cast<char*>(block_.data()) + views_bytes;
  return true;
}

void CopiedTexts::copy(std::string_view& text) {
  if (text.empty()) {
    text = {};
    return;
  }
  std::memcpy(next_byte_, text.data(), text.size());
  text = {next_byte_, text.size()};
  next_byte_ += text.size();
}

void CopiedTexts::copy(std::span<const std::string_view>& texts) {
  std::string_view* const first = next_view_;
  for (std::string_view text : texts) {
    copy(text);
    new (next_view_++) std::string_view(text);
  }
  texts = {first, texts.size()};
}

}  // namespace plimsoll::wasm
