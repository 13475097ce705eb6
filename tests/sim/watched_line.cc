#include "plimsoll/tests/sim/watched_line.h"

#include <array>

namespace plimsoll::sim {
namespace {

// What an account itself costs.
constexpr std::size_t account_bytes_max = 128;

}  // namespace

WatchedLine::WatchedLine(Environment& environment, std::uint32_t number,
                         const BudgetOptions& options)
    : environment_(environment),
      number_(number),
      memory_(Random(environment.scenario.seed, Random::Purpose::faults, 1 + number),
              environment.coverage, *this),
      budget_(std::make_unique<Budget>(options, memory_)),
      witness_(*budget_),
      idle_bytes_(budget_->statistics().used) {}

// Before whoever asked for it has it.
void WatchedLine::handle_allocated() {
  if (!budget_) return;
  const BudgetStatistics now = budget_->statistics();
  require(memory_.bytes_out() <= now.used, "all memory is paid for before it is there");
  require(now.used <= now.limit, "the memory line holds at every instant");
}

// Of those who read, one has the progress reserve: it goes on, or skips what it reads.
void WatchedLine::check_progress(const Users& users) {
  std::size_t stuck = 0;
  for (const auto& user : users) {
    if (&user->budget() != budget_.get()) continue;
    const Driver::Readers readers = user->driver().readers();
    if (readers.stuck < readers.all) return;
    stuck += readers.stuck;
  }
  require(stuck == 0, "not everybody waits for the memory of others");
}

void WatchedLine::check_accounts(const Users& users) {
  const BudgetStatistics statistics = budget_->statistics();
  require(witness_.has_heard(statistics), "who waits for memory is told when some was released");
  require(statistics.peak <= statistics.limit, "the memory line holds");
  std::size_t sum = 0;
  for (const PoolStatistics& pool : statistics.pools) {
    require(pool.peak <= pool.limit, "a pool stays below its limit");
    sum += pool.used;
  }
  require(sum == statistics.used, "the pools add up");
  std::size_t kept = 0;
  for (const auto& user : users) {
    if (&user->budget() == budget_.get()) kept += user->large_bytes_kept();
  }
  require(kept <= statistics.pool(PoolKind::replies).used,
          "replies that are kept are paid for by the replies pool, not by the progress reserve");
}

void WatchedLine::check_quiet(const Users& users) {
  const BudgetStatistics statistics = budget_->statistics();
  require(statistics.pool(PoolKind::requests).used <= account_bytes_max * users.size(),
          "a client without requests holds no memory for them");
  require(statistics.pool(PoolKind::replies).used <= account_bytes_max * users.size(),
          "a client without requests holds no memory for replies");
  check_reserve();
}

// It is all there for the next who needs it.
void WatchedLine::check_reserve() {
  ProgressReserve& reserve = budget_->progress_reserve();
  std::array<Segment*, progress_reserve_segments> segments{};
  for (Segment*& segment : segments) {
    segment = reserve.take(this);
    require(segment != nullptr, "nobody has the progress reserve when nobody reads");
  }
  for (Segment* const segment : segments) {
    if (segment != nullptr) reserve.give_back(*segment);
  }
}

void WatchedLine::check_idle() {
  budget_->segments().reclaim();
  budget_->chunks().reclaim();
  require(budget_->statistics().used == idle_bytes_, "nothing is left when all have gone");
}

}  // namespace plimsoll::sim
