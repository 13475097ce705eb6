#include "plimsoll/core/memory/budget.h"

#include <algorithm>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0 {
namespace {

// How many free pages are kept. Kept pages save system calls, but free segments may take at most a
// sixteenth of the line: a small line has better use for its bytes.
constexpr std::size_t kept_segments_max = 256;
constexpr std::size_t kept_chunks_max = 32;

std::size_t kept_segments(std::size_t memory_limit) {
  return std::min(kept_segments_max, memory_limit / segment_bytes / 16);
}

// The options must be valid.
Shares valid_shares(const BudgetOptions& options) {
  const Result<Shares> shares = shares_of(options);
  PLIMSOLL_CHECK(shares.ok());
  return *shares;
}

}  // namespace

Status Budget::validate(const BudgetOptions& options) {
  const Result<Shares> shares = shares_of(options);
  return shares ? Status() : Status(shares.error());
}

Budget::Budget(const BudgetOptions& options, MemorySource& source)
    : ledger_(valid_shares(options), options, source, *this, *this),
      segments_(ledger_, PagePool::Size::segment, kept_segments(options.memory_limit)),
      chunks_(ledger_, PagePool::Size::chunk, kept_chunks_max),
      reserve_(ledger_, *this) {}

Budget::~Budget() {
  reclaim_pages();
  // A charge that is still held would be released into a Budget that is gone.
  PLIMSOLL_CHECK(ledger_.used() == progress_reserve_segments * segment_bytes);
}

Status Budget::configure(const BudgetOptions& options) {
  const Result<Shares> shares = shares_of(options);
  if (!shares) return shares.error();
  segments_.set_kept_max(kept_segments(options.memory_limit));
  ledger_.configure(*shares, options);
  // Behind that, since the pages that accounts keep are free ones only now.
  reclaim_pages();
  return {};
}

Status Budget::set_memory_limit(std::size_t bytes) {
  BudgetOptions changed = options();
  changed.memory_limit = bytes;
  return configure(changed);
}

AccountHandle Budget::open_account(PoolKind pool, std::uint64_t owner) {
  return Account::open(ledger_, pool, owner);
}

void Budget::reclaim() {
  ledger_.take_back();
  reclaim_pages();
}

void Budget::reclaim_pages() {
  segments_.reclaim();
  chunks_.reclaim();
}

void Budget::handle_timeout(Instant now) {
  if (!ledger_.begin_tick(now)) return;
  segments_.age(free_page_ticks_max);
  chunks_.age(free_page_ticks_max);
  ledger_.end_tick(now, segments_.kept_count() + chunks_.kept_count() > 0);
}

BudgetStatistics Budget::statistics() const {
  const PageStatistics segments = segments_.statistics();
  const PageStatistics chunks = chunks_.statistics();
  BudgetStatistics all = ledger_.statistics();
  all.segments = segments;
  // To the pool of chunks those that accounts keep are in use.
  const std::size_t kept = std::min(all.chunks.pooled, chunks.live);
  all.chunks = {.live = chunks.live - kept,
                .pooled = chunks.pooled + all.chunks.pooled,
                .returned = chunks.returned};
  return all;
}

void Budget::validate() {
  const std::size_t kept = segments_.kept_count() * segments_.page_charge() +
                           chunks_.kept_count() * chunks_.page_charge();
  ledger_.validate(kept + progress_reserve_segments * segment_bytes,
                   source().block_footprint(sizeof(Account)));
}

}  // namespace plimsoll::inline v0
