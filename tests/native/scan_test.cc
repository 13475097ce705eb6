#include "plimsoll/scan.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/support/valkey_server.h"

// Walks over keys, fields and members, against a real server, in both protocols.

namespace plimsoll::testing::scan_test {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_future;
using native::Client;

native::Options options_for(native::Protocol protocol) {
  native::Options options = patient_options();
  options.protocol = protocol;
  options.inflight_requests_limit = 10'000;
  return options;
}

TEST_CASE("a walk over the keys finds each of them") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), options_for(native::Protocol::resp3));
    co_await client.flushdb();
    for (int i = 0; i < 1000; ++i) client.set("user:" + std::to_string(i), "x");
    co_await client.sadd("user:set", {"x"});
    co_await client.set("other", "x");
    native::ScanOptions options;
    options.pattern = "user:*";
    options.count = 100;
    options.type = "string";
    native::KeyScan scan(client, options);
    std::set<std::string> keys;
    int pages = 0;
    while (auto page = co_await scan.next()) {
      ++pages;
      for (const std::string& key : *page) keys.insert(key);
    }
    CHECK(keys.size() == 1000);
    CHECK(pages > 5);
    CHECK_FALSE(keys.contains("user:set"));
    const auto end = co_await scan.next();  // it stays over
    CHECK_FALSE(end);
  }());
}

TEST_CASE("walks over a hash, a set and a sorted set") {
  const auto protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  run([](native::Protocol used) -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), options_for(used));
    co_await client.flushdb();
    for (int i = 0; i < 600; ++i) {
      const std::string n = std::to_string(i);
      client.hset("hash", {{"f" + n, "v" + n}});
      client.sadd("set", {"m" + n});
      client.command("ZADD", "sorted", n + ".5", "z" + n);
    }
    co_await client.ping();
    std::map<std::string, std::string> fields;
    native::HashScan hash(client, "hash");
    while (auto page = co_await hash.next()) {
      for (const auto& [field, value] : *page) fields[field] = value;
    }
    CHECK(fields.size() == 600);
    CHECK(fields["f17"] == "v17");
    std::set<std::string> members;
    native::SetScan set(client, "set");
    while (auto page = co_await set.next()) members.insert(page->begin(), page->end());
    CHECK(members.size() == 600);
    std::map<std::string, double> scores;
    native::SortedSetScan sorted(client, "sorted");
    while (auto page = co_await sorted.next()) {
      for (const auto& [member, score] : *page) scores[member] = score;
    }
    CHECK(scores.size() == 600);
    CHECK(scores["z17"] == 17.5);
  }(protocol));
}

TEST_CASE("a walk over what is not there is over with its first page") {
  Client client = connected(unix_url());
  native::HashScan scan(client, "no such key");
  CHECK(finish(scan.next())->empty());
  CHECK_FALSE(finish(scan.next()));
}

TEST_CASE("an error leaves the walk where it was") {
  Client client = connected(unix_url());
  finish(client.set("text", "x"));
  native::SetScan scan(client, "text");
  CHECK(error_of(scan.next(use_future)).server_code() == "WRONGTYPE");
  finish(client.del("text"));
  finish(client.sadd("text", {"member"}));
  CHECK(finish(scan.next())->size() == 1);
  native::ScanOptions bad;
  bad.count = -1;
  native::KeyScan wrong(client, bad);
  CHECK(error_of(wrong.next(use_future)).server_code() == "ERR");
}

TEST_CASE("one page at a time; a walk may be dropped meanwhile") {
  ValkeyServer server;
  Client client = connected(server.url());
  std::optional<native::KeyScan> scan(client);
  server.pause();
  auto first = scan->next(use_future);
  CHECK(error_of(scan->next(use_future)).code() == ErrorCode::rejected_by_limit);
  scan.reset();
  server.resume();
  CHECK(value_of(std::move(first)));
}

}  // namespace
}  // namespace plimsoll::testing::scan_test
