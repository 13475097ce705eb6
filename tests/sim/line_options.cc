#include "plimsoll/tests/sim/line_options.h"

#include <algorithm>

namespace plimsoll::sim {
namespace {

std::size_t draw_memory_limit(Random& random, const FaultSet& faults) {
  if (faults.has(Fault::tight_limit)) {
    const std::size_t more = random.skewed(memory_limit_min);
    // Who never rests needs a segment for requests all the time: with_requests_for().
    const std::size_t least = memory_limit_min * (faults.has(Fault::dry_replies) ? 4 : 1);
    return least + (random.one_in(2) ? more : 0);
  }
  return memory_limit_min << random.between(2, 6);
}

PoolOptions draw_share(Random& random, const PoolOptions& usual, std::size_t line) {
  const std::uint64_t kind = random.below(4);
  const std::uint64_t percent = random.between(10, 40);
  const std::size_t bytes = random.between(2 * segment_bytes, line / 3);
  if (kind == 0) return {.ratio = static_cast<double>(percent) / 100};
  if (kind == 1) return {.bytes = bytes};
  return usual;
}

}  // namespace

BudgetOptions draw_line(Random& random, const FaultSet& faults) {
  const BudgetOptions usual{.memory_limit = draw_memory_limit(random, faults)};
  BudgetOptions options = usual;
  options.requests = draw_share(random, usual.requests, usual.memory_limit);
  options.replies = draw_share(random, usual.replies, usual.memory_limit);
  options.pushes = draw_share(random, usual.pushes, usual.memory_limit);
  const bool borrowing = !random.one_in(3);
  const bool plain = random.one_in(2) || !faults.has_any(memory_faults);
  if (plain || !Budget::validate(options)) options = usual;
  // A drought in which replies may borrow is one of connections, too.
  options.borrowing = (plain || borrowing) && !faults.has(Fault::dry_replies);
  return options;
}

BudgetOptions with_requests_for(std::size_t clients, const BudgetOptions& options) {
  const std::size_t least = clients * requests_bytes_each;
  const Result<Shares> shares = shares_of(options);
  if (shares && (*shares)[static_cast<std::size_t>(PoolKind::requests)] >= least) return options;
  BudgetOptions larger = options;
  larger.requests = {.bytes = least};
  if (Budget::validate(larger)) return larger;
  // The others' shares are those by default: they and the reserve are less than two thirds.
  return {.memory_limit = std::max(options.memory_limit, 3 * least),
          .requests = {.bytes = least},
          .borrowing = options.borrowing};
}

}  // namespace plimsoll::sim
