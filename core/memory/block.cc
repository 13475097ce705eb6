#include "plimsoll/core/memory/block.h"

namespace plimsoll {

Block Block::allocate(Account& account, std::size_t bytes) {
  MemorySource& source = account.source();
  Block block;
  const std::size_t footprint = source.block_footprint(bytes);
  if (!account.charge(footprint)) return block;
  void* const data = source.allocate_block(bytes);
  if (data == nullptr) {
    account.revoke(footprint);
    return block;
  }
  block.account_ = &account;
  block.data_ = data;
  block.bytes_ = bytes;
  return block;
}

std::size_t Block::charged_bytes() const {
  return data_ == nullptr ? 0 : account_->source().block_footprint(bytes_);
}

void Block::reset() {
  if (data_ == nullptr) return;
  MemorySource& source = account_->source();
  source.release_block(std::exchange(data_, nullptr), bytes_);
  account_->release(source.block_footprint(std::exchange(bytes_, 0)));
}

void Block::discard() {
  if (data_ == nullptr) return;
  MemorySource& source = account_->source();
  source.release_block(std::exchange(data_, nullptr), bytes_);
  account_->revoke(source.block_footprint(std::exchange(bytes_, 0)));
}

}  // namespace plimsoll
