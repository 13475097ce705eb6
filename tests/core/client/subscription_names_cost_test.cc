#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/subscription_names.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// What the names of a subscription cost: steps a name, which do not grow with their number.

namespace plimsoll::subscription_names_cost_test {
namespace {

using testing::TestBudget;

constexpr std::size_t counts[] = {1'000, 4'000, 16'000, 64'000};
constexpr std::uint64_t steps_max = 8;

// So many names, none of which was asked for yet.
class Names {
 public:
  enum class Texts { differ, are_one };

  explicit Names(std::size_t count, Texts kind = Texts::differ) {
    for (std::size_t i = 0; i < count; ++i) {
      texts_.push_back(kind == Texts::are_one ? "news" : "news." + std::to_string(i));
    }
    texts.assign(texts_.begin(), texts_.end());
  }

  void add(std::size_t i) { REQUIRE(names.add(SubscriptionKind::channel, {&texts[i], 1}, i).ok()); }
  void add_all_at_once() { REQUIRE(names.add(SubscriptionKind::channel, texts, 0).ok()); }

  /// Restores all, as many at a time as one request does.
  void restore() {
    std::array<std::string_view, 128> room;
    SubscriptionKind kind{};
    while (names.begin_to_restore(room, kind) > 0) names.handle_restored();
  }

  std::uint64_t steps_each() const { return names.steps() / texts.size(); }

 private:
  TestBudget test_{{.memory_limit = 512 * 1024 * 1024}};
  AccountHandle account_ = test_.budget.open_account(PoolKind::connections);
  std::vector<std::string> texts_;

 public:
  std::vector<std::string_view> texts;
  SubscriptionNames names{*account_, 42};
};

TEST_CASE("names that are subscribed one by one cost the same each, however many there are") {
  for (const std::size_t count : counts) {
    Names all(count);
    for (std::size_t i = 0; i < count; ++i) {
      all.add(i);
      all.names.confirm(i);
    }
    CHECK(all.names.size() == count);
    CHECK(all.steps_each() <= steps_max);
  }
}

TEST_CASE("names that are all asked for before the first is confirmed cost the same each") {
  for (const auto texts : {Names::Texts::differ, Names::Texts::are_one}) {
    for (const std::size_t count : counts) {
      Names all(count, texts);
      for (std::size_t i = 0; i < count; ++i) all.add(i);
      CHECK(all.names.size() == count);
      for (std::size_t i = 0; i < count; ++i) {
        all.names.confirm(i % 2 == 0 ? i / 2 : count - 1 - i / 2);
      }
      CHECK(all.names.size() == (texts == Names::Texts::differ ? count : 1));
      CHECK(all.steps_each() <= steps_max);
    }
  }
}

TEST_CASE("names that are asked for all at once cost the same each") {
  for (const std::size_t count : counts) {
    Names all(count);
    all.add_all_at_once();
    all.names.confirm(0);
    CHECK(all.names.size() == count);
    CHECK(all.steps_each() <= steps_max);
  }
}

TEST_CASE("names that are unsubscribed one by one cost the same each") {
  for (const std::size_t count : counts) {
    Names all(count);
    all.add_all_at_once();
    all.names.confirm(0);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t which = i % 2 == 0 ? i / 2 : count - 1 - i / 2;
      all.names.remove(SubscriptionKind::channel, {&all.texts[which], 1});
    }
    CHECK(all.names.size() == 0);
    CHECK(all.steps_each() <= steps_max);
  }
}

TEST_CASE("names that are restored on a new connection cost the same each") {
  for (const std::size_t count : counts) {
    Names all(count);
    all.add_all_at_once();
    all.names.confirm(0);
    const std::uint64_t before = all.names.steps();
    all.names.handle_new_connection();
    all.restore();
    CHECK(all.names.size() == count);
    CHECK((all.names.steps() - before) / count <= steps_max);
  }
}

TEST_CASE("requests that are cancelled cost the same each, in any order") {
  for (const auto texts : {Names::Texts::differ, Names::Texts::are_one}) {
    for (const std::size_t count : counts) {
      Names all(count, texts);
      for (std::size_t i = 0; i < count; ++i) all.add(i);
      for (std::size_t i = 0; i < count; ++i) {
        all.names.forget(i % 2 == 0 ? i / 2 : count - 1 - i / 2);
      }
      CHECK(all.names.size() == 0);
      CHECK(all.steps_each() <= steps_max);
    }
  }
}

}  // namespace
}  // namespace plimsoll::subscription_names_cost_test
