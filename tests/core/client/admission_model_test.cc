#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/admission.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/core/memory/test_memory.h"

// The line against one that is written as plainly as possible.

namespace plimsoll::admission_model_test {
namespace {

using testing::TestMemory;

constexpr std::size_t waiters_max = 40;

struct Naive {
  struct Waiter {
    RequestId id;
    Tag tag;
    Instant deadline;
    std::uint8_t lane = 0;
  };

  // The first who stands in the lane; the end, if nobody does.
  std::vector<Waiter>::iterator first_in(std::uint8_t lane) {
    return std::find_if(line.begin(), line.end(),
                        [lane](const Waiter& waiter) { return waiter.lane == lane; });
  }
  std::size_t count_in(std::uint8_t lane) const {
    return static_cast<std::size_t>(std::count_if(
        line.begin(), line.end(), [lane](const Waiter& waiter) { return waiter.lane == lane; }));
  }

  // Those who are let go are told in the order in which they came.
  void let_go(RequestId id, ErrorCode code) {
    const auto found = std::find_if(line.begin(), line.end(),
                                    [id](const Waiter& waiter) { return waiter.id == id; });
    if (found == line.end()) return;
    gone.push_back({*found, code});
    line.erase(found);
    std::sort(gone.begin(), gone.end(),
              [](const auto& a, const auto& b) { return a.first.id < b.first.id; });
  }

  std::vector<Waiter> line;
  std::vector<std::pair<Waiter, ErrorCode>> gone;  // not told yet
};

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), has_lanes_(seed % 2 == 0) {
    if (has_lanes_) line_.use_lanes(lanes_);
  }

  void run() {
    for (int step = 0; step < 400; ++step) {
      switch (below(8)) {
        case 0:
        case 1:
        case 2: join(); break;
        case 3: cancel(); break;
        case 4: pass_time(); break;
        case 5: tell(below(3)); break;
        case 6: has_lanes_ ? change_lanes() : admit(); break;
        default: admit(); break;
      }
      line_.validate();
      for (std::uint8_t i = 1; has_lanes_ && i <= WaiterLanes::count_max; ++i) {
        REQUIRE(lanes_[i].waiters == naive_.count_in(i));
      }
      REQUIRE(line_.waiting_count() == naive_.line.size());
      const std::size_t in_line = naive_.line.size() + naive_.gone.size() + delivered_since_;
      REQUIRE(line_.empty() == (in_line == 0));
    }
    close();
  }

 private:
  std::uint64_t below(std::uint64_t end) { return random_() % end; }

  void join() {
    const Instant deadline = below(3) == 0 ? never : now_ + Duration(below(50));
    const bool are_all_aside = has_lanes_ && naive_.count_in(0) == 0;
    REQUIRE(line_.are_all_aside() == are_all_aside);
    const std::uint8_t lane = are_all_aside && below(2) == 0 ? a_lane() : std::uint8_t{0};
    const Result<RequestId> id =
        line_.join(below(100) + 1, deadline, ++tags_, {}, {.lane = lane, .is_bounded = lane > 1});
    if (!id && lane > 1 && naive_.count_in(lane) >= waiters_max / 4) return;
    // Cancelled and timed-out waiters stay in the queue until their ends are delivered.
    const std::size_t in_line = naive_.line.size() + naive_.gone.size();
    REQUIRE((id.ok() || in_line + delivered_since_ >= waiters_max));
    if (!id) return;
    REQUIRE(in_line < waiters_max);
    REQUIRE(Admission::is_waiter_id(*id));
    REQUIRE(*id > last_id_);
    last_id_ = *id;
    naive_.line.push_back({.id = *id, .tag = tags_, .deadline = deadline, .lane = lane});
  }

  // The lane of some node.
  std::uint8_t a_lane() { return lanes_.find_or_take(static_cast<NodeNumber>(below(10))); }

  void change_lanes() {
    while (tell_one()) {
    }
    if (below(10) == 0) {
      line_.put_back();
      for (Naive::Waiter& waiter : naive_.line) waiter.lane = 0;
    }
    if (!line_.choose(0)) return;
    const auto first = naive_.first_in(0);
    REQUIRE(line_.first().tag == first->tag);
    if (const std::uint8_t lane = a_lane(); lane != 0) {
      line_.set_aside(lane);
      first->lane = lane;
    }
  }

  void cancel() {
    // Also of those who were let go, admitted, or never there.
    const RequestId id = last_id_ - below(2 * waiters_max);
    line_.cancel(id);
    naive_.let_go(id, ErrorCode::cancelled);
  }

  void pass_time() {
    now_ += Duration(below(20));
    line_.handle_timeout(now_);
    const auto waiting = naive_.line;
    for (const Naive::Waiter& waiter : waiting) {
      if (waiter.deadline <= now_) naive_.let_go(waiter.id, ErrorCode::timed_out);
    }
    for (const Naive::Waiter& waiter : naive_.line) {
      REQUIRE(line_.next_deadline() <= waiter.deadline);
    }
  }

  bool tell_one() {
    const std::optional<Ended> ended = line_.next_ended();
    REQUIRE(ended.has_value() == !naive_.gone.empty());
    if (!ended) {
      delivered_since_ = 0;
      return false;
    }
    REQUIRE(ended->tag == naive_.gone.front().first.tag);
    REQUIRE(ended->code == naive_.gone.front().second);
    REQUIRE(ended->executed == Executed::no);
    naive_.gone.erase(naive_.gone.begin());
    ++delivered_since_;
    return true;
  }

  void tell(std::uint64_t count) {
    while (count-- > 0 && tell_one()) {
    }
  }

  void admit() {
    while (tell_one()) {
    }
    const auto lane = static_cast<std::uint8_t>(has_lanes_ ? below(WaiterLanes::count_max + 1) : 0);
    const auto first = naive_.first_in(lane);
    if (has_lanes_) REQUIRE(line_.choose(lane) == (first != naive_.line.end()));
    if (first == naive_.line.end()) return;
    REQUIRE(line_.first().tag == first->tag);
    REQUIRE(line_.first().deadline == first->deadline);
    line_.leave();
    // Who leaves from a lane may have to wait until the queue is tidied up.
    if (first != naive_.line.begin()) ++delivered_since_;
    naive_.line.erase(first);
  }

  void close() {
    while (const std::optional<Ended> ended = line_.take_closed()) {
      if (!naive_.gone.empty()) {
        REQUIRE(ended->tag == naive_.gone.front().first.tag);
        REQUIRE(ended->code == naive_.gone.front().second);
        naive_.gone.erase(naive_.gone.begin());
        continue;
      }
      REQUIRE_FALSE(naive_.line.empty());
      REQUIRE(ended->tag == naive_.line.front().tag);
      REQUIRE(ended->code == ErrorCode::closed);
      naive_.line.erase(naive_.line.begin());
    }
    REQUIRE(naive_.line.empty());
    REQUIRE(line_.empty());
    REQUIRE(line_.next_deadline() == never);
  }

  std::mt19937_64 random_;
  const bool has_lanes_;
  WaiterLanes lanes_;
  TestMemory source_;
  Budget budget_{{}, source_};
  AccountHandle account_ = budget_.open_account(PoolKind::requests);
  Admission line_{*account_, waiters_max};
  Naive naive_;
  Instant now_{};
  Tag tags_ = 0;
  RequestId last_id_ = RequestId{1} << 63;
  std::size_t delivered_since_ = 0;  // and in the queue still
};

TEST_CASE("the line does what a plain one does") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    INFO("seed " << seed);
    World(seed).run();
  }
}

}  // namespace
}  // namespace plimsoll::admission_model_test
