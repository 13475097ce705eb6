#include "plimsoll/core/memory/block.h"

namespace plimsoll::inline v0 {

Block Block::allocate(Account& account, std::size_t bytes) {
  Block block;
  void* const data = account.allocate(bytes);
  if (data == nullptr) return block;
  block.account_ = &account;
  block.data_ = data;
  block.bytes_ = bytes;
  return block;
}

std::size_t Block::charged_bytes() const {
  return data_ == nullptr ? 0 : account_->footprint(bytes_);
}

void Block::release() {
  account_->deallocate(std::exchange(data_, nullptr), std::exchange(bytes_, 0));
}

void Block::discard() {
  if (data_ == nullptr) return;
  account_->discard(std::exchange(data_, nullptr), std::exchange(bytes_, 0));
}

}  // namespace plimsoll::inline v0
