// How much a server keeps for a client: what is counted, what is refused, and what has to wait.

#include "plimsoll/native/bridge/replies/kept_at_server.h"

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::kept_at_server_test {
namespace {

using bridge::Answer;
using bridge::KeptAtServer;
using bridge::Passing;
using bridge::Room;

constexpr std::size_t transaction_max = 4096;
constexpr std::size_t subscriptions_max = 8;

// A server that takes what there is room for.
struct World {
  bridge::KeptLimits limits{.transaction_bytes_max = transaction_max,
                            .subscriptions_max = subscriptions_max};
  KeptAtServer kept{limits};
  bool is_queueing = false;

  // The room that there was, and the answer if there was any.
  Room ask(const Passing& command, char mark = '+') {
    const Room room = kept.room_for(command, is_queueing, 0);
    if (room != Room::now) return room;
    kept.handle_reply(command, is_queueing, mark);
    if (command.answer == Answer::multi) is_queueing = true;
    if (command.answer == Answer::exec || command.answer == Answer::discard) is_queueing = false;
    return room;
  }

  Room subscribe(Answer kind, std::uint32_t count, std::size_t bytes_each = 1) {
    const Passing command{
        .answer = kind, .count = count, .words = count + 1, .bytes = count * (bytes_each + 6)};
    const Room room = kept.room_for(command, false, 0);
    for (std::uint32_t i = 0; room == Room::now && i < count; ++i) confirm(kind, true, bytes_each);
    return room;
  }

  void confirm(Answer kind, bool subscribes, std::size_t bytes) {
    std::size_t& count =
        kind == Answer::ssubscribe || kind == Answer::sunsubscribe ? shards : others;
    count = subscribes ? count + 1 : count - 1;
    kept.handle_confirmation(kind, count, bytes);
  }
  std::size_t others = 0;
  std::size_t shards = 0;
};

Passing watch(std::uint32_t keys) {
  return {.answer = Answer::watch, .count = keys, .words = keys + 1, .bytes = 10 * keys};
}
Passing track(std::uint32_t prefixes) {
  return {.answer = Answer::track, .count = prefixes, .words = 4 + 2 * prefixes, .bytes = 100};
}
// What it takes is a quarter of what a transaction may.
constexpr Passing quarter{.words = 8, .bytes = transaction_max / 4 - 8 * KeptAtServer::word_bytes};
constexpr Passing multi{.answer = Answer::multi};
constexpr Passing exec{.answer = Answer::exec};
constexpr Passing discard{.answer = Answer::discard};

TEST_CASE("a transaction is as large as its limit and no larger, and the next one begins anew") {
  for (const Passing& end : {exec, discard}) {
    World world;
    for (int turn = 0; turn < 3; ++turn) {
      CHECK(world.ask(multi) == Room::now);
      for (int i = 0; i < 4; ++i) CHECK(world.ask(quarter) == Room::now);
      CHECK(world.ask(quarter) == Room::beyond_transaction);
      CHECK(world.ask({.answer = Answer::short_one, .words = 1}) == Room::beyond_transaction);
      CHECK(world.ask(end) == Room::now);
    }
  }
}

TEST_CASE("a transaction counts what the server has queued, and goes on where its end is refused") {
  World world;
  world.ask(multi);
  for (int i = 0; i < 100; ++i) CHECK(world.ask(quarter, '-') == Room::now);
  for (int i = 0; i < 4; ++i) world.ask(quarter);
  world.ask(discard, '-');
  world.is_queueing = true;
  CHECK(world.ask(quarter) == Room::beyond_transaction);
  world.ask(exec, '-');  // EXECABORT
  world.ask(multi);
  CHECK(world.ask(quarter) == Room::now);
}

TEST_CASE("a command outside of a transaction may be of any size") {
  World world;
  CHECK(world.ask({.words = 65'536, .bytes = std::size_t{1} << 30}) == Room::now);
  world.ask(multi, '-');  // the server refuses MULTI, and executes what follows
  for (int i = 0; i < 100; ++i) CHECK(world.ask(quarter) == Room::now);
}

TEST_CASE("nothing waits, and no refusal is refused, when all is answered") {
  for (int answer = 0; answer <= static_cast<int>(Answer::sunsubscribe); ++answer) {
    World world;
    world.ask(multi);
    for (int i = 0; i < 4; ++i) world.ask(quarter);
    world.subscribe(Answer::subscribe, subscriptions_max);
    const Passing command{
        .answer = static_cast<Answer>(answer), .count = 1, .words = 5, .bytes = 60};
    INFO(answer);
    CHECK(world.kept.room_for(command, true, 0) != Room::later);
    CHECK(world.kept.room_for(command, false, 0) != Room::later);
    if (command.answer == Answer::refusal || command.answer == Answer::exec ||
        command.answer == Answer::discard) {
      CHECK(world.kept.room_for(command, true, 0) == Room::now);
      CHECK(world.kept.room_for(command, true, 32'000) == Room::now);
    }
  }
}

TEST_CASE("as many keys may be watched as there may be, and again once they are not any more") {
  constexpr auto max = static_cast<std::uint32_t>(KeptAtServer::watched_keys_max);
  World world;
  const auto fill = [&] {
    CHECK(world.ask(watch(max + 1)) == Room::beyond_watched);
    CHECK(world.ask(watch(max - 1)) == Room::now);
    CHECK(world.ask(watch(1), '-') == Room::now);
    CHECK(world.ask(watch(1)) == Room::now);
    CHECK(world.ask(watch(1)) == Room::beyond_watched);
  };
  fill();
  world.ask({.answer = Answer::unwatch});
  fill();
  world.ask(multi);
  world.ask({.answer = Answer::unwatch});  // queued: nothing happens before EXEC
  world.ask(exec, '_');
  fill();
  world.ask(multi);
  world.ask(discard);
  fill();
  // Without a transaction these are errors, and end nothing.
  world.ask(exec, '-');
  world.ask(discard, '-');
  world.ask({.answer = Answer::unwatch}, '-');
  CHECK(world.ask(watch(1)) == Room::beyond_watched);
}

TEST_CASE("few keys, channels and prefixes may be long, all together no longer than many") {
  World world;
  constexpr std::size_t watched_max = KeptAtServer::watched_keys_max * KeptAtServer::bytes_each;
  CHECK(world.ask({.answer = Answer::watch, .count = 1, .bytes = watched_max + 7}) ==
        Room::beyond_watched);
  CHECK(world.ask({.answer = Answer::watch, .count = 1, .bytes = watched_max + 6}) == Room::now);
  CHECK(world.ask({.answer = Answer::watch, .count = 1, .bytes = 7}) == Room::beyond_watched);

  constexpr std::size_t prefixes_max = KeptAtServer::prefixes_max * KeptAtServer::bytes_each;
  CHECK(world.ask({.answer = Answer::track, .count = 1, .bytes = prefixes_max}) == Room::now);
  CHECK(world.ask({.answer = Answer::track, .count = 1, .bytes = 13}) == Room::beyond_prefixes);

  constexpr std::size_t names_max = subscriptions_max * KeptAtServer::bytes_each;
  CHECK(world.subscribe(Answer::subscribe, 1, names_max) == Room::now);
  CHECK(world.subscribe(Answer::subscribe, 1) == Room::beyond_subscriptions);
  world.confirm(Answer::unsubscribe, false, names_max);
  CHECK(world.subscribe(Answer::subscribe, 1, names_max) == Room::now);
}

TEST_CASE("prefixes are counted until CLIENT TRACKING OFF") {
  constexpr auto max = static_cast<std::uint32_t>(KeptAtServer::prefixes_max);
  World world;
  for (int turn = 0; turn < 3; ++turn) {
    CHECK(world.ask(track(max), '-') == Room::now);
    CHECK(world.ask(track(max)) == Room::now);
    CHECK(world.ask(track(1)) == Room::beyond_prefixes);
    world.ask({.answer = Answer::untrack}, '-');
    CHECK(world.ask(track(1)) == Room::beyond_prefixes);
    world.ask({.answer = Answer::untrack});
  }
}

TEST_CASE("channels, patterns and shard channels share a limit") {
  World world;
  CHECK(world.subscribe(Answer::subscribe, 3) == Room::now);
  CHECK(world.subscribe(Answer::psubscribe, 3) == Room::now);
  CHECK(world.subscribe(Answer::ssubscribe, 3) == Room::beyond_subscriptions);
  CHECK(world.subscribe(Answer::ssubscribe, 2) == Room::now);
  CHECK(world.subscribe(Answer::subscribe, 1) == Room::beyond_subscriptions);
  CHECK(world.kept.subscriptions() == subscriptions_max);
  world.confirm(Answer::punsubscribe, false, 1);
  world.confirm(Answer::sunsubscribe, false, 1);
  CHECK(world.kept.subscriptions_of(Answer::unsubscribe) == 3);
  CHECK(world.kept.subscriptions_of(Answer::punsubscribe) == 2);
  CHECK(world.kept.subscriptions_of(Answer::sunsubscribe) == 1);
  CHECK(world.subscribe(Answer::ssubscribe, 2) == Room::now);
  CHECK(world.subscribe(Answer::psubscribe, 1) == Room::beyond_subscriptions);
}

TEST_CASE("what may be too much waits for the answers, and only they decide") {
  World world;
  world.ask(watch(KeptAtServer::watched_keys_max));
  CHECK(world.kept.room_for(watch(1), false, 10) == Room::later);  // of an UNWATCH, say
  world.ask({.answer = Answer::unwatch});
  CHECK(world.kept.room_for(watch(1), false, 0) == Room::now);
  CHECK(world.kept.room_for(watch(1), false, 32'000) == Room::later);  // a WATCH of many keys, say
  CHECK(world.kept.room_for(track(1), false, 300) == Room::now);
  CHECK(world.kept.room_for(track(1), false, 3000) == Room::later);
  CHECK(world.kept.room_for(quarter, true, 100) == Room::now);
  CHECK(world.kept.room_for(quarter, true, 1000) == Room::later);
  CHECK(world.kept.room_for(quarter, false, 32'000) == Room::now);
  CHECK(world.kept.room_for(exec, true, 32'000) == Room::now);
}

// A server with the same rules that knows its keys, and says what it keeps.
TEST_CASE("whatever a client does, the server keeps no more than the limits, and counts agree") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::minstd_rand random(seed);
    World world;
    std::size_t queued = 0;
    std::size_t watched = 0;
    std::size_t prefixes = 0;
    std::size_t refused = 0;
    for (int step = 0; step < 2000; ++step) {
      const bool fails = random() % 4 == 0;
      const char mark = fails ? '-' : '+';
      Passing command;
      switch (random() % 9) {
        case 0: command = multi; break;
        case 1: command = random() % 8 == 0 ? exec : quarter; break;
        case 2: command = random() % 8 == 0 ? discard : quarter; break;
        case 3: command = {.answer = Answer::unwatch}; break;
        case 4: command = track(1 + random() % 40); break;
        case 5: command = {.answer = Answer::untrack}; break;
        case 6: command = {.answer = Answer::short_one, .words = 3, .bytes = random() % 500}; break;
        default: command = watch(1 + random() % 600); break;
      }
      const bool was_queueing = world.is_queueing;
      if (was_queueing && (command.answer == Answer::multi || command.answer == Answer::track)) {
        continue;  // an error; and refused by the gate
      }
      if (command.answer == Answer::multi && fails) continue;
      const char said = was_queueing && command.answer == Answer::watch ? '-' : mark;
      if (command.answer == Answer::discard && fails) continue;
      if (world.ask(command, said) != Room::now) {
        ++refused;
        continue;
      }
      const bool is_end = command.answer == Answer::exec || command.answer == Answer::discard;
      if (is_end && was_queueing) queued = watched = 0;
      if (said == '-' || is_end) continue;
      if (was_queueing) {
        queued += command.bytes + command.words * KeptAtServer::word_bytes;
      } else {
        if (command.answer == Answer::watch) watched += command.count;
        if (command.answer == Answer::unwatch) watched = 0;
        if (command.answer == Answer::track) prefixes += command.count;
        if (command.answer == Answer::untrack) prefixes = 0;
      }
      REQUIRE(queued <= transaction_max);
      REQUIRE(watched <= KeptAtServer::watched_keys_max);
      REQUIRE(prefixes <= KeptAtServer::prefixes_max);
    }
    CHECK(refused > 0);
  }
}

}  // namespace
}  // namespace plimsoll::testing::kept_at_server_test
