#include "plimsoll/native/bridge/shared/encoded_push.h"

#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "plimsoll/core/base/bytes.h"
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

constexpr std::string_view invalidate = ">2\r\n$10\r\ninvalidate\r\n";
constexpr std::string_view null = "_\r\n";

// `write(char*)` writes the bytes, and returns their end.
template <class Write>
PushBytes make(Account& account, UnreadShare* unread, std::size_t size, Write&& write) {
  Charge charge(account);
  if (!charge.grow(push_object_bytes)) return nullptr;
  Block block = Block::allocate(account, size);
  if (!block) return nullptr;
  char* const begin = static_cast<char*>(block.data());
  PLIMSOLL_CHECK(write(begin) == begin + size);
  return std::make_shared<const EncodedPush>(std::move(block), std::move(charge), unread);
}

}  // namespace

std::shared_ptr<const EncodedPush> EncodedPush::create(Account& account, UnreadShare* unread,
                                                       PushForm form, ChannelKind kind,
                                                       std::string_view pattern,
                                                       std::string_view channel,
                                                       std::string_view payload) {
  const std::array<std::string_view, 4> all{word_of(kind), pattern, channel, payload};
  const bool has_pattern = kind == ChannelKind::pattern;
  const std::size_t parts_count = has_pattern ? 4 : 3;
  std::size_t size = header_size(parts_count);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i != 1 || has_pattern) size += encoding::bulk_size(all[i].size());
  }
  return make(account, unread, size, [&](char* begin) {
    char* end = encoding::write_header(begin, form == PushForm::resp3 ? '>' : '*', parts_count);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i != 1 || has_pattern) end = encoding::write_bulk(end, all[i]);
    }
    return end;
  });
}

PushBytes EncodedPush::invalidation(Account& account, std::span<const std::string_view> keys) {
  std::size_t size = invalidate.size() + header_size(keys.size());
  for (const std::string_view key : keys) size += encoding::bulk_size(key.size());
  return make(account, nullptr, size, [keys](char* begin) {
    char* end = encoding::write_header(copy_bytes(invalidate, begin), '*', keys.size());
    for (const std::string_view key : keys) end = encoding::write_bulk(end, key);
    return end;
  });
}

PushBytes EncodedPush::invalidation_of_all(Account& account) {
  return make(account, nullptr, invalidate.size() + null.size(),
              [](char* begin) { return copy_bytes(null, copy_bytes(invalidate, begin)); });
}

}  // namespace plimsoll::bridge
