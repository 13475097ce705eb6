#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/cache/shelf.h"

// Random operations on a Store and on a list that is searched from end to end give the same: what
// is there, what goes first, and not a byte that is not accounted for.

namespace plimsoll::testing::store_model_test {
namespace {

using cache::EvictionPolicy;
using cache::Stamp;
using cache::Store;
using cache::StoreOptions;

struct Item {
  std::uint32_t source;
  Asked asked;
  std::string reply;
  Instant expires_at;
  Stamp stamp;
  std::uint64_t count;
  std::uint64_t accessed;
};

class Model {
 public:
  explicit Model(EvictionPolicy policy) : policy_(policy) {}

  Item* find(std::uint32_t source, const Asked& asked) {
    const auto found = std::ranges::find_if(
        items, [&](const Item& item) { return item.source == source && item.asked == asked; });
    return found == items.end() ? nullptr : &*found;
  }

  void access(Item& item) {
    ++item.count;
    item.accessed = ++clock_;
  }

  void add(Item item) {
    item.count = 1;
    item.accessed = ++clock_;
    items.push_back(std::move(item));
  }

  void evict(std::size_t count, const Item* spared = nullptr) {
    for (; count > 0; --count) {
      std::size_t first = items.size();
      for (std::size_t i = 0; i < items.size(); ++i) {
        if (&items[i] == spared) continue;
        if (first == items.size() || goes_before(items[i], items[first])) first = i;
      }
      REQUIRE(first < items.size());
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(first));
    }
  }

  template <class Unwanted>
  std::size_t erase(const Unwanted& unwanted) {
    return std::erase_if(items, unwanted);
  }

  std::vector<Item> items;

 private:
  bool goes_before(const Item& one, const Item& other) const {
    if (policy_ == EvictionPolicy::lfu && one.count != other.count) return one.count < other.count;
    return one.accessed < other.accessed;
  }

  EvictionPolicy policy_;
  std::uint64_t clock_ = 0;
};

class Run {
 public:
  Run(unsigned seed, const StoreOptions& options)
      : random_(seed), shelf_(options), model_(options.policy) {}

  void step() {
    switch (random_() % 16) {
      default: get(); break;
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5: put(); break;
      case 6: erase_key(); break;
      case 7: erase_one(); break;
      case 8: expire(); break;
      case 9: sweep(); break;
    }
    expect_same();
  }

  void finish() {
    while (shelf_.store.clear(7) > 0) shelf_.store.validate();
    shelf_.expect_counted();
  }

 private:
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  std::string key() { return "k" + std::to_string(below(40)); }

  // One key in three kinds: alone, with one of many fields, and among further keys.
  Asked draw() {
    switch (below(4)) {
      case 0: return {.row = 2, .key = "k" + std::to_string(below(3)), .rest = {key()}};
      case 1: {
        Asked asked{.row = 3, .key = key(), .rest = {"2"}, .more_begin = 1};
        asked.more_count = 1 + below(3);
        for (std::size_t i = 0; i < asked.more_count; ++i) asked.rest.push_back(key());
        if (below(2) == 0) asked.rest.push_back("WITHSCORES");
        return asked;
      }
      default: return {.row = 1, .key = key()};
    }
  }

  std::uint32_t source() { return below(8) == 0 ? 1 : 0; }

  void get() {
    const Asked asked = draw();
    const std::uint32_t from = source();
    Item* const item = model_.find(from, asked);
    cache::Entry* const entry = shelf_.find(asked, from);
    REQUIRE((entry != nullptr) == (item != nullptr));
    if (entry == nullptr) return;
    REQUIRE(entry->reply() == item->reply);
    REQUIRE(entry->expires_at() == item->expires_at);
    REQUIRE(entry->stamp() == item->stamp);
    const std::uint64_t before = shelf_.store.touch_evictions();
    shelf_.store.touch(*entry);
    const std::uint64_t evicted = shelf_.store.touch_evictions() - before;
    model_.access(*item);
    model_.evict(static_cast<std::size_t>(evicted), item);
  }

