#include "plimsoll/core/client/credit_window.h"

#include <algorithm>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/memory/budget.h"

namespace plimsoll::inline v0 {
namespace {

// The protocol's limit.
constexpr std::size_t granted_bytes_max = 0x7fff'ffff;

}  // namespace

CreditWindow::CreditWindow(Account& replies, std::size_t bytes_max)
    : replies_(replies), bytes_max_(bytes_max), charge_(replies) {
  PLIMSOLL_CHECK(bytes_max >= window_bytes_min && bytes_max <= granted_bytes_max);
}

// Statistics walk over all accounts, so an open window calls this only once per window_age_max.
void CreditWindow::begin_window() {
  const Budget& budget = replies_.budget();
  const std::size_t most = budget.limit(replies_.pool());
  const std::size_t used = budget.statistics().pool(replies_.pool()).used;
  const std::size_t room = most > used ? most - used : 0;
  window_max_ = std::clamp(room / windows_per_room, window_bytes_min, bytes_max_);
  window_ = std::min(first_window_bytes, window_max_);
}

std::size_t CreditWindow::poll_grant() {
  if (is_starved()) begin_window();
  // The line may have been lowered since the window began.
  const std::size_t most = replies_.budget().limit(replies_.pool()) / windows_per_room;
  const std::size_t granted = fill(std::clamp(most, window_bytes_min, window_));
  return granted > 0 ? granted : fill(window_bytes_min);
}

std::size_t CreditWindow::fill(std::size_t window) {
  const std::size_t open = granted_ + unread_;
  if (open > window / 2) return 0;  // a grant this small is not worth a message
  if (window > charge_.bytes() && !charge_.grow(window - charge_.bytes())) return 0;
  granted_ += window - open;
  return window - open;
}

bool CreditWindow::handle_received(std::size_t bytes, Instant now) {
  if (bytes > granted_) return false;
  granted_ -= bytes;
  unread_ += bytes;
  if (now - begun_ >= window_age_max) {
    begun_ = now;
    begin_window();
  }
  // Grows by the bytes that arrived, like TCP's window in slow start.
  window_ = std::min(window_ + bytes, window_max_);
  return true;
}

void CreditWindow::handle_taken(std::size_t bytes) {
  PLIMSOLL_CHECK(bytes <= unread_);
  unread_ -= bytes;
  release_rest();
}

void CreditWindow::handle_closed() {
  granted_ = 0;
  unread_ = 0;
  release_rest();
  begin_window();
}

void CreditWindow::release_rest() {
  const std::size_t kept = std::max(granted_ + unread_, window_bytes_min);
  if (charge_.bytes() > kept) charge_.shrink(charge_.bytes() - kept);
}

}  // namespace plimsoll::inline v0
