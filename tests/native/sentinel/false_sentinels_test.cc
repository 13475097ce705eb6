#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/sentinel/fake_sentinel.h"
#include "plimsoll/tests/native/sentinel/world.h"
#include "plimsoll/tests/support/loopback.h"
#include "plimsoll/tests/support/valkey_server.h"

// Sentinels that disagree, are behind the times, or talk nonsense, in front of real servers.

namespace plimsoll::testing::native_sentinel_false_sentinels_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;
using namespace std::chrono_literals;

// The core's sentinels_max.
constexpr std::size_t known_max = 16;

ValkeyServer& ship() {
  static ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  return server;
}
ValkeyServer& wreck() {
  static ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  return server;
}

std::string address_of(const ValkeyServer& server) {
  return "127.0.0.1:" + std::to_string(server.port());
}
std::string names(const ValkeyServer& server) {
  return address_reply("127.0.0.1", std::to_string(server.port()));
}
std::string entry_of(const FakeSentinel& sentinel) {
  return sentinel_entry("127.0.0.1", std::to_string(sentinel.port()), sentinel.id());
}

std::string url_of(const std::vector<const FakeSentinel*>& sentinels) {
  std::string all;
  for (const FakeSentinel* one : sentinels) all += (all.empty() ? "" : ",") + one->address();
  return "valkey+sentinel://" + all + "/ships";
}

// Options of clients that wait for silent sentinels, for a quarter of connect_timeout.
Options hasty_options() {
  Options options = sentinel_options();
  options.connect_timeout = test_timeout(200ms);
  return options;
}

TEST_CASE("of sentinels that disagree the majority counts") {
  const FakeSentinel one(names(ship()));
  const FakeSentinel two(names(ship()));
  const FakeSentinel stale(names(wreck()));
  for (const std::string& url :
       {url_of({&one, &two, &stale}), url_of({&stale, &one, &two}), url_of({&two, &stale, &one})}) {
    Client client = connected(url, sentinel_options());
    CHECK(client.statistics().server == address_of(ship()));
  }
}

TEST_CASE("one that is behind the times is outvoted by those whom it names") {
  const FakeSentinel one(names(ship()));
  const FakeSentinel two(names(ship()));
  const FakeSentinel stale(names(wreck()), "*2\r\n" + entry_of(one) + entry_of(two));
  for (int i = 0; i < 8; ++i) {
    ServerLog log;
    Options options = sentinel_options();
    log.listen(options);
    Client client = connected(url_of({&stale}), options);
    CHECK(log.servers() == std::vector<std::string>{address_of(ship())});
  }
}

TEST_CASE(
    "if no primary has a majority, there is no connection, and the text says what each said") {
  const FakeSentinel one(names(ship()));
  const FakeSentinel other(names(wreck()));
  const native::Error error = refusal(url_of({&one, &other}), hasty_options());
  CHECK(error.code() == ErrorCode::connect_failed);
  CHECK_THAT(error.what(), ContainsSubstring("do not agree"));
  CHECK_THAT(error.what(), ContainsSubstring(one.address() + ": names " + address_of(ship())));
  CHECK_THAT(error.what(), ContainsSubstring(other.address() + ": names " + address_of(wreck())));
}

// What each sentinel says that is of no use. Alone, they end connect() with an error that names
// each of them; beside a good one they do no harm.
void check_useless(const std::vector<std::string>& answers, FakeSentinel::Then then) {
  std::vector<std::unique_ptr<FakeSentinel>> all;
  std::vector<const FakeSentinel*> pointers;
  const FakeSentinel good(names(ship()));
  for (const std::string& answer : answers) {
    INFO(answer);
    all.push_back(std::make_unique<FakeSentinel>(answer, FakeSentinel::no_others(), then));
    pointers.push_back(all.back().get());
    Client client = connected(url_of({pointers.back(), &good}), hasty_options());
    CHECK(client.statistics().server == address_of(ship()));
  }
  const native::Error error = refusal(url_of(pointers), hasty_options());
  INFO(error.what());
  CHECK(error.code() == ErrorCode::connect_failed);
  for (const FakeSentinel* one : pointers) {
    CHECK_THAT(error.what(), ContainsSubstring(one->address() + ": "));
    CHECK_THAT(error.what(), !ContainsSubstring(one->address() + ": has not answered yet"));
  }
}

TEST_CASE("an answer that is no address counts as none") {
  check_useless(
      {address_reply("no host!", "6379"), address_reply("127.0.0.1", "0"),
       address_reply("127.0.0.1", "65536"), address_reply("127.0.0.1", "-1"),
       address_reply("127.0.0.1", "6379x"), address_reply("", "6379"),
       address_reply(std::string(300, 'a'), "6379"), address_reply("127.0.0.1\r\nSET", "6379"),
       bulk("127.0.0.1:6379"), "*0\r\n", "*1\r\n*1\r\n:1\r\n", ":6379\r\n", "-ERR no\r\n",
       "*2\r\n_\r\n_\r\n", "\x01\x02\x03\r\n"},
      FakeSentinel::Then::goes_on);
}

