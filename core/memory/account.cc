#include "plimsoll/core/memory/account.h"

#include "plimsoll/core/base/check.h"

namespace plimsoll {

AccountHandle::~AccountHandle() {
  if (account_ != nullptr) account_->budget_.close(*account_);
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

}  // namespace plimsoll
