#include "plimsoll/core/memory/account.h"

#include <new>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0 {

AccountHandle Account::open(Ledger& ledger, PoolKind kind, std::uint64_t owner_number) {
  MemorySource& source = ledger.source();
  const std::size_t footprint = source.block_footprint(sizeof(Account));
  if (!ledger.grow_unowned(footprint)) return {};
  void* const block = source.allocate_block(sizeof(Account));
  if (block == nullptr) {
    ledger.revoke_unowned(footprint);
    return {};
  }
  auto* const account = new (block) Account(ledger, kind, owner_number);
  ledger.add(*account);
  return AccountHandle(account);
}

void Account::close() {
  if (ledger_.close(*this) == Ledger::Last::yes) end();
}

void Account::shrink(std::size_t bytes) {
  if (ledger_.shrink(*this, bytes) == Ledger::Last::yes) end();
}

bool Account::take_from_spare(std::size_t bytes) { return ledger_.move_from_spare(*this, bytes); }

void Account::give_to_spare(std::size_t bytes) {
  if (ledger_.move_to_spare(*this, bytes) == Ledger::Last::yes) end();
}

// Frees a closed account that holds no charges any more.
void Account::end() {
  Ledger& ledger = ledger_;
  MemorySource& source = ledger.source();
  ledger.remove(*this);
  this->~Account();
  source.release_block(this, sizeof(Account));
  ledger.shrink_unowned(source.block_footprint(sizeof(Account)));
}

AccountHandle::~AccountHandle() {
  if (account_ != nullptr) account_->close();
}

bool Charge::grow(std::size_t bytes) {
  PLIMSOLL_CHECK(account_ != nullptr);
  if (!account_->charge(bytes)) return false;
  bytes_ += bytes;
  return true;
}

void Charge::shrink(std::size_t bytes) {
  if (bytes == 0) return;
  PLIMSOLL_CHECK(bytes <= bytes_);
  bytes_ -= bytes;
  account_->release(bytes);
}

Charge Charge::split(std::size_t bytes) {
  PLIMSOLL_CHECK(bytes <= bytes_);
  Charge part;
  part.account_ = account_;
  part.bytes_ = bytes;
  bytes_ -= bytes;
  return part;
}

void Charge::merge(Charge&& other) {
  PLIMSOLL_CHECK(account_ == other.account_ || other.bytes_ == 0);
  bytes_ += std::exchange(other.bytes_, 0);
}

}  // namespace plimsoll::inline v0