TEST_CASE("a sentinel that stops in the middle of its answer is not waited for") {
  check_useless({"*2\r\n$9\r\n127.0", "$1000000000\r\nabc", "*2\r\n", ""},
                FakeSentinel::Then::falls_silent);
  // The same in SENTINEL SENTINELS.
  const FakeSentinel good(names(ship()));
  const FakeSentinel stuck(names(wreck()), "*2\r\n%3\r\n$2\r\nip",
                           FakeSentinel::Then::falls_silent);
  Client client = connected(url_of({&stuck, &good}), hasty_options());
  CHECK(client.statistics().server == address_of(ship()));
}

TEST_CASE("sentinels that say different things of no use are no connection, whatever they say") {
  const FakeSentinel silent("", FakeSentinel::no_others(), FakeSentinel::Then::falls_silent);
  const FakeSentinel garbled("\x01\x02\x03\r\n");
  const FakeSentinel ignorant("_\r\n");
  const native::Error error = refusal(url_of({&silent, &garbled, &ignorant}), hasty_options());
  INFO(error.what());
  CHECK(error.code() == ErrorCode::connect_failed);
  CHECK_THAT(error.what(),
             ContainsSubstring(ignorant.address() + ": watches no primary of this name"));
}

TEST_CASE("a sentinel may name two hundred others: the client knows as many as it has room for") {
  // Nobody listens at this one.
  const Descriptor dead = bind_tcp(0);
  std::string others = "*200\r\n";
  for (int i = 0; i < 200; ++i) {
    const std::string number = std::to_string(100 + i);
    others += sentinel_entry("127.0.1." + std::to_string(i), std::to_string(port_of(dead)),
                             number + std::string(37, 'b'));
  }
  FakeSentinel talker(names(ship()), others);
  Client client = connected(url_of({&talker}), hasty_options());
  CHECK(client.statistics().server == address_of(ship()));
  CHECK(client.topology().sentinels.size() <= known_max);
  finish(client.set("ship", "here"));

  // None of those exists, so the client forgets them once nobody names them any more.
  talker.set_others(FakeSentinel::no_others());
  CHECK(eventually([&] { return client.topology().sentinels.size() == 1; }));
  CHECK(client.topology().primary == address_of(ship()));
}

TEST_CASE("a reply that is too large is skipped") {
  std::string others = "*1000\r\n";
  for (int i = 0; i < 1000; ++i) {
    others += sentinel_entry("127.0.1.1", std::to_string(1024 + i),
                             std::to_string(1000 + i) + std::string(36, 'b'));
  }
  REQUIRE(others.size() > 64 * 1024);
  const FakeSentinel talker(names(ship()), others);
  Client client = connected(url_of({&talker}), sentinel_options());
  CHECK(client.statistics().server == address_of(ship()));
  CHECK(client.topology().sentinels.size() == 1);
}

TEST_CASE("an announcement counts at once, and one of nonsense never") {
  FakeSentinel one(names(ship()));
  const FakeSentinel two(names(ship()));
  const FakeSentinel three(names(ship()));
  ServerLog log;
  Options options = sentinel_options();
  log.listen(options);
  Client client = connected(url_of({&one, &two, &three}), options);
  REQUIRE(eventually([&] { return one.subscribers_count() == 1; }));
  const std::string from = "127.0.0.1 " + std::to_string(ship().port()) + " ";
  const std::string to = std::to_string(wreck().port());
  for (const std::string& payload :
       {std::string(), std::string("ships"), "boats " + from + "127.0.0.1 " + to,
        "ships " + from + "127.0.0.1 0", "ships " + from + "127.0.0.1",
        "ships " + from + std::string(300, 'a') + " " + to, "ships " + from + "no! " + to,
        std::string(2000, ' '), "ships  " + from + "127.0.0.1 " + to,
        "ships " + from + "127.0.0.1 " + to + " more"}) {
    one.publish(switch_message(payload));
  }
  one.publish(">1\r\n" + bulk("message"));
  one.publish(">3\r\n:1\r\n:2\r\n:3\r\n");
  one.set_primary(names(wreck()));
  one.publish(switch_message("ships " + from + "127.0.0.1 " + to));
  REQUIRE(eventually([&] { return log.servers().size() == 2; }));
  CHECK(log.servers().back() == address_of(wreck()));
  CHECK(one.subscribers_count() == 1);  // nothing of that cost the connection
}

TEST_CASE("a switch to a server that is not there is left for what the majority says") {
  const Descriptor dead = bind_tcp(0);
  FakeSentinel one(names(ship()));
  const FakeSentinel two(names(ship()));
  const FakeSentinel three(names(ship()));
  ServerLog log;
  Options options = sentinel_options();
  log.listen(options);
  Client client = connected(url_of({&one, &two, &three}), options);
  REQUIRE(eventually([&] { return one.subscribers_count() == 1; }));
  one.publish(switch_message("ships 127.0.0.1 " + std::to_string(ship().port()) + " 127.0.0.1 " +
                             std::to_string(port_of(dead))));
  REQUIRE(eventually([&] { return log.entries().size() >= 2; }));
  CHECK(finish(client.set("ship", "again", use_future)));
  CHECK(log.servers() == std::vector<std::string>{address_of(ship()), address_of(ship())});
}

}  // namespace
}  // namespace plimsoll::testing::native_sentinel_false_sentinels_test
