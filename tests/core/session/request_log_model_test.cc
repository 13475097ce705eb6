#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/session/request_log.h"
#include "plimsoll/tests/core/session/request_memory.h"

// A RequestLog beside a model of it: random requests, of sizes around what segments of both sizes
// have room for, are appended and given up in any order, while memory is short now and then.

namespace plimsoll::testing::request_log_model_test {
namespace {

constexpr unsigned seeds_count = 40;
constexpr int steps_count = 400;

struct Kept {
  std::uint64_t begin;
  std::string bytes;

  std::uint64_t end() const { return begin + bytes.size(); }
};

class World {
 public:
  World(unsigned seed, bool leaves_half) : random_(seed), log_(*memory_.account, leaves_half) {}

  void step() {
    const std::size_t kind = below(10);
    if (kind < 5) {
      append();
    } else if (kind < 8) {
      give_up();
    } else if (kind < 9) {
      make_room();
    } else {
      set_others();
    }
    check();
  }

  void end() {
    log_.clear();
    others_.shrink(others_.bytes());
    REQUIRE(memory_.bytes_in_use() == 0);
  }

  std::size_t refused() const { return refused_; }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }

  // Mostly small, so that a segment has several, else around a border.
  std::size_t any_size() {
    constexpr std::size_t borders[] = {small_segment_capacity, segment_capacity,
                                       2 * segment_capacity};
    switch (below(4)) {
      case 0: return borders[below(3)] + below(5) - 2;
      case 1: return 1 + below(small_segment_capacity);
      default: return 1 + below(200);
    }
  }

  std::string any_bytes(std::size_t size) {
    std::string bytes(size, ' ');
    for (char& byte : bytes) byte = static_cast<char>('a' + below(26));
    return bytes;
  }

  void append() { append(any_bytes(any_size())); }

  void append(const std::string& bytes) {
    const std::uint64_t before = log_.end();
    const std::uint64_t begin = log_.append(raw(bytes));
    if (begin == RequestLog::no_room) {
      ++refused_;
      if (log_.end() != before) FAIL("a request that was refused has moved the end");
      return;
    }
    if (begin != before || log_.end() != begin + bytes.size()) FAIL("the position is wrong");
    kept_.push_back({begin, bytes});
  }

  void make_room() {
    const std::size_t size = any_size();
    if (!log_.make_room(size)) {
      ++refused_;
    } else if (below(2) == 0) {
      log_.release_room();
    } else {
      const std::size_t count = kept_.size();
      append(any_bytes(size));
      if (kept_.size() == count) FAIL("there is no room although it was made");
    }
  }

  // The first ones mostly, as answers come; else one in the middle.
  void give_up() {
    if (kept_.empty()) return;
    const std::size_t first = below(3) > 0 ? 0 : below(kept_.size());
    const std::size_t count = 1 + below(kept_.size() - first);
    const auto at = kept_.begin() + static_cast<std::ptrdiff_t>(first);
    for (const Kept& kept : std::span(kept_).subspan(first, count)) {
      log_.give_up(kept.begin, kept.end());
    }
    kept_.erase(at, at + static_cast<std::ptrdiff_t>(count));
  }

  // Leaves the log with little or with much.
  void set_others() {
    others_.shrink(others_.bytes());
    const std::size_t used = memory_.budget.statistics().pool(PoolKind::requests).used;
    const std::size_t all = memory_.budget.limit(PoolKind::requests);
    const std::size_t left = below(2) == 0 ? below(3 * chunk_bytes) : below(4 * segment_bytes);
    if (used + left < all) static_cast<void>(others_.grow(all - used - left));
  }

  void check() {
    std::size_t live = 0;
    for (const Kept& kept : kept_) live += kept.bytes.size();
    if (log_.live_bytes() != live) FAIL("the live bytes differ");
    if (kept_.empty() && memory_.bytes_in_use() != others_.bytes()) FAIL("an empty log has memory");
    if (!kept_.empty()) check_text(kept_[below(kept_.size())]);
  }

  void check_text(const Kept& kept) {
    std::array<std::string_view, 16> spans;
    const std::size_t count = log_.collect(kept.begin, kept.end(), spans);
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += spans[i];
    if (text != kept.bytes) FAIL("the bytes differ");
    if (kept.bytes.size() <= segment_capacity && count != 1) FAIL("a request is split");
  }

  std::mt19937 random_;
  RequestMemory memory_{BudgetOptions{.memory_limit = 2 * 1024 * 1024, .borrowing = false}};
  RequestLog log_;
  Charge others_{*memory_.account};
  std::vector<Kept> kept_;
  std::size_t refused_ = 0;
};

TEST_CASE(
    "whatever is appended and given up, a log has the bytes that are left, and no page more") {
  std::size_t refused = 0;
  for (unsigned seed = 1; seed <= seeds_count; ++seed) {
    INFO("seed " << seed);
    World world(seed, seed % 2 == 0);
    for (int i = 0; i < steps_count; ++i) world.step();
    world.end();
    refused += world.refused();
  }
  CHECK(refused > seeds_count);
}

}  // namespace
}  // namespace plimsoll::testing::request_log_model_test
