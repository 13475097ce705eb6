#include "plimsoll/tests/sim/watched_line.h"

#include <algorithm>
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
      first_options_(options),
      memory_(Random(environment.scenario.seed, Random::Purpose::faults, 1 + number),
              environment.coverage, *this),
      budget_(std::make_unique<Budget>(options, memory_)),
      witness_(*budget_),
      idle_bytes_(budget_->statistics().used),
      limit_(options.memory_limit),
      highest_limit_(limit_) {}

// Before whoever asked for it has it.
void WatchedLine::handle_allocated() {
  if (!budget_) return;
  const BudgetStatistics now = budget_->statistics();
  require(memory_.bytes_out() <= now.used, "all memory is paid for before it is there");
  require(now.used <= now.limit, "the memory line holds at every instant");
}

void WatchedLine::configure(const BudgetOptions& options) {
  const BudgetStatistics before = budget_->statistics();
  const bool valid = Budget::validate(options).ok();
  const Status done = budget_->configure(options);
  const BudgetStatistics now = budget_->statistics();
  environment_.note("line", number_, "% bytes, of which % are used, wanted: %", now.target,
                    now.used, options.memory_limit);
  require(done.ok() == valid, "a line is drawn if it makes sense, and only then");
  Coverage& coverage = environment_.coverage;
  if (!done) {
    coverage.count(Deed::line_kept);
    require(now.target == before.target && now.limit == before.limit,
            "a line that makes no sense changes nothing");
    return;
  }
  coverage.count(Fault::moved_line);
  if (now.target > before.target) coverage.count(Deed::line_raised);
  if (now.target < now.used) coverage.count(Deed::line_lowered);
  require(now.target == options.memory_limit, "the line is what was asked for");
  limit_ = now.limit;
  used_ = now.used;
  highest_limit_ = std::max(highest_limit_, limit_);
  limits_add_up_ = false;
  check_limits();
}

void WatchedLine::check_step(const Users& users) {
  check_limits();
  check_progress(users);
}

void WatchedLine::check_limits() {
  const BudgetStatistics now = budget_->statistics();
  require(now.used <= now.limit, "the memory line holds");
  require(now.target <= now.limit, "the limit in force is never below the line");
  require(now.limit <= limit_, "the limit in force only falls until the line is drawn anew");
  require(now.limit == std::max(now.target, now.used) || now.limit == now.target,
          "the limit in force falls with what is used");
  require(now.used <= std::max(used_, now.target), "nothing grows above the line");
  if (limit_ > now.target && now.limit == now.target) {
    environment_.coverage.count(Deed::line_reached);
  }
  limit_ = now.limit;
  used_ = now.used;
  std::size_t sum = 0;
  bool borrows = false;
  for (std::size_t i = 0; i < pools_count; ++i) {
    const PoolStatistics& pool = now.pools[i];
    require(pool.used <= pool.limit, "a pool stays below its limit");
    sum += pool.used;
    const bool shared = static_cast<PoolKind>(i) != PoolKind::spare;
    borrows = borrows || (shared && pool.used > pool.share);
  }
  if (borrows && !borrows_) environment_.coverage.count(Deed::share_exceeded);
  borrows_ = borrows;
  require(sum == now.used, "the pools add up");
  check_sum_of_limits(now);
}

// Shares that were made smaller are left as what they pay for is released.
void WatchedLine::check_sum_of_limits(const BudgetStatistics& now) {
  std::size_t sum = progress_reserve_segments * segment_bytes;
  for (std::size_t i = 0; i < shared_pools_count; ++i) sum += now.pools[i].limit;
  limits_add_up_ = limits_add_up_ || sum <= now.target;
  require(!limits_add_up_ || sum <= now.target, "the limits of the pools are within the line");
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
  require(statistics.peak <= highest_limit_, "the memory line was never passed");
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
  for (const PoolStatistics& pool : statistics.pools) {
    require(pool.waiting == 0, "nobody waits for memory when nobody does anything");
  }
  require(limits_add_up_ && statistics.limit == statistics.target,
          "what was above the line is below it when nobody does anything");
  const PoolStatistics& connections = statistics.pool(PoolKind::connections);
  for (std::size_t i = 0; i < shared_pools_count; ++i) {
    const PoolStatistics& pool = statistics.pools[i];
    require(pool.limit >= pool.share || connections.used > connections.share,
            "what was lent is back when nobody does anything");
  }
  check_reserve();
  pages_kept_ = statistics.segments.pooled + statistics.chunks.pooled;
}

void WatchedLine::check_rested(const Users& users) {
  const bool used = std::any_of(users.begin(), users.end(), [this](const auto& user) {
    return &user->budget() == budget_.get() && user->driver().has_client();
  });
  if (!used) return;
  const BudgetStatistics statistics = budget_->statistics();
  require(statistics.segments.pooled + statistics.chunks.pooled == 0,
          "free pages that nobody needs are given back");
  if (pages_kept_ > 0) environment_.coverage.count(Deed::pages_decayed);
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
  budget_->reclaim();
  require(budget_->statistics().used == idle_bytes_, "nothing is left when all have gone");
}

}  // namespace plimsoll::sim
