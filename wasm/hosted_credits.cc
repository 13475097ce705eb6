#include <utility>

#include "plimsoll/wasm/hosted_client.h"

// The credits of a hosted client's peers, where these want any.

namespace plimsoll::wasm {

/// What to grant first: 0 where there is no memory.
std::size_t HostedClient::open_credits(std::uint32_t connection) {
  Account& replies = client_.replies_account();
  Box<Credits> made = Box<Credits>::make(replies, 0, replies, connection);
  if (!made) return 0;
  const std::size_t granted = made->window.poll_grant();
  if (granted == 0) return 0;
  made->next = std::move(credits_);
  credits_ = std::move(made);
  return granted;
}

void HostedClient::end_credits(std::uint32_t connection) {
  for (Box<Credits>* at = &credits_; *at; at = &(*at)->next) {
    if ((*at)->connection != connection) continue;
    *at = std::move((*at)->next);
    return;
  }
}

CreditWindow* HostedClient::find_credits(std::uint32_t connection) const {
  for (Credits* at = credits_.get(); at != nullptr; at = at->next.get()) {
    if (at->connection == connection) return &at->window;
  }
  return nullptr;
}

std::size_t HostedClient::credit_bytes() const {
  std::size_t sum = 0;
  for (const Credits* at = credits_.get(); at != nullptr; at = at->next.get()) {
    sum += at->window.charged_bytes();
  }
  return sum;
}

}  // namespace plimsoll::wasm
