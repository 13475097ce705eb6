// Clients of shared connections that come back after theirs was lost (CLIENT TRACKING RESUME): what
// they are told, and who is told nothing.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/native/bridge/shared/holder_names.h"
#include "plimsoll/native/bridge/shared/missed_messages.h"
#include "plimsoll/native/bridge/shared/tracking_hub.h"
#include "plimsoll/tests/core/memory/test_memory.h"
#include "plimsoll/tests/native/bridge/raw_connection.h"
#include "plimsoll/tests/native/bridge/shared/session_peer.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing::resuming_test {
namespace {

using namespace std::chrono_literals;

native::Options cached_options(std::uint64_t kilobytes = 4096) {
  native::ClientSideCacheOptions cache;
  cache.max_cache_kb = kilobytes;
  cache.coherence_lease = 1h;
  native::Options options = patient_options();
  options.topology = TopologyChoice::standalone;
  options.health_check_interval = 1h;
  options.client_side_cache = native::ClientSideCache::create(cache).value();
  return options;
}

std::string changed(const std::string& key) {
  return ">2\r\n$10\r\ninvalidate\r\n*1\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n";
}
const std::string all_changed = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

struct World {
  explicit World(std::size_t memory_limit = std::size_t{64} << 20, std::size_t threads = 1,
                 std::uint64_t cache_kilobytes = 4096)
      : shared(server.url(), cached_options(cache_kilobytes), memory_limit, threads) {}

  void write(std::string_view key, std::string_view value) {
    other.exchange(resp("SET", key, value));
  }

  ValkeyServer server;
  SharedWorld shared;
  RawConnection other{server.socket_path()};
};

struct Client : SessionPeer {
  explicit Client(World& world) : SessionPeer(world.shared) {
    exchange(resp("HELLO", "3") + resp("CLIENT", "TRACKING", "ON"));
  }

  struct Answer {
    std::string in_front;  // what has come before it
    std::string name;
    std::string number;
    bool is_resumed = false;
  };

  template <class... Word>
  Answer resume(const Word&... words) {
    const std::string all = exchange(resp("CLIENT", "TRACKING", "RESUME", words...));
    const std::string begin = "*3\r\n$32\r\n";
    const std::size_t at = all.find(begin);
    REQUIRE(at != std::string::npos);
    const std::size_t number_at = at + begin.size() + 32 + 2;
    const std::size_t end = all.find("\r\n", number_at);
    return {.in_front = all.substr(0, at),
            .name = all.substr(at + begin.size(), 32),
            .number = all.substr(number_at + 1, end - number_at - 1),
            .is_resumed = all.substr(end) == "\r\n:1\r\n"};
  }

  std::string ask(const std::string& commands) {
    const std::string all = exchange(commands + resp("PING"));
    REQUIRE(all.ends_with("+PONG\r\n"));
    return all.substr(0, all.size() - 7);
  }
  std::string news() { return ask(""); }
};

}  // namespace

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
  CHECK(half_open.session().is_taken_over());
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

TEST_CASE("those who are away make room for those who are not, the longest away first") {
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

// ---- In another thread. Each client is in the next one.

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
  for (int steps = 0; steps < 40; ++steps) {
    INFO("steps " << steps);
    World world(std::size_t{64} << 20, 2);
    world.write("ship", "1");
    auto first = std::make_unique<Client>(world);
    const auto named = first->resume();
    first->ask(resp("GET", "ship"));
    first.reset();
    Client again(world);
    again.begin(resp("CLIENT", "TRACKING", "RESUME", named.name, "0"));
    for (int i = 0; i < steps; ++i) world.shared.run_one();
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
  for (int steps = 0; steps < 30; ++steps) {
    INFO("steps " << steps);
    World world(std::size_t{64} << 20, threads);
    world.write("ship", "1");
    auto first = std::make_unique<Client>(world);
    const auto named = first->resume();
    first->ask(resp("GET", "ship"));
    first.reset();
    auto second = std::make_unique<Client>(world);
    second->begin(resp("CLIENT", "TRACKING", "RESUME", named.name, "0"));
    for (int i = 0; i < steps; ++i) world.shared.run_one();
    second.reset();
    world.write("ship", "2");
    Client third(world);
    const auto answer = third.resume(named.name, "0");
    if (!answer.is_resumed) continue;
    CHECK(answer.in_front == changed("ship"));
    ++resumed;
  }
  CHECK(resumed > 0);
  CHECK(resumed < 30);
}

TEST_CASE("who cannot be told of all that has no room in another thread begins anew") {
  constexpr std::size_t memory_limit = std::size_t{32} << 20;
  constexpr int keys = 1400;  // more than a session lets wait, and less than a thread has room for
  World world(memory_limit, 2, 16 * 1024);
  const auto key = [](const std::string& of, int i) {
    return of + std::to_string(i) + std::string(1000, '.');
  };
  const auto read_all = [&](Client& client, const std::string& of) {
    for (int i = 0; i < keys; ++i) world.write(key(of, i), "1");
    for (int i = 0; i < keys; ++i) client.exchange(resp("GET", key(of, i)));
  };
  auto first = std::make_unique<Client>(world);
  Client other(world);
  const auto named = first->resume();
  read_all(*first, "a");
  read_all(other, "b");  // which is connected, so it makes no room
  REQUIRE(world.shared.counters().tracked_keys > keys);
  first.reset();
  Client in_first_thread(world);
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

}  // namespace plimsoll::testing::resuming_test
