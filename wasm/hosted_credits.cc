#include "plimsoll/wasm/hosted_credits.h"

#include <utility>

namespace plimsoll::wasm {

// Ends the windows one by one: otherwise the destructors of the list would recurse.
HostedCredits::~HostedCredits() {
  while (first_) end(first_->connection);
}

std::size_t HostedCredits::open(std::uint32_t connection, Account& replies) {
  Box<Window> made = Box<Window>::make(replies, 0, replies, connection);
  if (!made) return 0;
  const std::size_t granted = made->window.poll_grant();
  if (granted == 0) return 0;
  made->next = std::move(first_);
  first_ = std::move(made);
  return granted;
}

void HostedCredits::end(std::uint32_t connection) {
  for (Box<Window>* at = &first_; *at; at = &(*at)->next) {
    if ((*at)->connection != connection) continue;
    *at = std::move((*at)->next);
    return;
  }
}

CreditWindow* HostedCredits::find(std::uint32_t connection) const {
  for (Window* at = first_.get(); at != nullptr; at = at->next.get()) {
    if (at->connection == connection) return &at->window;
  }
  return nullptr;
}

std::size_t HostedCredits::charged_bytes() const {
  std::size_t sum = 0;
  for (const Window* at = first_.get(); at != nullptr; at = at->next.get()) {
    sum += at->window.charged_bytes();
  }
  return sum;
}

}  // namespace plimsoll::wasm
