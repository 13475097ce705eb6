// Clients of shared connections that come back in another thread of the bridge than they were in.
// Each client of these worlds is in the next thread.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/native/bridge/shared/resuming_client.h"

namespace plimsoll::testing::moving_test {

using resuming::changed;
using resuming::Client;
using resuming::read_and_leave;
using resuming::World;

// After how many steps of a move something happens, until it is over.
constexpr int steps_max = 500;

TEST_CASE("in another thread a client is told what it missed, and of all that changes later") {
  World world(std::size_t{64} << 20, 2);
  for (const char* const key : {"ship", "port", "crew"}) world.write(key, "1");
  auto first = std::make_unique<Client>(world);
  const auto named = first->resume();
  first->ask(resp("GET", "ship") + resp("GET", "port") + resp("GET", "crew"));
  first.reset();
  world.write("ship", "2");
  Client again(world);
  const auto resumed = again.resume(named.name, "0");
  CHECK(resumed.is_resumed);
  CHECK(resumed.in_front == changed("ship"));
  CHECK(resumed.number == "1");
  CHECK(resumed.name != named.name);
  world.write("port", "2");
  CHECK(again.news() == changed("port"));
  CHECK(world.shared.counters().tracking_resumed == 1);
  CHECK(world.shared.counters().tracking_away == 0);
  CHECK(world.shared.counters().tracked_keys == 1);

  Client third(world);  // in the first thread again
  CHECK(third.resume(resumed.name, resumed.number).in_front == changed("port"));
  world.write("crew", "2");
  CHECK(third.news() == changed("crew"));
}

TEST_CASE("no change is missed while a client goes from one thread to another") {
  std::size_t in_front = 0;
  std::size_t behind = 0;
  World world(std::size_t{64} << 20, 2);
  for (int steps = 0; steps < steps_max && behind < 5; ++steps) {
    INFO("steps " << steps);
    world.write("ship", "1");
    const auto named = read_and_leave(world, "ship");
    Client again(world);
    again.begin(resp("CLIENT", "TRACKING", "RESUME", named.name, "0"));
    world.shared.run_some(steps);
    world.write("ship", "2");
    const std::string answer = again.receive_until("\r\n:1\r\n");
    if (answer.starts_with(changed("ship"))) {
      ++in_front;
    } else {
      ++behind;
      CHECK(again.news() == changed("ship"));
    }
  }
  CHECK(in_front > 0);
  CHECK(behind > 0);
}

TEST_CASE("a client that is lost again on its way to another thread can come back once more") {
  const std::size_t threads = GENERATE(2, 3);  // the third time in the first thread again, or not
  int resumed = 0;
  int anew = 0;
  World world(std::size_t{64} << 20, threads);
  for (int steps = 0; steps < steps_max && anew < 5; ++steps) {
    INFO("steps " << steps);
    world.write("ship", "1");
    const auto named = read_and_leave(world, "ship");
    auto second = std::make_unique<Client>(world);
    second->begin(resp("CLIENT", "TRACKING", "RESUME", named.name, "0"));
    world.shared.run_some(steps);
    second.reset();
    world.write("ship", "2");
    Client third(world);
    const auto answer = third.resume(named.name, "0");
    ++(answer.is_resumed ? resumed : anew);
    if (answer.is_resumed) CHECK(answer.in_front == changed("ship"));
  }
  CHECK(resumed > 0);
  CHECK(anew > 0);
}

TEST_CASE("who cannot be told of all that has no room in another thread begins anew") {
  constexpr std::size_t memory_limit = std::size_t{32} << 20;
  constexpr int keys = 1400;  // more than a session lets wait, and less than a thread has room for
  World world(memory_limit, 2, 16 * 1024);
  const auto key = [](const std::string& of, int i) {
    return of + std::to_string(i) + std::string(1000, '.');
  };
  const auto read = [&](Client& client, const std::string& of, int from, int to) {
    for (int i = from; i < to; ++i) world.write(key(of, i), "1");
    for (int i = from; i < to; ++i) client.exchange(resp("GET", key(of, i)));
  };
  auto first = std::make_unique<Client>(world);
  const auto named = first->resume();
  read(*first, "a", 0, keys);
  // Others have all the room of the other thread, each of them little, so none of them makes any.
  constexpr int others_count = 20;
  std::vector<std::unique_ptr<Client>> others;
  for (int i = 0; i < others_count; ++i) {
    others.push_back(std::make_unique<Client>(world));
    read(*others.back(), "b", i * keys / others_count, (i + 1) * keys / others_count);
    others.push_back(std::make_unique<Client>(world));  // in the first thread
  }
  REQUIRE(world.shared.counters().tracked_keys > keys);
  first.reset();
  Client again(world);
  again.begin(resp("CLIENT", "TRACKING", "RESUME", named.name, "0"));
  std::string come;
  REQUIRE(world.shared.run_until([&] {
    again.receive(come);
    return again.session().has_ended();
  }));
  CHECK(come.size() > 1'000'000);
  CHECK(come.find("\r\n:1\r\n") == std::string::npos);
  CHECK(world.shared.counters().tracking_resumed == 0);
}

TEST_CASE("a client in another thread is taken over, too, and nobody comes back to what is gone") {
  World world(std::size_t{64} << 20, 2);
  world.write("ship", "1");
  Client first(world);
  const auto named = first.resume();
  first.ask(resp("GET", "ship"));
  Client again(world);
  CHECK(again.resume(named.name, "0").is_resumed);
  CHECK(first.session().has_ended());
  Client third(world);
  CHECK_FALSE(third.resume(named.name, "0").is_resumed);
  Client fourth(world);
  CHECK_FALSE(fourth.resume("ff" + named.name.substr(2), "0").is_resumed);  // no such thread
  world.write("ship", "2");
  CHECK(again.news() == changed("ship"));
  CHECK(world.shared.counters().tracking_not_resumed == 2);
}

}  // namespace plimsoll::testing::moving_test