  void put() {
    const Asked asked = draw();
    const std::uint32_t from = source();
    const Instant expires_at =
        below(2) == 0 ? never : now_ + Duration(std::int64_t{1} << (10 + below(40)));
    const Stamp stamp{.member = below(3), .id = below(3)};
    const std::size_t size = below(20) == 0 ? 5000 : below(200);
    const std::string reply(size, static_cast<char>('a' + below(26)));
    model_.erase([&](const Item& item) { return item.source == from && item.asked == asked; });
    const std::size_t room_before =
        shelf_.store.options().bytes_max - shelf_.store.committed_bytes();
    const Store::Inserted inserted = shelf_.put(asked, reply, expires_at, stamp, from);
    model_.evict(inserted.evicted);
    if (inserted.outcome == Store::Outcome::stored) {
      model_.add({from, asked, reply, expires_at, stamp, 0, 0});
    } else {
      REQUIRE(inserted.outcome == Store::Outcome::too_large);
      REQUIRE(inserted.evicted == 0);
      REQUIRE(size + 1000 > shelf_.store.options().bytes_max);
    }
    const std::size_t entries_max = shelf_.store.options().entries_max;
    if (inserted.evicted > 0 && (entries_max == 0 || model_.items.size() < entries_max)) {
      REQUIRE(room_before < size + 6000);
    }
  }

  void erase_key() {
    const std::string name = key();
    const std::size_t expected =
        model_.erase([&](const Item& item) { return item.asked.depends_on(name); });
    REQUIRE(shelf_.erase_key(name) == expected);
  }

  void erase_one() {
    if (model_.items.empty()) return;
    const std::size_t index = below(static_cast<std::uint32_t>(model_.items.size()));
    const Item& item = model_.items[index];
    shelf_.store.erase(*shelf_.find(item.asked, item.source));
    model_.items.erase(model_.items.begin() + static_cast<std::ptrdiff_t>(index));
  }

  // Whole ticks, so that what has expired is what has gone.
  void expire() {
    now_ += cache::ExpiryWheel::tick * (1 + (std::int64_t{1} << below(22)));
    std::size_t went = 0;
    while (shelf_.store.next_expiry() <= now_) went += shelf_.store.expire(now_, 1 + below(20));
    REQUIRE(went == model_.erase([&](const Item& item) { return item.expires_at <= now_; }));
    shelf_.expect_counted();
  }

  void sweep() {
    const std::uint32_t dead = below(3);
    const auto has_died = [dead](const Stamp& stamp) { return stamp.id == dead; };
    const auto is_dead = [&](const cache::Entry& entry) { return has_died(entry.stamp()); };
    shelf_.store.restart_sweep();
    const std::uint64_t sweeps = shelf_.store.sweeps_count();
    std::size_t went = 0;
    while (shelf_.store.sweeps_count() == sweeps) {
      went += shelf_.store.sweep(1 + below(30), is_dead);
    }
    REQUIRE(went == model_.erase([&](const Item& item) { return has_died(item.stamp); }));
    shelf_.expect_counted();
  }

  void expect_same() {
    shelf_.store.validate();
    shelf_.expect_counted();
    REQUIRE(shelf_.store.entries_count() == model_.items.size());
    bool same = true;
    for (const Item& item : model_.items) {
      const cache::Entry* const entry = shelf_.find(item.asked, item.source);
      same = same && entry != nullptr && entry->reply() == item.reply;
    }
    REQUIRE(same);
  }

  std::minstd_rand random_;
  Shelf shelf_;
  Model model_;
  Instant now_{};
};

void run_all(const StoreOptions& options) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    INFO("seed " << seed << ", bytes_max " << options.bytes_max << ", entries_max "
                 << options.entries_max);
    Run run(seed, options);
    for (int i = 0; i < 1500; ++i) run.step();
    run.finish();
  }
}

TEST_CASE("a store bounded by entries does what a list of them does") {
  for (const EvictionPolicy policy : {EvictionPolicy::lru, EvictionPolicy::lfu}) {
    for (const std::size_t entries_max : {1u, 5u, 60u}) {
      run_all({.bytes_max = 4'000'000, .entries_max = entries_max, .policy = policy, .seed = 7});
    }
  }
}

TEST_CASE("a store bounded by bytes does what a list does, and never passes them") {
  for (const EvictionPolicy policy : {EvictionPolicy::lru, EvictionPolicy::lfu}) {
    for (const std::size_t bytes_max : {700u, 3000u, 12'000u, 40'000u}) {
      run_all({.bytes_max = bytes_max, .policy = policy, .seed = 8});
    }
  }
}

}  // namespace
}  // namespace plimsoll::testing::store_model_test
