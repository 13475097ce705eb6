#include "plimsoll/demo/cluster/ledger.h"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::demo::ledger_test {
namespace {

using Numbers = std::vector<std::int64_t>;

// Steps of a caller whom the cluster has served as it should.
Ledger served(std::size_t steps) {
  Ledger ledger;
  for (std::size_t i = 0; i < steps; ++i) {
    const std::size_t step = ledger.begin();
    ledger.settle_push(step, Fate::acknowledged);
    ledger.settle_count(step, Fate::acknowledged, static_cast<std::int64_t>(step) + 1);
    ledger.settle_read(step, static_cast<std::int64_t>(step));
  }
  return ledger;
}

Numbers numbers_to(std::int64_t count) {
  Numbers all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

TEST_CASE("a list that holds what was acknowledged, in order, is right") {
  CHECK(served(5).audit(numbers_to(5)) == Findings{});
  CHECK(Ledger().audit({}) == Findings{});
  CHECK(to_text(Findings{}).empty());
}

TEST_CASE("each fault in a list is found, and is wrong") {
  const Ledger ledger = served(5);
  CHECK(ledger.audit(Numbers{0, 2, 1, 3, 4}).out_of_order == 1);
  CHECK(ledger.audit(Numbers{0, 1, 1, 2, 3, 4}).twice == 1);
  CHECK(ledger.audit(Numbers{0, 1, 3, 4}).lost == 1);
  CHECK(ledger.audit(Numbers{0, 1, 2, 3}).lost == 1);
  CHECK(ledger.audit(Numbers{0, 1, 2, 3, 4, 5}).phantoms == 1);
  CHECK(ledger.audit(Numbers{0, 1, 2, 3, 4, -1}).phantoms == 1);
  CHECK(ledger.audit(Numbers{0, 2, 1, 3, 4}).wrong() == 1);
  CHECK(to_text(ledger.audit(Numbers{1, 1, 2, 3, 4})) == "1 twice, 1 lost");
}

TEST_CASE("a read has to show the push before it, and nothing behind it") {
  Ledger ledger = served(3);
  ledger.settle_read(2, 1);
  CHECK(ledger.audit(numbers_to(3)).stale == 1);
  ledger = served(3);
  ledger.settle_read(1, 2);
  CHECK(ledger.audit(numbers_to(3)).early == 1);
}

TEST_CASE("an increment that runs twice, or not at all, shows in the next reply") {
  Ledger ledger = served(2);
  ledger.settle_count(1, Fate::acknowledged, 3);
  CHECK(ledger.audit(numbers_to(2)).twice == 1);
  ledger.settle_count(1, Fate::acknowledged, 1);
  CHECK(ledger.audit(numbers_to(2)).lost == 1);
}

TEST_CASE("what is in doubt may have run, at any time, but once") {
  Ledger ledger = served(4);
  ledger.settle_push(1, Fate::in_doubt);
  ledger.settle_count(1, Fate::in_doubt);
  CHECK(ledger.audit(numbers_to(4)) == Findings{});
  CHECK(ledger.audit(Numbers{0, 2, 3, 1}) == Findings{});
  CHECK(ledger.audit(Numbers{0, 1, 2, 1, 3}).twice == 1);
  // The increment has not run either.
  ledger.settle_count(2, Fate::acknowledged, 2);
  ledger.settle_count(3, Fate::acknowledged, 3);
  CHECK(ledger.audit(Numbers{0, 2, 3}) == Findings{});
  // Two of them cannot have run.
  ledger.settle_count(2, Fate::acknowledged, 4);
  ledger.settle_count(3, Fate::acknowledged, 5);
  CHECK(ledger.audit(Numbers{0, 2, 3}).twice == 1);
}

TEST_CASE("what has not run must not be there") {
  Ledger ledger = served(3);
  ledger.settle_push(1, Fate::not_run);
  ledger.settle_read(1, 0);
  CHECK(ledger.audit(Numbers{0, 2}) == Findings{});
  CHECK(ledger.audit(Numbers{0, 1, 2}).phantoms == 1);
  ledger.settle_count(1, Fate::not_run);
  CHECK(ledger.audit(Numbers{0, 2}).twice == 1);
}

// Three steps before a primary's death, and two behind it.
Ledger with_death() {
  Ledger ledger = served(3);
  ledger.primary_died();
  for (std::int64_t counted : {4, 5}) {
    const std::size_t step = ledger.begin();
    ledger.settle_push(step, Fate::acknowledged);
    ledger.settle_count(step, Fate::acknowledged, counted);
    ledger.settle_read(step, static_cast<std::int64_t>(step));
  }
  return ledger;
}

TEST_CASE("a primary that dies may take the last pushes with it, and no others") {
  const Ledger ledger = with_death();
  CHECK(ledger.audit(numbers_to(5)) == Findings{});
  const Findings gone = ledger.audit(Numbers{0, 3, 4});
  CHECK(gone.gone_with_primary == 2);
  CHECK(gone.wrong() == 0);
  // The replica has run what waited for it.
  CHECK(ledger.audit(Numbers{0, 2, 3, 4}).gone_with_primary == 1);
  CHECK(ledger.audit(Numbers{1, 3, 4}).lost == 1);
  CHECK(ledger.audit(Numbers{0, 1, 2, 4}).lost == 1);
  CHECK(ledger.audit(Numbers{0, 1, 2, 3}).lost == 1);
}

TEST_CASE("a counter may go back once, with its primary") {
  Ledger ledger = with_death();
  ledger.settle_count(3, Fate::acknowledged, 2);
  ledger.settle_count(4, Fate::acknowledged, 3);
  CHECK(ledger.audit(numbers_to(5)).gone_with_primary == 2);
  CHECK(ledger.audit(numbers_to(5)).wrong() == 0);
  ledger.settle_count(4, Fate::acknowledged, 2);
  CHECK(ledger.audit(numbers_to(5)).lost == 1);
}

}  // namespace
}  // namespace plimsoll::demo::ledger_test
