#include "plimsoll/native/bridge/shared/reply_queue.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/base/random.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/core/memory/test_memory.h"

namespace plimsoll::testing {
namespace {

using bridge::ChannelKind;
using bridge::EncodedPush;
using bridge::PushForm;
using bridge::ReplyQueue;
using bridge::WireReply;

struct World {
  TestMemory memory;
  Budget budget{BudgetOptions{.memory_limit = std::size_t{64} << 20}, memory};
  AccountHandle account = budget.open_account(PoolKind::replies);
  ReplyQueue queue{*account};

  void fill(ReplyQueue::Place* place, std::string_view text) {
    queue.fill(*place, WireReply::of(text, *account));
  }

  bridge::PushBytes message(std::string_view payload) {
    return EncodedPush::create(*account, nullptr, PushForm::resp2, ChannelKind::channel, "", "c",
                               payload);
  }

  std::string take(std::size_t most = 1'000'000) {
    std::string space(most, '\0');
    space.resize(queue.take(space));
    return space;
  }
};

}  // namespace

TEST_CASE("replies leave in the order of the requests, whichever comes first") {
  World world;
  ReplyQueue::Place* const first = world.queue.expect();
  ReplyQueue::Place* const second = world.queue.expect();
  ReplyQueue::Place* const third = world.queue.expect();
  world.fill(second, "two ");
  CHECK(world.queue.ready_bytes() == 0);
  CHECK(world.take().empty());
  world.fill(first, "one ");
  CHECK(world.queue.ready_bytes() == 8);
  CHECK(world.queue.awaited() == 1);
  CHECK(world.take(5) == "one t");
  world.fill(third, "three");
  CHECK(world.take() == "wo three");
  CHECK(world.queue.awaited() == 0);
}

TEST_CASE("a message comes behind what is ready, and between no two parts of a reply") {
  World world;
  ReplyQueue::Place* const first = world.queue.expect();
  ReplyQueue::Place* const second = world.queue.expect();
  world.fill(first, "a reply ");
  CHECK(world.take(2) == "a ");
  const auto message = world.message("m");
  CHECK(world.queue.add_message(message));
  CHECK(world.queue.message_bytes() == message->bytes().size());
  world.fill(second, "the end");
  CHECK(world.take() == "reply " + std::string(message->bytes()) + "the end");
  CHECK(world.queue.message_bytes() == 0);
  CHECK(world.queue.add_message(message));
  CHECK(world.take() == message->bytes());
}

TEST_CASE("an invalidation comes behind all replies that have come, and in front of the rest") {
  World world;
  const auto key = std::string_view("k");
  const auto news = EncodedPush::invalidation(*world.account, std::span(&key, 1));
  const std::string text(news->bytes());
  ReplyQueue::Place* const first = world.queue.expect();
  ReplyQueue::Place* const second = world.queue.expect();
  ReplyQueue::Place* const third = world.queue.expect();
  world.fill(second, "two ");
  CHECK(world.queue.add_behind_all_come(news));
  CHECK(world.queue.add_message(world.message("m")));
  CHECK(world.queue.ready_bytes() == world.message("m")->bytes().size());
  CHECK(world.take() == world.message("m")->bytes());
  world.fill(first, "one ");
  CHECK(world.take() == "one two " + text);
  CHECK(world.queue.message_bytes() == 0);
  CHECK(world.queue.add_behind_all_come(news));
  CHECK(world.take() == text);
  world.fill(third, "three");
  CHECK(world.queue.add_behind_all_come(news));
  CHECK(world.take() == "three" + text);
}

TEST_CASE("what is added behind a reply stays there, whatever has come behind it") {
  World world;
  const auto all = EncodedPush::invalidation_of_all(*world.account);
  CHECK(all->bytes() == ">2\r\n$10\r\ninvalidate\r\n_\r\n");
  const std::string text(all->bytes());
  ReplyQueue::Place* const first = world.queue.expect();
  ReplyQueue::Place* const second = world.queue.expect();
  world.fill(second, "two ");
  CHECK(world.queue.add_behind(*first, all));
  CHECK(world.queue.add_behind_all_come(all));
  CHECK(world.queue.ready_bytes() == 0);
  world.fill(first, "one ");
  CHECK(world.queue.ready_bytes() == 8 + 2 * text.size());
  CHECK(world.take() == "one " + text + "two " + text);
  CHECK(world.queue.held_bytes() == 0);
}

TEST_CASE("places are paid for, and refused without memory") {
  World world;
  CHECK(world.budget.set_memory_limit(std::size_t{1} << 20));
  const std::size_t before = world.budget.statistics().used;
  std::size_t places = 0;
  while (world.queue.expect() != nullptr) places += 1;
  CHECK(places > 100);
  CHECK(world.queue.awaited() == places);
  CHECK_FALSE(world.queue.add_message(nullptr));
  world.queue.clear();
  CHECK(world.queue.awaited() == 0);
  CHECK(world.budget.statistics().used <= before + 65'536);
  CHECK(world.queue.expect() != nullptr);
}

TEST_CASE("in any order of events each reply leaves whole and in its turn") {
  constexpr std::uint64_t seeds = 200;
  constexpr int events = 120;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    World world;
    std::vector<std::pair<ReplyQueue::Place*, std::string>> awaited;
    std::string expected;
    std::string taken;
    std::vector<std::string> in_order;
    std::size_t messages = 0;
    std::size_t next = 0;
    for (int event = 0; event < events; ++event) {
      switch (random.below(6)) {
        case 0:
          in_order.push_back("<" + std::to_string(next++) + std::string(random.below(9), '.') +
                             ">");
          awaited.emplace_back(world.queue.expect(), in_order.back());
          break;
        case 1:
          if (!awaited.empty()) {
            const auto at =
                awaited.begin() + static_cast<std::ptrdiff_t>(random.below(awaited.size()));
            world.fill(at->first, at->second);
            awaited.erase(at);
          }
          break;
        case 2:
          CHECK(world.queue.add_message(world.message("m")));
          messages += 1;
          break;
        case 3:
          CHECK(world.queue.add_behind_all_come(world.message("m")));
          messages += 1;
          break;
        case 4:
          if (!awaited.empty()) {
            CHECK(world.queue.add_behind(*awaited.back().first, world.message("m")));
            world.fill(awaited.back().first, awaited.back().second);
            awaited.pop_back();
            messages += 1;
          }
          break;
        default: taken += world.take(random.below(40)); break;
      }
    }
    for (const auto& [place, text] : awaited) world.fill(place, text);
    taken += world.take();
    const std::string message(world.message("m")->bytes());
    for (std::size_t at = taken.find(message); at != taken.npos; at = taken.find(message)) {
      taken.erase(at, message.size());
      messages -= 1;
    }
    for (const std::string& each : in_order) expected += each;
    CHECK(taken == expected);
    CHECK(messages == 0);
  }
}

}  // namespace plimsoll::testing
