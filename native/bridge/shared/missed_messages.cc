#include "plimsoll/native/bridge/shared/missed_messages.h"

#include <algorithm>

namespace plimsoll::bridge {

// Clients that have the same message share it. Each counts it whole here, since the others may
// forget it.
std::size_t MissedMessages::bytes_of(const PushBytes& message) {
  return sizeof(PushBytes) + message->bytes().size();
}

void MissedMessages::add(const PushBytes& message) {
  ++last_number_;
  if (message == nullptr || !charge_.grow(bytes_of(message))) return forget_all();
  messages_.push_back(message);
  if (messages_.size() > count_max) forget_until(last_number_ - count_max);
}

void MissedMessages::forget_until(std::uint64_t number) {
  const std::uint64_t kept = last_number_ - std::min(number, last_number_);
  while (messages_.size() > kept) {
    charge_.shrink(bytes_of(messages_.front()));
    messages_.pop_front();
  }
}

}  // namespace plimsoll::bridge
