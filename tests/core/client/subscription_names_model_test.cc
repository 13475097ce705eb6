#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/base/random.h"
#include "plimsoll/core/client/subscription_names.h"
#include "plimsoll/core/resp/node.h"
#include "plimsoll/core/resp/reply.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// The names of a subscription beside a model that is a plain list, through random calls.

namespace plimsoll::subscription_names_model_test {
namespace {

using testing::TestBudget;
using NameOfKind = std::pair<SubscriptionKind, std::string>;

enum class State { asked, subscribed, to_restore, on_the_way };

struct Entry {
  NameOfKind name;
  State state = State::asked;
  Tag tag = 0;
};

class Model {
 public:
  void add(const NameOfKind& name, Tag tag) {
    const bool known = std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
      return entry.name == name && (entry.state != State::asked || entry.tag == tag);
    });
    if (!known) entries.push_back({name, State::asked, tag});
  }
  void confirm(Tag tag) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].state != State::asked || entries[i].tag != tag) continue;
      const NameOfKind name = entries[i].name;
      const bool known = std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
        return entry.name == name && entry.state != State::asked;
      });
      known ? void(entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(i--)))
            : void(entries[i].state = State::subscribed);
    }
  }
  void forget(Tag tag) {
    std::erase_if(entries, [tag](const Entry& entry) {
      return entry.state == State::asked && entry.tag == tag;
    });
  }
  void remove(const NameOfKind& name) {
    std::erase_if(entries, [&](const Entry& entry) { return entry.name == name; });
  }
  void move(State from, State to) {
    for (Entry& entry : entries) {
      if (entry.state == from) entry.state = to;
    }
  }
  void drop_refused() {
    std::erase_if(entries, [](const Entry& entry) { return entry.state == State::on_the_way; });
  }
  /// False: it is not there to be restored.
  bool begin_to_restore(const NameOfKind& name) {
    for (Entry& entry : entries) {
      if (entry.name != name || entry.state != State::to_restore) continue;
      entry.state = State::on_the_way;
      return true;
    }
    return false;
  }
  bool end(const NameOfKind& name) {
    for (Entry& entry : entries) {
      if (entry.name != name || entry.state != State::subscribed) continue;
      entry.state = State::to_restore;
      return true;
    }
    return false;
  }
  bool has(State state) const {
    return std::any_of(entries.begin(), entries.end(),
                       [state](const Entry& entry) { return entry.state == state; });
  }

  std::vector<Entry> entries;
};

class Both {
 public:
  explicit Both(std::uint64_t seed) : random_(seed) {}

  void step() {
    // Each request has a tag of its own; one of the last few, which may be over.
    const Tag tag = last_tag_ - random_.below(tags_count);
    switch (random_.below(13)) {
      case 0:
      case 1:
      case 2:
      case 3: add(++last_tag_); break;
      case 4:
      case 5:
        names_.confirm(tag);
        model_.confirm(tag);
        break;
      case 6:
        names_.forget(tag);
        model_.forget(tag);
        break;
      case 7: remove(); break;
      case 8:
        names_.handle_new_connection();
        model_.move(State::subscribed, State::to_restore);
        model_.move(State::on_the_way, State::to_restore);
        break;
      case 9: end(); break;
      default: restore(); break;
    }
    names_.validate();
    CHECK(names_.size() == model_.entries.size());
  }

 private:
  std::vector<NameOfKind> some_names() {
    const auto kind = static_cast<SubscriptionKind>(random_.below(3));
    std::vector<NameOfKind> some;
    for (std::size_t i = 0; i <= random_.below(5); ++i) {
      some.emplace_back(kind, std::to_string(random_.below(20)));
    }
    return some;
  }

  static std::vector<std::string_view> texts_of(const std::vector<NameOfKind>& names) {
    std::vector<std::string_view> texts;
    for (const NameOfKind& name : names) texts.push_back(name.second);
    return texts;
  }

  void add(Tag tag) {
    const std::vector<NameOfKind> some = some_names();
    REQUIRE(names_.add(some.front().first, texts_of(some), tag).ok());
    for (const NameOfKind& name : some) model_.add(name, tag);
  }

  void remove() {
    const std::vector<NameOfKind> some = some_names();
    names_.remove(some.front().first, texts_of(some));
    for (const NameOfKind& name : some) model_.remove(name);
  }

  // The server ends a name.
  void end() {
    const NameOfKind name = some_names().front();
    const Node node{.type = Type::bulk_string,
                    .split = false,
                    .size = static_cast<std::uint32_t>(name.second.size()),
                    .bytes = name.second.data()};
    const bool was_subscribed = names_.handle_ended(name.first, BytesView(&node));
    CHECK(was_subscribed == model_.end(name));
  }

  // What is on the way has its outcome before more is.
  void restore() {
    switch (random_.below(3)) {
      case 0:
        names_.handle_restored();
        model_.move(State::on_the_way, State::subscribed);
        break;
      case 1:
        names_.handle_not_restored();
        model_.move(State::on_the_way, State::to_restore);
        break;
      case 2:
        names_.drop_refused();
        check_refused();
        model_.drop_refused();
        break;
    }
    std::array<std::string_view, 4> room;
    SubscriptionKind kind{};
    const std::size_t count = names_.begin_to_restore(room, kind);
    CHECK((count > 0) == model_.has(State::to_restore));
    for (std::size_t i = 0; i < count; ++i) {
      CHECK(model_.begin_to_restore({kind, std::string(room[i])}));
    }
  }

  // Some are taken, some stay until later.
  void check_refused() {
    for (const Entry& entry : model_.entries) {
      if (entry.state == State::on_the_way) refused_.insert(entry.name);
    }
    CHECK(names_.has_refused() == !refused_.empty());
    while (names_.has_refused() && random_.below(3) > 0) {
      const Reply end = names_.take_refused();
      const Node* const push = end.value().node();
      REQUIRE(push->type == Type::push);
      REQUIRE(push->size == 3);
      const std::string_view word(push[1].bytes, push[1].size);
      const std::size_t kind =
          std::find(end_words.begin(), end_words.end(), word) - end_words.begin();
      const auto known = refused_.find(
          {static_cast<SubscriptionKind>(kind), std::string(push[2].bytes, push[2].size)});
      REQUIRE(known != refused_.end());
      refused_.erase(known);
    }
  }

  static constexpr std::uint64_t tags_count = 6;
  Random random_;
  Tag last_tag_ = tags_count;
  TestBudget test_;
  AccountHandle account_ = test_.budget.open_account(PoolKind::connections);
  SubscriptionNames names_{*account_, 7};
  Model model_;
  std::multiset<NameOfKind> refused_;
};

TEST_CASE("the names of a subscription are what a plain list of them would be") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Both both(seed);
    for (int step = 0; step < 300; ++step) both.step();
  }
}

TEST_CASE("a subscription gives back what its names have taken") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::connections);
  const std::size_t before = test.used();
  {
    SubscriptionNames names(*account, 7);
    constexpr std::array<std::string_view, 2> two{"a", "b"};
    for (Tag tag = 1; tag <= 200; ++tag) {
      REQUIRE(names.add(SubscriptionKind::channel, two, tag).ok());
    }
    names.confirm(100);
    CHECK(test.used() > before);
  }
  CHECK(test.used() == before);
}

}  // namespace
}  // namespace plimsoll::subscription_names_model_test
