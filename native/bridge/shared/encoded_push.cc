#include "plimsoll/native/bridge/shared/encoded_push.h"

#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/resp/encoder.h"

namespace plimsoll::bridge {
namespace {

// An EncodedPush with the counts that a shared_ptr keeps beside it.
constexpr std::size_t push_object_bytes = sizeof(EncodedPush) + 32;

std::string_view word_of(ChannelKind kind) {
  switch (kind) {
    case ChannelKind::channel: return "message";
    case ChannelKind::pattern: return "pmessage";
    case ChannelKind::shard: return "smessage";
  }
  return {};
}

std::size_t header_size(std::size_t parts) { return 1 + encoding::digits_of(parts) + 2; }

}  // namespace

std::shared_ptr<const EncodedPush> EncodedPush::create(Account& account, PushForm form,
                                                       ChannelKind kind, std::string_view pattern,
                                                       std::string_view channel,
                                                       std::string_view payload) {
  const std::array<std::string_view, 4> all{word_of(kind), pattern, channel, payload};
  const bool has_pattern = kind == ChannelKind::pattern;
  const std::size_t parts_count = has_pattern ? 4 : 3;
  std::size_t size = header_size(parts_count);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i != 1 || has_pattern) size += encoding::bulk_size(all[i].size());
  }
  Charge charge(account);
  if (!charge.grow(push_object_bytes)) return nullptr;
  Block block = Block::allocate(account, size);
  if (!block) return nullptr;
  char* const begin = static_cast<char*>(block.data());
  char* end = encoding::write_header(begin, form == PushForm::resp3 ? '>' : '*', parts_count);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i != 1 || has_pattern) end = encoding::write_bulk(end, all[i]);
  }
  PLIMSOLL_CHECK(end == begin + size);
  return std::make_shared<const EncodedPush>(std::move(block), std::move(charge));
}

}  // namespace plimsoll::bridge
