#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/scan.h"
#include "plimsoll/script.h"
#include "plimsoll/stream_reader.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/cached.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/support/valkey_server.h"
#include "plimsoll/transaction.h"

// Options::key_prefix and channel_prefix: all ways to the server go through them.

namespace plimsoll::testing::key_prefix_test {
namespace {

using boost::asio::use_future;
using native::Client;

native::Options prefixed_options() {
  native::Options options = patient_options();
  options.key_prefix = "ship:";
  return options;
}

TEST_CASE("each way to the server has the prefix, and keys in replies keep it") {
  Client plain = connected(unix_url());
  finish(plain.flushdb());
  Client client = connected(unix_url(), prefixed_options());
  finish(client.set("a", "1"));
  CHECK(finish(plain.get("ship:a")) == "1");
  CHECK(finish(client.command<std::string>("GET", "a")) == "1");
  CHECK(finish(client.keys("*")) == std::vector<std::string>{"ship:a"});

  native::Transaction both = client.transaction();
  both.incr("a");
  const auto got = both.get("a");
  auto replies = finish(both.exec());
  CHECK(replies.get(got) == "2");

  native::Exclusive own = finish(client.exclusive());
  CHECK(finish(own.get("a")) == "2");
  native::Transaction of_own = own.transaction();
  const auto again = of_own.get("a");
  auto more = finish(of_own.exec());
  CHECK(more.get(again) == "2");

  const native::Script script("return redis.call('GET', KEYS[1])");
  CHECK(finish(script.run<std::string>(client, {"a"})) == "2");

  native::KeyScan scan(client);
  CHECK(value_of(scan.next(use_future)) == std::vector<std::string>{"ship:a"});

  finish(client.rpush("list", {"1"}));
  CHECK(finish(client.command<std::vector<std::string>>("BLPOP", "list", "1")) ==
        std::vector<std::string>{"ship:list", "1"});
}

TEST_CASE("a stream reader goes by the names that it was given") {
  Client client = connected(unix_url(), prefixed_options());
  finish(client.flushdb());
  finish(client.command<std::string>("XADD", "s", "*", "n", "1"));
  native::StreamReaderOptions options;
  options.group = "g";
  options.consumer = "c";
  options.streams = {"s"};
  options.create_group = true;
  options.begin = "0";
  native::StreamReader reader(client, options);
  const native::StreamBatch batch = finish(reader.next());
  REQUIRE(batch.size() == 1);
  CHECK(batch.streams[0].stream == "s");
  CHECK(finish(reader.ack(batch.streams[0])) == 1);
}

TEST_CASE("channels and patterns have their prefix, and messages have channels in full") {
  Client plain = connected(unix_url());
  native::Options options = patient_options();
  options.channel_prefix = "[ship]:";
  Client client = connected(unix_url(), options);
  native::Subscription news = finish(client.subscribe({"news"}));
  native::Subscription any = finish(client.psubscribe({"n*"}));
  finish(any.subscribe({"other"}));
  finish(any.unsubscribe({"other"}));
  CHECK(finish(plain.publish("news", "not here")) == 0);
  CHECK(finish(plain.publish("s:news", "the prefix of a pattern is no pattern")) == 0);
  CHECK(finish(client.publish("news", "1")) == 2);
  CHECK(finish(plain.publish("[ship]:news", "2")) == 2);
  native::Transaction both = client.transaction();
  both.publish("news", "3");
  finish(both.exec());
  for (const char* const number : {"1", "2", "3"}) {
    const auto message = finish(news.next());
    REQUIRE(message.has_value());
    CHECK(message->channel == "[ship]:news");
    CHECK(message->payload == number);
    const auto matched = finish(any.next());
    REQUIRE(matched.has_value());
    CHECK(matched->pattern == "\\[ship\\]:n*");
  }
  CHECK(finish(client.command<std::vector<std::string>>("PUBSUB", "CHANNELS")) ==
        std::vector<std::string>{"[ship]:news"});
  finish(client.set("k", "v"));
  CHECK(finish(plain.get("k")) == "v");
}

TEST_CASE("a cache keeps what was read with the prefix apart from what was read without") {
  const auto cache = make();
  native::Options options = patient_options();
  options.client_side_cache = cache;
  Client plain = connected(unix_url(), options);
  finish(plain.flushdb());
  options.key_prefix = "ship:";
  Client client = connected(unix_url(), options);
  finish(plain.set("k", "plain"));
  finish(client.set("k", "prefixed"));
  CHECK(get(plain, "k") == "plain");
  CHECK(get(client, "k") == "prefixed");
  CHECK(client.cached<std::string>("GET", "k") == "prefixed");
  CHECK(plain.cached<std::string>("GET", "k") == "plain");
  CHECK(plain.cached<std::string>("GET", "ship:k") == "prefixed");
  CHECK(get(client, "k") == "prefixed");  // from the cache, by a future
  CHECK(finish(client.get("k")) == "prefixed");
  CHECK(cache->cache_statistics().value().hits == 5);
  finish(client.set("k", "new"));
  CHECK(get(client, "k") == "new");
}

TEST_CASE("a command of a module is refused, in a transaction as well, and nothing is sent") {
  Client client = connected(unix_url(), prefixed_options());
  const auto before = client.statistics().client.counters.bytes_written;
  const native::Error refused = error_of(client.command({"JSON.GET", "k"}, use_future));
  CHECK(refused.code() == ErrorCode::refused_command);
  CHECK(refused.executed() == Executed::no);
  native::Transaction both = client.transaction();
  both.incr("a");
  both.command("JSON.GET", "k");
  CHECK(error_of(both.exec(use_future)).code() == ErrorCode::refused_command);
  CHECK(client.statistics().client.counters.bytes_written == before);
}

}  // namespace
}  // namespace plimsoll::testing::key_prefix_test
