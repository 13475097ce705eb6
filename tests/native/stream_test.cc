#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/stream_reader.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/support/valkey_server.h"

// Streams as consumers of a group read them, against a real server, in both protocols.

namespace plimsoll::testing::stream_test {
namespace {

namespace asio = boost::asio;
using asio::use_future;
using native::Client;
using native::StreamBatch;
using native::StreamEntry;
using native::StreamReader;
using native::StreamReaderOptions;
using Origin = native::StreamBatch::Origin;

native::Options options_for(native::Protocol protocol) {
  native::Options options = patient_options();
  options.protocol = protocol;
  return options;
}

StreamReaderOptions reading(std::vector<std::string> streams, std::string consumer = "one") {
  StreamReaderOptions options;
  options.group = "group";
  options.consumer = std::move(consumer);
  options.streams = std::move(streams);
  options.create_group = true;
  options.begin = "0";
  return options;
}

std::string add(Client& client, const std::string& stream, const std::string& value) {
  return finish(client.command<std::string>("XADD", stream, "*", "value", value));
}

std::vector<std::string> values_in(const StreamBatch& batch) {
  std::vector<std::string> values;
  for (const auto& part : batch.streams) {
    for (const StreamEntry& entry : part.entries) {
      values.push_back(entry.fields.empty() ? "none" : entry.fields.front().value);
    }
  }
  return values;
}

using Values = std::vector<std::string>;

TEST_CASE("a reader gets what is new, in order, of all its streams") {
  const auto protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  Client client = connected(unix_url(), options_for(protocol));
  finish(client.del({"a", "b"}));
  StreamReader reader(client, reading({"a", "b"}));
  add(client, "a", "1");
  add(client, "a", "2");
  add(client, "b", "3");
  const StreamBatch batch = finish(reader.next());
  CHECK(batch.origin == Origin::fresh);
  CHECK(batch.size() == 3);
  CHECK(values_in(batch) == Values{"1", "2", "3"});
  CHECK(batch.streams[0].stream == "a");
  CHECK(batch.streams[0].entries[0].fields[0].field == "value");
  CHECK(finish(reader.ack(batch.streams[0])) == 2);
  CHECK(finish(reader.ack("b", {batch.streams[1].entries[0].id})) == 1);
  CHECK(finish(reader.ack(batch.streams[0])) == 0);
  auto waiting = reader.next(use_future);
  add(client, "b", "4");
  CHECK(values_in(value_of(std::move(waiting))) == Values{"4"});
}

TEST_CASE("a reader that begins anew gets first what it had not acknowledged") {
  const auto protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  Client client = connected(unix_url(), options_for(protocol));
  finish(client.del("s"));
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(add(client, "s", std::to_string(i)));
  {
    StreamReader reader(client, reading({"s"}));
    const StreamBatch batch = finish(reader.next());
    CHECK(batch.size() == 5);
    finish(reader.ack("s", {ids[1]}));
  }
  finish(client.command("XDEL", "s", ids[3]));
  add(client, "s", "new");
  StreamReaderOptions options = reading({"s"});
  options.count = 2;
  StreamReader again(client, options);
  const StreamBatch first = finish(again.next());
  CHECK(first.origin == Origin::pending);
  CHECK(values_in(first) == Values{"0", "2"});
  const StreamBatch second = finish(again.next());
  CHECK(second.origin == Origin::pending);
  CHECK(values_in(second) == Values{"none", "4"});
  CHECK(second.streams[0].entries[0].deleted);
  CHECK(second.streams[0].entries[0].id == ids[3]);
  const StreamBatch third = finish(again.next());
  CHECK(third.origin == Origin::fresh);
  CHECK(values_in(third) == Values{"new"});
}

TEST_CASE("two consumers share a stream, and no entry is given to both") {
  Client client = connected(unix_url());
  finish(client.del("s"));
  StreamReaderOptions options = reading({"s"}, "one");
  options.count = 10;
  StreamReader one(client, options);
  options.consumer = "two";
  StreamReader two(client, options);
  for (int i = 0; i < 40; ++i) add(client, "s", std::to_string(i));
  std::set<std::string> all;
  std::size_t given = 0;
  for (int i = 0; i < 2; ++i) {
    for (StreamReader* reader : {&one, &two}) {
      for (const std::string& value : values_in(finish(reader->next()))) {
        all.insert(value);
        ++given;
      }
    }
  }
  CHECK(given == 40);
  CHECK(all.size() == 40);
}

TEST_CASE("what a consumer that is gone has left is taken over") {
  const auto protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  Client client = connected(unix_url(), options_for(protocol));
  finish(client.del({"s", "t"}));
  for (int i = 0; i < 5; ++i) add(client, "s", std::to_string(i));
  {
    StreamReader gone(client, reading({"s"}, "gone"));
    CHECK(finish(gone.next()).size() == 5);
  }
  StreamReaderOptions options = reading({"t", "s"}, "heir");
  options.claim_after = std::chrono::milliseconds(1);
  options.count = 3;
  StreamReader heir(client, options);
  std::multiset<std::string> got;
  while (got.size() < 5) {
    const StreamBatch batch = finish(heir.next());
    CHECK(batch.origin == Origin::claimed);
    for (const std::string& value : values_in(batch)) got.insert(value);
    for (const auto& part : batch.streams) finish(heir.ack(part));
  }
  CHECK(got == std::multiset<std::string>{"0", "1", "2", "3", "4"});
  auto fresh = heir.next(use_future);
  add(client, "t", "new");
  CHECK(values_in(value_of(std::move(fresh))) == Values{"new"});
}

TEST_CASE("a reader can be told how long to wait") {
  Client client = connected(unix_url());
  finish(client.del("s"));
  StreamReaderOptions options = reading({"s"});
  options.wait = std::chrono::milliseconds(5);
  StreamReader reader(client, options);
  CHECK(finish(reader.next()).empty());
  add(client, "s", "1");
  CHECK(finish(reader.next()).size() == 1);
}

TEST_CASE("without a group the reader fails, unless it is told to make it") {
  Client client = connected(unix_url());
  finish(client.del("s"));
  StreamReaderOptions options = reading({"s"});
  options.create_group = false;
  StreamReader reader(client, options);
  CHECK(error_of(reader.next(use_future)).server_code() == "NOGROUP");
  finish(client.command("XGROUP", "CREATE", "s", "group", "$", "MKSTREAM"));
  auto waiting = reader.next(use_future);
  add(client, "s", "1");
  CHECK(value_of(std::move(waiting)).size() == 1);
  finish(client.set("text", "x"));
  StreamReader wrong(client, reading({"text"}));
  CHECK(error_of(wrong.next(use_future)).server_code() == "WRONGTYPE");
  StreamReader nameless(client, StreamReaderOptions());
  CHECK(error_of(nameless.next(use_future)).code() == ErrorCode::invalid_argument);
  // A reader that took these names read the pending entries of the second "s" without end.
  StreamReader twice(client, reading({"s", "t", "s"}));
  const plimsoll::native::Error refused = error_of(twice.next(use_future));
  CHECK(refused.code() == ErrorCode::invalid_argument);
  CHECK_THAT(refused.what(), Catch::Matchers::ContainsSubstring("twice"));
}

TEST_CASE("a group that is deleted while its reader waits is made anew, behind what it had") {
  Client client = connected(unix_url());
  finish(client.del("s"));
  StreamReader reader(client, reading({"s"}));
  // Ids go up, also where the stream is a new one: the server's clock may have stood still.
  finish(client.command("XADD", "s", "1-1", "value", "1"));
  CHECK(finish(reader.next()).size() == 1);
  auto waiting = reader.next(use_future);
  CHECK(eventually([&] {
    return shared_server().ask("INFO clients").find("blocked_clients:1") != std::string::npos;
  }));
  SECTION("the group") { finish(client.command("XGROUP", "DESTROY", "s", "group")); }
  SECTION("the stream") { finish(client.del("s")); }
  finish(client.command("XADD", "s", "2-1", "value", "2"));
  CHECK(values_in(value_of(std::move(waiting))) == Values{"2"});
}

TEST_CASE("a reader survives its server, and loses nothing that the server has kept") {
  ValkeyServer server({.arguments = {"--appendonly", "yes", "--appendfsync", "no"}});
  Client client = connected(server.url());
  StreamReader reader(client, reading({"s"}));
  add(client, "s", "1");
  CHECK(finish(reader.next()).size() == 1);
  auto waiting = reader.next(use_future);
  CHECK(eventually(
      [&] { return server.ask("INFO clients").find("blocked_clients:1") != std::string::npos; }));
  server.kill();
  server.restart(Data::kept);
  add(client, "s", "2");
  CHECK(values_in(value_of(std::move(waiting))) == Values{"2"});
}

TEST_CASE("a reader that waits for long may lose its connection any number of times") {
  ValkeyServer server;
  Client client = connected(server.url());
  StreamReaderOptions options = reading({"s"});
  options.claim_after = std::chrono::milliseconds(20);  // each XREADGROUP waits for half of that
  StreamReader reader(client, options);
  auto waiting = reader.next(use_future);
  const auto waits = [&] {
    const std::string all = server.ask("INFO commandstats");
    const std::size_t at = all.find("cmdstat_xreadgroup:calls=");
    return at == std::string::npos ? 0 : std::stoi(all.substr(at + 25));
  };
  for (int losses = 0; losses < 15; ++losses) {
    const int before = waits();
    CHECK(eventually([&] { return waits() > before + 3; }));  // at least one wait has ended well
    server.ask("CLIENT KILL TYPE NORMAL SKIPME YES");
  }
  add(client, "s", "1");
  CHECK(values_in(value_of(std::move(waiting))) == Values{"1"});
}

TEST_CASE("cancelling a reader that waits loses no entry") {
  Client client = connected(unix_url());
  finish(client.del("s"));
  StreamReader reader(client, reading({"s"}));
  std::vector<std::string> got;
  constexpr int rounds = 500;
  for (int i = 0; i < rounds; ++i) {
    asio::cancellation_signal signal;
    std::promise<native::Result<StreamBatch>> outcome;
    reader.next(asio::bind_cancellation_slot(signal.slot(), [&](native::Result<StreamBatch> batch) {
      outcome.set_value(std::move(batch));
    }));
    auto added =
        client.command<std::string>({"XADD", "s", "*", "value", std::to_string(i)}, use_future);
    if (i % 3 == 0) value_of(std::move(added));
    signal.emit(asio::cancellation_type::terminal);
    auto batch = finish(outcome.get_future());
    if (batch) {
      for (std::string& value : values_in(*batch)) got.push_back(std::move(value));
    } else {
      CHECK(batch.error().code() == ErrorCode::cancelled);
    }
  }
  while (got.size() < rounds) {
    for (std::string& value : values_in(finish(reader.next()))) got.push_back(std::move(value));
  }
  for (int i = 0; i < rounds; ++i) REQUIRE(got[static_cast<std::size_t>(i)] == std::to_string(i));
}

TEST_CASE("a reader may be dropped while it waits, and ends with its client") {
  std::optional<Client> client = connected(unix_url());
  finish(client->del("s"));
  std::optional<StreamReader> reader(std::in_place, *client, reading({"s"}));
  auto waiting = reader->next(use_future);
  CHECK(error_of(reader->next(use_future)).code() == ErrorCode::rejected_by_limit);
  reader.reset();
  client.reset();
  CHECK_FALSE(finish(std::move(waiting)));
}

}  // namespace
}  // namespace plimsoll::testing::stream_test
