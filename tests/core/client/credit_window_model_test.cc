#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/credit_window.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// Windows against ones that are written as plainly as possible, beside others who take memory and
// give it back.

namespace plimsoll::credit_window_model_test {
namespace {

using namespace std::chrono_literals;
using testing::TestBudget;

constexpr std::int64_t bytes_min = CreditWindow::window_bytes_min;

struct Naive {
  std::int64_t granted = 0;
  std::int64_t unread = 0;
  bool was_granted = false;
  std::int64_t came_since_it_began = 0;
  Instant begun{};

  std::int64_t open() const { return granted + unread; }
  std::int64_t charged() const { return was_granted ? std::max(open(), bytes_min) : 0; }
  // With all the memory that it could want.
  std::int64_t window(std::int64_t bytes_max) const {
    const auto first = static_cast<std::int64_t>(CreditWindow::first_window_bytes);
    return std::min(first + came_since_it_began, bytes_max);
  }
};

class World {
 public:
  explicit World(std::uint64_t seed)
      : random_(seed), line_({.memory_limit = (1 + below(8)) * memory_limit_min}) {
    for (std::size_t i = 0; i < 3; ++i) {
      accounts_.push_back(line_.budget.open_account(PoolKind::replies));
    }
    other_ = line_.budget.open_account(PoolKind::replies);
    hog_ = Charge(*other_);
  }

  void run() {
    for (int step = 0; step < 600; ++step) {
      if (windows_.size() < 20 && below(20) == 0) open();
      if (below(10) == 0) hog();
      if (below(4) == 0) now_ += std::chrono::milliseconds(below(700));
      if (!windows_.empty()) act(windows_[below(windows_.size())]);
      check();
    }
    windows_.clear();
    hog_ = Charge();
    REQUIRE(line_.used(PoolKind::replies) == 0);
  }

 private:
  struct Pair {
    std::unique_ptr<CreditWindow> window;
    Naive naive;
    std::int64_t bytes_max;
  };

  std::uint64_t below(std::uint64_t end) { return random_() % end; }

  std::int64_t some(std::int64_t most) {
    const auto bound = static_cast<std::uint64_t>(most);
    return static_cast<std::int64_t>(below(3) == 0 ? bound : below(bound + 1));
  }

  void open() {
    const std::size_t bytes_max = CreditWindow::window_bytes_min + below(512 * 1024);
    Account& account = *accounts_[below(accounts_.size())];
    windows_.push_back({.window = std::make_unique<CreditWindow>(account, bytes_max),
                        .naive = {},
                        .bytes_max = static_cast<std::int64_t>(bytes_max)});
  }

  // Takes about all that there is, or some, or gives all back.
  void hog() {
    if (below(3) == 0) return hog_.shrink(hog_.bytes());
    for (std::size_t bytes = below(mebibyte) + 1; bytes > 0; bytes /= 2) {
      if (!hog_.grow(bytes) && below(4) == 0) return;
    }
  }

  void act(Pair& pair) {
    switch (below(40)) {
      case 0: return close(pair);
      case 1: return end(pair);
      default: break;
    }
    switch (below(3)) {
      case 0: return grant(pair);
      case 1: return receive(pair);
      default: return take(pair);
    }
  }

  void grant(Pair& pair) {
    Naive& naive = pair.naive;
    const auto bytes = static_cast<std::int64_t>(pair.window->poll_grant());
    // Whoever was granted anything goes on.
    if (naive.was_granted && naive.open() <= bytes_min / 2) REQUIRE(bytes > 0);
    if (bytes == 0) return;
    const std::int64_t window = naive.open() + bytes;
    REQUIRE(naive.open() <= window / 2);
    REQUIRE(window >= bytes_min);
    REQUIRE(window <= naive.window(pair.bytes_max));
    naive.granted += bytes;
    naive.was_granted = true;
  }

  void receive(Pair& pair) {
    Naive& naive = pair.naive;
    const std::int64_t bytes = some(naive.granted + 2);
    const bool taken = pair.window->handle_received(static_cast<std::size_t>(bytes), now_);
    REQUIRE(taken == (bytes <= naive.granted));
    if (!taken) return;
    naive.granted -= bytes;
    naive.unread += bytes;
    if (now_ - naive.begun >= CreditWindow::window_age_max) {
      naive.begun = now_;
      naive.came_since_it_began = 0;
    }
    naive.came_since_it_began += bytes;
  }

  void take(Pair& pair) {
    const std::int64_t bytes = some(pair.naive.unread);
    pair.window->handle_taken(static_cast<std::size_t>(bytes));
    pair.naive.unread -= bytes;
  }

  void close(Pair& pair) {
    pair.window->handle_closed();
    pair.naive.granted = pair.naive.unread = pair.naive.came_since_it_began = 0;
  }

  void end(Pair& pair) {
    std::swap(pair, windows_.back());
    windows_.pop_back();
  }

  void check() {
    std::int64_t charged = 0;
    for (const Pair& pair : windows_) {
      REQUIRE(pair.naive.granted >= 0);
      REQUIRE(pair.naive.unread >= 0);
      REQUIRE(pair.window->granted_bytes() == static_cast<std::size_t>(pair.naive.granted));
      REQUIRE(pair.window->unread_bytes() == static_cast<std::size_t>(pair.naive.unread));
      REQUIRE(pair.window->charged_bytes() == static_cast<std::size_t>(pair.naive.charged()));
      REQUIRE(pair.window->is_starved() == !pair.naive.was_granted);
      REQUIRE(pair.naive.charged() <= pair.bytes_max);
      charged += pair.naive.charged();
    }
    const BudgetStatistics line = line_.budget.statistics();
    REQUIRE(line.pool(PoolKind::replies).used == static_cast<std::size_t>(charged) + hog_.bytes());
    REQUIRE(line.used <= line.limit);
    line_.budget.validate();
  }

  static constexpr std::size_t mebibyte = 1024 * 1024;

  std::mt19937_64 random_;
  TestBudget line_;
  std::vector<AccountHandle> accounts_;
  AccountHandle other_;
  Charge hog_;
  std::vector<Pair> windows_;
  Instant now_{100s};
};

TEST_CASE("windows do what plain ones do, whatever memory there is") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    World(seed).run();
  }
}

}  // namespace
}  // namespace plimsoll::credit_window_model_test
