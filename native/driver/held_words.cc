#include "plimsoll/native/driver/held_words.h"

#include <algorithm>
#include <utility>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/memory/budget.h"

namespace plimsoll::inline v0::native {
namespace {

std::shared_ptr<const Block> allocate(Account& requests, std::size_t bytes) {
  Block block = Block::allocate(requests, bytes);
  return block ? std::make_shared<const Block>(std::move(block)) : nullptr;
}

CommandView command_of(std::span<const std::string_view> words) {
  CommandView command;
  command.args = words;
  return command;
}

}  // namespace

HeldRequest::HeldRequest(Account& requests, const CommandView& command)
    : size_(encoded_size(command)) {
  block_ = allocate(requests, size_);
  if (block_) encode(command, static_cast<char*>(block_->data()));
}

HeldRequest::HeldRequest(Account& requests, std::span<const std::string_view> words)
    : HeldRequest(requests, command_of(words)) {}

HeldWords::HeldWords(Account& requests, std::span<const std::string_view> words,
                     std::string_view prefix)
    : size_(words.size_bytes()), count_(words.size()) {
  for (const std::string_view word : words) size_ += prefix.size() + word.size();
  block_ = allocate(requests, std::max<std::size_t>(size_, 1));
  if (!block_) return;
  auto* view = static_cast<std::string_view*>(block_->data());
  char* text = reinterpret_cast<char*>(view + count_);
  for (const std::string_view word : words) {
    std::construct_at(view++, text, prefix.size() + word.size());
    text = copy_bytes(word, copy_bytes(prefix, text));
  }
}

plimsoll::Error no_room_to_hold(std::size_t bytes, const Account& requests) {
  return {.code = ErrorCode::rejected_by_limit,
          .what = "the requests pool has no room for the call's arguments",
          .value = bytes,
          .limit = requests.budget().limit(PoolKind::requests)};
}

}  // namespace plimsoll::inline v0::native
