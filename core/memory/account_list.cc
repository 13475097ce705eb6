#include "plimsoll/core/memory/account_list.h"

#include <algorithm>

#include "plimsoll/core/memory/memory_source.h"

namespace plimsoll::inline v0 {
namespace {

// Each pass finds accounts that need less than the level, and so raises the level for the others.
// After eight passes the level hardly moves any more.
constexpr int passes_max = 8;

// The lowest level: with less than this an account can do nothing at all. If there is not enough
// memory to give each account this much, the first accounts get it and the others wait for their
// turn.
constexpr std::size_t level_min = 2 * segment_bytes;

}  // namespace

void AccountList::add(AccountState& account) {
  account.next = first_;
  if (first_ != nullptr) first_->previous = &account;
  first_ = &account;
  ++size_;
}

void AccountList::remove(AccountState& account) {
  (account.previous == nullptr ? first_ : account.previous->next) = account.next;
  if (account.next != nullptr) account.next->previous = account.previous;
  --size_;
}

void AccountList::even_out(std::size_t bytes, bool yields) {
  std::size_t pressed = 0;
  std::size_t active = 0;
  for_each([&](AccountState& account) {
    if (account.was_refused) ++pressed;
    if (account.was_refused || account.used > 0) ++active;
  });
  level_ = no_level;
  if (active == 0 || (!yields && pressed == 0)) return;
  // An account that needs less than an equal part leaves the rest of its part to the others.
  std::size_t level = bytes / active;
  for (int pass = 0; pass < passes_max; ++pass) {
    std::size_t modest_bytes = 0;
    std::size_t others = 0;
    for_each([&](AccountState& account) {
      const bool wants_more = account.was_refused || account.used > level;
      wants_more ? void(++others) : void(modest_bytes += account.used);
    });
    if (others == 0 || modest_bytes >= bytes) break;
    const std::size_t higher = (bytes - modest_bytes) / others;
    if (higher <= level) break;
    level = higher;
  }
  level_ = std::max(level, level_min);
}

}  // namespace plimsoll::inline v0
