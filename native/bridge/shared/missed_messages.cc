#include "plimsoll/native/bridge/shared/missed_messages.h"

#include <algorithm>

namespace plimsoll::bridge {

// Clients that have the same message share it. Each counts it whole here, since the others may
// forget it.
std::size_t MissedMessages::bytes_of(const PushBytes& message) {
  return sizeof(PushBytes) + sizeof(EncodedPush) + message->bytes().size();
}

void MissedMessages::forget_first() {
  const std::size_t bytes = bytes_of(messages_.front());
  charge_.shrink(bytes);
  bytes_ -= bytes;
  messages_.pop_front();
}

void MissedMessages::add(const PushBytes& message) {
  ++last_number_;
  if (message == nullptr || !charge_.grow(bytes_of(message))) return forget_all();
  bytes_ += bytes_of(message);
  messages_.push_back(message);
  while (messages_.size() > count_max || bytes_ > bytes_max) forget_first();
}

void MissedMessages::forget_until(std::uint64_t number) {
  const std::uint64_t kept = last_number_ - std::min(number, last_number_);
  while (messages_.size() > kept) forget_first();
}

}  // namespace plimsoll::bridge
