// Clients of shared connections that come back after theirs was lost (CLIENT TRACKING RESUME): what
// they are told, and who is told nothing.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/native/bridge/shared/holder_names.h"
#include "plimsoll/native/bridge/shared/missed_messages.h"
#include "plimsoll/native/bridge/shared/tracking_hub.h"
#include "plimsoll/tests/core/memory/test_memory.h"
#include "plimsoll/tests/native/bridge/shared/resuming_client.h"

namespace plimsoll::testing::resuming_test {
using namespace std::chrono_literals;
using resuming::all_changed;
using resuming::changed;
using resuming::Client;
using resuming::World;

TEST_CASE("HELLO says for how long a client may be away") {
  World world;
  SessionPeer peer(world.shared);
  CHECK(peer.exchange(resp("HELLO", "3")).find("$15\r\ntracking-resume\r\n:120\r\n") !=
        std::string::npos);
}

TEST_CASE("an invalidation is numbered when it leaves, not when it is decided on") {
  World world;
  world.write("ship", "Daphne");
  auto first = std::make_unique<Client>(world);
  const auto named = first->resume();
  first->ask(resp("GET", "ship"));
  // "none" is answered behind the news of "ship", and its own goes in front of them.
  first->begin(resp("GET", "none") + resp("GET", "ship") + resp("BLPOP", "nothing", "0"));
  std::string come;
  REQUIRE(world.shared.run_until([&] {
    first->receive(come, 1);
    return come.ends_with("none\r\n");
  }));
  world.write("ship", "Eclipse");
  first.reset();
  Client again(world);
  CHECK(again.resume(named.name, "1").in_front == changed("ship"));
}

TEST_CASE("what was read on the new connection before is tracked on it as well") {
  World world;
  world.write("ship", "Daphne");
  world.write("port", "Lagos");
  auto first = std::make_unique<Client>(world);
  const auto named = first->resume();
  first->ask(resp("GET", "ship"));
  first.reset();
  Client again(world);
  again.ask(resp("GET", "port"));
  CHECK(again.resume(named.name, "0").is_resumed);
  world.write("port", "Cork");
  CHECK(again.news() == changed("port"));
  world.write("ship", "Eclipse");
  CHECK(again.news() == changed("ship"));
}

TEST_CASE("a connection has one name at a time, and none that it has itself") {
  World world;
  world.write("ship", "Daphne");
  Client client(world);
  const auto one = client.resume();
  const auto other = client.resume();
  CHECK(one.name != other.name);
  CHECK_FALSE(client.resume(other.name, "0").is_resumed);
  client.ask(resp("GET", "ship"));
  world.write("ship", "Eclipse");
  CHECK(client.news() == changed("ship"));
  Client stranger(world);
  CHECK_FALSE(stranger.resume(one.name, "0").is_resumed);
  CHECK_FALSE(stranger.resume(other.name, "0").is_resumed);
}

TEST_CASE("nobody comes back to what a client has left for good") {
  World world;
  auto client = std::make_unique<Client>(world);
  const auto named = client->resume();
  SECTION("QUIT") { CHECK(client->exchange(resp("QUIT")) == "+OK\r\n"); }
  SECTION("a page that was left") { client->session().forget_client(); }
  SECTION("a session that sits on its replies") { client->session().drop("it sits on them"); }
  client.reset();
  CHECK(world.shared.counters().tracking_away == 0);
  CHECK_FALSE(Client(world).resume(named.name, "0").is_resumed);
}

TEST_CASE(
    "who comes back is told what has changed meanwhile, and hears of all changes after that") {
  World world;
  world.write("ship", "Daphne");
  world.write("port", "Lagos");
  auto first = std::make_unique<Client>(world);
  const auto named = first->resume();
  CHECK(named.name.size() == bridge::HolderNames::name_bytes);
  CHECK(named.number == "0");
  CHECK_FALSE(named.is_resumed);
  first->ask(resp("GET", "ship") + resp("GET", "port"));
  first.reset();
  CHECK(world.shared.counters().tracking_away == 1);
  world.write("ship", "Eclipse");
  Client again(world);
  const auto back = again.resume(named.name, "0");
  CHECK(back.in_front == changed("ship"));
  CHECK(back.is_resumed);
  CHECK(back.name == named.name);
  CHECK(back.number == "2");  // it was told once, and once more
  CHECK(world.shared.counters().tracking_away == 0);
  CHECK(world.shared.counters().tracking_resumed == 1);
  world.write("port", "Cork");
  CHECK(again.news() == changed("port"));
  world.write("ship", "Fennia");
  CHECK(again.news().empty());
}

TEST_CASE("an invalidation that has left, and did not arrive, is told again by its number") {
  World world;
  world.write("ship", "Daphne");
  world.write("port", "Lagos");
  auto first = std::make_unique<Client>(world);
  const auto named = first->resume();
  first->ask(resp("GET", "ship") + resp("GET", "port"));
  world.write("ship", "Eclipse");
  CHECK(first->news() == changed("ship"));
  world.write("port", "Cork");
  CHECK(first->news() == changed("port"));
  SECTION("none has arrived") {
    // A PING shows that the answer to the one before has arrived, as far as the bridge knows, and
    // with it what had left in front of that.
    CHECK(first->news().empty());
    first.reset();
    Client again(world);
    CHECK_FALSE(again.resume(named.name, "0").is_resumed);
  }
  SECTION("one has arrived") {
    first.reset();
    Client again(world);
    const auto back = again.resume(named.name, "1");
    CHECK(back.is_resumed);
    CHECK(back.in_front == changed("port"));
  }
  SECTION("both have arrived") {
    first.reset();
    Client again(world);
    const auto back = again.resume(named.name, "2");
    CHECK(back.is_resumed);
    CHECK(back.in_front.empty());
  }
  SECTION("more than there were") {
    first.reset();
    Client again(world);
    CHECK_FALSE(again.resume(named.name, "3").is_resumed);
    CHECK(world.shared.counters().tracking_not_resumed == 1);
  }
}

TEST_CASE("a reply that may not be kept is told again, if what follows it was lost") {
  World world;
  auto first = std::make_unique<Client>(world);
  const auto named = first->resume();
  CHECK(first->exchange(resp("GET", "none")) == "_\r\n" + changed("none"));
  first.reset();
  Client again(world);
  CHECK(again.resume(named.name, "0").in_front == changed("none"));
}

TEST_CASE("a connection that only the client knows to be lost ends when it comes back") {
  World world;
  world.write("ship", "Daphne");
  Client half_open(world);
  const auto named = half_open.resume();
  half_open.ask(resp("GET", "ship"));
  world.write("ship", "Eclipse");
  Client again(world);
  const auto back = again.resume(named.name, "0");
  CHECK(back.is_resumed);
  CHECK(back.in_front == changed("ship"));
  CHECK(half_open.session().has_ended());
  CHECK(half_open.session().cause() == bridge::SharedSession::Cause::taken_over);
  CHECK(half_open.session().why() == "its client has come back elsewhere");
}

TEST_CASE("whoever does not know the name, or may not use it, is told nothing") {
  World world;
  world.write("ship", "Daphne");
  auto first = std::make_unique<Client>(world);
  const auto named = first->resume();
  first->ask(resp("GET", "ship"));
  first.reset();
  world.write("ship", "Eclipse");
  SECTION("another name") {
    Client other(world);
    const auto answer = other.resume(std::string(32, '0'), "0");
    CHECK_FALSE(answer.is_resumed);
    CHECK(answer.in_front.empty());
    CHECK(answer.name != named.name);
  }
  SECTION("a client of another profile") {
    world.shared.profile.name = "others";
    Client other(world);
    const auto answer = other.resume(named.name, "0");
    CHECK_FALSE(answer.is_resumed);
    CHECK(answer.in_front.empty());
    // It has not cost its owner anything.
    world.shared.profile.name = "";
    Client again(world);
    CHECK(again.resume(named.name, "0").is_resumed);
  }
}

TEST_CASE("what is wrong with CLIENT TRACKING RESUME is said, and nothing else is lost") {
  World world;
  SessionPeer peer(world.shared);
  peer.exchange(resp("HELLO", "3"));
  CHECK(peer.exchange(resp("CLIENT", "TRACKING", "RESUME")) ==
        "-ERR CLIENT TRACKING RESUME without CLIENT TRACKING ON\r\n");
  peer.exchange(resp("CLIENT", "TRACKING", "ON"));
  for (const std::string number : {"", "-1", "x", "1x", "99999999999999999999"}) {
    CHECK(peer.exchange(resp("CLIENT", "TRACKING", "RESUME", "name", number)) ==
          "-ERR syntax error\r\n");
  }
  CHECK(peer.exchange(resp("CLIENT", "TRACKING", "RESUME", "name")) == "-ERR syntax error\r\n");
  CHECK(peer.exchange(resp("CLIENT", "TRACKING", "RESUME", std::string(33, 'n'), "0")) ==
        "-ERR syntax error\r\n");
  CHECK(peer.exchange(resp("CLIENT", "TRACKING", "RESUME", "name", std::string(21, '0'))) ==
        "-ERR syntax error\r\n");
  CHECK(peer.exchange(resp("CLIENT", "TRACKING", "RESUME", "name", "1", "more")) ==
        "-ERR syntax error\r\n");
  CHECK(peer.exchange(resp("PING")) == "+PONG\r\n");
}

TEST_CASE("CLIENT TRACKING OFF, and the end of all keys, leave nothing to come back to") {
  World world;
  world.write("ship", "Daphne");
  auto first = std::make_unique<Client>(world);
  const auto named = first->resume();
  first->ask(resp("GET", "ship"));
  SECTION("off") {
    first->exchange(resp("CLIENT", "TRACKING", "OFF"));
    first.reset();
    CHECK(world.shared.counters().tracking_away == 0);
    Client again(world);
    CHECK_FALSE(again.resume(named.name, "0").is_resumed);
  }
  SECTION("a flush") {
    first.reset();
    world.other.exchange(resp("FLUSHALL"));
    Client again(world);
    CHECK(again.resume(named.name, "0").in_front == all_changed);
  }
}

TEST_CASE(
    "those who are away make room for those who are not, the largest, or the longest away, first") {
  World world(std::size_t{4} << 20);
  const std::string value(1, 'x');
  const auto key_of = [](int i) { return "key" + std::to_string(i); };
  for (int i = 0; i < 800; ++i) world.write(key_of(i), value);
  std::string names[2];
  for (std::string& name : names) {
    Client client(world);
    name = client.resume().name;
    for (int i = 0; i < 800; ++i) client.exchange(resp("GET", key_of(i)));
  }
  CHECK(world.shared.counters().tracking_away == 2);
  Client client(world);
  for (int i = 0; i < 4000 && world.shared.counters().tracking_away == 2; ++i) {
    const std::string key = "more" + std::to_string(i);
    world.write(key, value);
    client.exchange(resp("GET", key));
  }
  CHECK(world.shared.counters().tracking_away == 1);
  CHECK_FALSE(client.resume(names[0], "0").is_resumed);
  CHECK(Client(world).resume(names[1], "0").is_resumed);
}

// ---- Messages by number

TEST_CASE("messages are covered from the number on behind which all are there") {
  TestMemory memory;
  Budget budget({}, memory);
  const AccountHandle account = budget.open_account(PoolKind::replies);
  Charge charge(*account);
  {
    bridge::MissedMessages missed(charge);
    CHECK(missed.covers(0));
    CHECK_FALSE(missed.covers(1));
    for (int i = 0; i < 3; ++i) {
      missed.add(bridge::EncodedPush::invalidation_of_all(*account));
    }
    CHECK(missed.last_number() == 3);
    CHECK(missed.behind(1).size() == 2);
    missed.forget_until(2);
    CHECK(missed.count() == 1);
    CHECK_FALSE(missed.covers(1));
    CHECK(missed.covers(2));
    CHECK_FALSE(missed.covers(4));
    missed.forget_until(1);
    CHECK(missed.count() == 1);
    missed.add(nullptr);
    CHECK(missed.count() == 0);
    CHECK(missed.covers(4));
    CHECK_FALSE(missed.covers(3));
  }
  CHECK(charge.bytes() == 0);
}

TEST_CASE("messages take no more than bytes_max") {
  TestMemory memory;
  Budget budget({}, memory);
  const AccountHandle account = budget.open_account(PoolKind::replies);
  Charge charge(*account);
  bridge::MissedMessages missed(charge);
  const std::string key(100'000, 'k');
  const std::string_view keys[] = {key};
  for (int i = 0; i < 10; ++i) missed.add(bridge::EncodedPush::invalidation(*account, keys));
  CHECK(missed.count() == 5);
  CHECK(missed.bytes() <= bridge::MissedMessages::bytes_max);
  CHECK(charge.bytes() == missed.bytes());
  CHECK(missed.covers(5));
  CHECK_FALSE(missed.covers(4));
}

TEST_CASE("there are never more than count_max messages") {
  TestMemory memory;
  Budget budget({}, memory);
  const AccountHandle account = budget.open_account(PoolKind::replies);
  Charge charge(*account);
  bridge::MissedMessages missed(charge);
  const bridge::PushBytes push = bridge::EncodedPush::invalidation_of_all(*account);
  for (std::size_t i = 0; i < bridge::MissedMessages::count_max + 10; ++i) missed.add(push);
  CHECK(missed.count() == bridge::MissedMessages::count_max);
  CHECK(missed.covers(10));
  CHECK_FALSE(missed.covers(9));
}

}  // namespace plimsoll::testing::resuming_test
