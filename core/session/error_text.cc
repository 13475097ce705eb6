#include "plimsoll/core/session/error_text.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

#include "plimsoll/core/base/text_writer.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/memory/budget.h"

namespace plimsoll::inline v0 {
namespace {

// Less than error_text_max, because the name of the error's code goes in front.
constexpr std::size_t error_text_bytes = 288;

}  // namespace

// Lies in the block that it owns, so that one charge pays for both.
struct ErrorText::Text {
  Block block;
  std::array<char, error_text_bytes> text;
};

ErrorText::~ErrorText() { release(); }

void ErrorText::release() {
  if (text_ == nullptr) return;
  const Block block = std::move(text_->block);
  std::exchange(text_, nullptr)->~Text();
}

bool ErrorText::make_text(Account& payer) {
  if (text_ != nullptr) return true;
  Block block = Block::allocate(payer, sizeof(Text));
  if (!block) return false;
  text_ = new (block.data()) Text;
  text_->block = std::move(block);
  return true;
}

const char* ErrorText::write(const char* what, const char* why, Account& payer) {
  if (!make_text(payer)) return what;
  std::array<char, error_text_bytes>& text = text_->text;
  TextWriter writer(std::span<char>(text).first(text.size() - 1));
  writer.append(what);
  writer.append(": ");
  writer.append(why);
  text[writer.text().size()] = '\0';
  return text.data();
}

const char* ErrorText::write(const char* what, Account& lacking, Account& payer, Instant now) {
  if (!make_text(payer)) return what;
  std::array<char, error_text_bytes>& text = text_->text;
  const PoolHolders holders = lacking.budget().holders(lacking.pool(), now);
  TextWriter writer(std::span<char>(text).first(text.size() - 1));
  writer.append(what);
  writer.append(". The ");
  writer.append(name(lacking.pool()));
  writer.append(" pool has ");
  writer.append_bytes(holders.used);
  writer.append(" of ");
  writer.append_bytes(holders.limit);
  writer.append(" in use, by ");
  writer.append(std::uint64_t{holders.accounts});
  writer.append(" accounts");
  if (holders.accounts > 0) {
    writer.append(" (client ");
    writer.append(holders.most_owner);
    writer.append(" has most: ");
    writer.append_bytes(holders.most);
    writer.append(")");
  }
  writer.append("; connections that wait: ");
  writer.append(std::uint64_t{holders.readers_waiting});
  text[writer.text().size()] = '\0';
  return text.data();
}

}  // namespace plimsoll::inline v0
