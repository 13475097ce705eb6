#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/sentinel/world.h"
#include "plimsoll/tests/native/sentinel/writes.h"
#include "plimsoll/tests/support/sentinels.h"

// Failovers of real sentinels, under the writes of several callers. The old primary goes on taking
// writes for some eleven seconds, all of which are lost in the end.

namespace plimsoll::testing::native_sentinel_failover_test {
namespace {

using boost::asio::use_future;
using Outcome = Writes::Outcome;
using namespace std::chrono_literals;

constexpr std::size_t callers_count = 8;
constexpr std::size_t writes_seen_min = 500;

SentinelGroup& group() {
  static SentinelGroup all;
  return all;
}

// The number in a reply to GET; 0 if there is none.
std::int64_t stored(std::size_t server, const std::string& key) {
  const std::string reply = group().ask(server, "GET " + key);
  const std::size_t text = reply.find("\r\n");
  return reply.starts_with("$-1") ? 0 : std::stoll(reply.substr(text + 2));
}

// How many SETs a server has run.
std::int64_t sets(std::size_t server) {
  const std::string all = group().ask(server, "INFO commandstats");
  const std::string name = "cmdstat_set:calls=";
  const std::size_t at = all.find(name);
  return at == std::string::npos ? 0 : std::stoll(all.substr(at + name.size()));
}

// The old primary gets no more writes, and none of those that were called after the client left it.
// `now`: the number of the server at which the client is.
void check_left(std::size_t old, const Writes& writes, std::size_t now) {
  const std::int64_t sets_before = sets(old);
  const std::size_t seen = writes.acknowledged_at(now);
  REQUIRE(eventually([&] { return writes.acknowledged_at(now) > seen + writes_seen_min; }));
  const std::int64_t sets_after = sets(old);
  std::vector<std::int64_t> values;
  for (std::size_t i = 0; i < writes.callers(); ++i) {
    values.push_back(stored(old, Writes::key(i)));
  }
  if (group().ask(old, "ROLE").find("master") == std::string::npos) {
    WARN("the machine is slow: the old primary follows the new one already, so it has its writes");
    return;
  }
  CHECK(sets_after == sets_before);
  for (std::size_t i = 0; i < writes.callers(); ++i) {
    INFO(Writes::key(i));
    CHECK(values[i] <= writes.last_called_at(i, 1));
    CHECK(values[i] >= writes.last_acknowledged_at(i, 1));
  }
}

TEST_CASE(
    "under load, a client follows the sentinels, and the old primary gets nothing after that") {
  const Loss loss = GENERATE(Loss::planned, Loss::killed, Loss::frozen);
  INFO(name(loss));
  group().settle();
  const std::size_t old = group().primary();
  group().ask(old, "FLUSHALL");

  Writes writes(callers_count);
  writes.start(group().url(), sentinel_options());
  REQUIRE(eventually([&] { return writes.acknowledged_at(1) > writes_seen_min; }));

  const auto begin = SentinelClock::now();
  lose(group(), old, loss);
  const auto announced = group().first_switch(begin);
  report(std::string(name(loss)) + ", until +switch-master", announced.at - begin);
  REQUIRE(eventually([&] { return writes.acknowledged_at(2) > 0; }));
  const auto again = writes.first_acknowledged_at(2) - announced.at;
  report(std::string(name(loss)) + ", from +switch-master to the first write", again);
  CHECK(again < test_timeout(2s));

  // The old primary is still one, and takes what it gets.
  if (loss == Loss::frozen) group().server(old).resume();
  REQUIRE(eventually([&] { return writes.acknowledged_at(2) > writes_seen_min; }));
  if (loss != Loss::killed) check_left(old, writes, 2);

  // It becomes a replica, while the load goes on.
  group().settle();
  const std::size_t now = group().primary();
  writes.stop();
  if (!announced.payload.ends_with(" " + std::to_string(group().server(now).port()))) {
    WARN("the machine is slow: the sentinels have replaced the new primary, too, by themselves");
    return;
  }
  CHECK(now != old);
  REQUIRE(eventually([&] { return writes.all_ended(); }));
  CHECK(writes.not_once() == 0);
  CHECK(writes.servers() == std::vector<std::string>{group().address(old), group().address(now)});
  CHECK(writes.client().topology().primary == group().address(now));
  for (const std::string& error : writes.errors()) UNSCOPED_INFO(error);
  CHECK(writes.count(Outcome::refused) == 0);
  // A caller has one write under way at a time, so no more than that are in doubt at each loss.
  CHECK(writes.count(Outcome::in_doubt) <= callers_count);
  for (std::size_t i = 0; i < writes.callers(); ++i) {
    INFO(Writes::key(i));
    const std::int64_t last = writes.last_acknowledged_at(i, 2);
    CHECK(last > 0);
    CHECK(stored(now, Writes::key(i)) == last);
    CHECK(finish(writes.client().get(Writes::key(i), use_future)).value() == std::to_string(last));
  }
}

// The first primary still takes writes when the second one dies.
TEST_CASE("a client follows a second failover right after the first, and never goes back") {
  group().settle();
  const std::size_t first = group().primary();
  group().ask(first, "FLUSHALL");
  Writes writes(callers_count);
  writes.start(group().url(), sentinel_options());
  REQUIRE(eventually([&] { return writes.acknowledged_at(1) > writes_seen_min; }));

  group().failover();
  REQUIRE(eventually([&] { return writes.acknowledged_at(2) > writes_seen_min; }));
  const std::size_t second = group().index_of(writes.servers().back());
  group().server(second).kill();
  REQUIRE(eventually([&] { return writes.acknowledged_at(3) > writes_seen_min; }));
  if (group().primary() == first) {
    WARN("the machine is slow: the sentinels have chosen the first primary again");
    return;
  }
  check_left(first, writes, 3);
  group().settle();
  const std::size_t third = group().primary();
  CHECK(writes.servers() == std::vector<std::string>{group().address(first),
                                                     group().address(second),
                                                     group().address(third)});
  CHECK(third != first);
  writes.stop();
  REQUIRE(eventually([&] { return writes.all_ended(); }));
  CHECK(writes.not_once() == 0);
}

}  // namespace
}  // namespace plimsoll::testing::native_sentinel_failover_test
