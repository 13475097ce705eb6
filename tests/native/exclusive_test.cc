#include "plimsoll/exclusive.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/optimistic.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/support/valkey_server.h"

// Connections of one's own: WATCH and what depends on it, against a real server.

namespace plimsoll::testing::exclusive_test {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_future;
using native::Client;
using native::Exclusive;
using native::Queued;
using native::Transaction;

TEST_CASE("a transaction whose keys were left alone commits") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    co_await client.set("stock", "7");
    auto own = co_await client.exclusive();
    co_await own.watch({"stock"});
    const auto stock = co_await own.get("stock");
    auto tx = own.transaction();
    auto left = tx.decrby("stock", std::stoll(*stock));
    auto done = co_await tx.exec();
    CHECK(done.committed());
    CHECK(done.get(left) == 0);
  }());
}

TEST_CASE("a transaction whose key was changed by another is not executed, which is no error") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    co_await client.set("stock", "7");
    auto own = co_await client.exclusive();
    co_await own.watch({"stock", "other"});
    co_await client.set("stock", "6");  // on the main connection
    auto tx = own.transaction();
    auto left = tx.decr("stock");
    auto done = co_await tx.exec();
    CHECK_FALSE(done.committed());
    CHECK(done.size() == 0);
    bool threw = false;
    try {
      done.get(left);
    } catch (const native::Error& error) {
      threw = true;
      CHECK(error.code() == ErrorCode::transaction_aborted);
      CHECK(error.executed() == Executed::no);
    }
    CHECK(threw);
    const auto stock = co_await client.get("stock");
    CHECK(stock == "6");
  }());
}

TEST_CASE("what is no longer watched does not matter") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    auto own = co_await client.exclusive();
    co_await own.watch({"stock"});
    co_await client.set("stock", "1");
    co_await own.unwatch();
    auto tx = own.transaction();
    tx.set("stock", "2");
    auto done = co_await tx.exec();
    CHECK(done.committed());
  }());
}

TEST_CASE("a connection that was given back watches nothing for the next one who has it") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    std::int64_t first = 0;
    {
      auto own = co_await client.exclusive();
      first = co_await own.client_id();
      co_await own.watch({"left behind"});
    }
    std::optional<Exclusive> again;
    // The one that was given back is the first that is idle, once UNWATCH was answered.
    for (std::int64_t id = 0; id != first;) {
      again.reset();
      again = co_await client.exclusive();
      id = co_await again->client_id();
    }
    co_await client.set("left behind", "1");
    auto tx = again->transaction();
    tx.set("left behind", "2");
    auto done = co_await tx.exec();
    CHECK(done.committed());
  }());
}

TEST_CASE("what changes the connection's state, or waits, is refused there too") {
  Client client = connected(unix_url());
  Exclusive own = finish(client.exclusive());
  for (const std::vector<std::string>& words : {std::vector<std::string>{"SELECT", "1"},
                                                {"SUBSCRIBE", "a"},
                                                {"MULTI"},
                                                {"BLPOP", "k", "1"}}) {
    INFO(words[0]);
    CHECK(error_of(own.command(words, use_future)).code() == ErrorCode::refused_command);
  }
  CHECK(error_of(own.blpop({"k"}, std::chrono::seconds(1), use_future)).code() ==
        ErrorCode::refused_command);
  CHECK(finish(own.ping()) == "PONG");
}

TEST_CASE("WAIT is about what was written on its own connection") {
  ValkeyServer server;
  Client client = connected(server.url());
  Exclusive own = finish(client.exclusive());
  finish(own.set("key", "value"));
  CHECK(finish(own.wait(1, std::chrono::milliseconds(20))) == 0);  // there is no replica
  CHECK(finish(own.command<std::int64_t>("wait", "1", "20")) == 0);
}

TEST_CASE("there are as many connections of one's own as the options allow") {
  native::Options options = patient_options();
  options.blocking_connections_max = 2;
  Client client = connected(unix_url(), options);
  std::vector<Exclusive> all;
  for (int i = 0; i < 2; ++i) all.push_back(finish(client.exclusive()));
  const native::Error error = error_of(client.exclusive(use_future));
  CHECK(error.code() == ErrorCode::rejected_by_limit);
  CHECK(error.text().find("blocking_connections_max") != std::string_view::npos);
  CHECK(finish(client.ping()) == "PONG");
  all.pop_back();
  CHECK(eventually([&] { return finish(client.exclusive(use_future)).has_value(); }));
}

TEST_CASE("what a connection of its own waits for in vain is told") {
  ValkeyServer server;
  native::Options options = patient_options();
  // Long enough for an attempt, whose refusal is what the calls have to tell.
  options.request_timeout = test_timeout(std::chrono::seconds(1));
  Client client = connected(server.url(), options);
  finish(client.command({"CONFIG", "SET", "maxclients", "1"}));
  const auto tells = [](const native::Error& error) {
    CHECK(error.code() == ErrorCode::timed_out);
    CHECK(error.executed() == Executed::no);
    const std::string words = error.what();
    INFO(words);
    CHECK(words.find("while there was no connection: ") != std::string::npos);
    CHECK(words.find("maxclients") != std::string::npos);
  };
  auto exclusive = client.exclusive(use_future);
  auto element = client.blpop({"none"}, std::chrono::milliseconds(1), use_future);
  auto subscription = client.subscribe({"channel"}, use_future);
  tells(error_of(std::move(exclusive)));
  tells(error_of(std::move(element)));
  tells(error_of(std::move(subscription)));
}

TEST_CASE("who cannot UNWATCH loses the connection, and the next user hears why") {
  ValkeyServer server;
  Client admin = connected(server.url());
  finish(admin.command({"ACL", "SETUSER", "ann", "on", ">secret", "~*", "+@all"}));
  native::Options options = patient_options();
  options.username = "ann";
  options.password = "secret";
  Client client = connected(server.url(), options);
  {
    Exclusive own = value_of(client.exclusive(use_future));
    value_of(own.watch({"key"}, use_future));
    finish(admin.command({"ACL", "SETUSER", "ann", "-unwatch"}));
  }
  const auto next = finish(client.exclusive(use_future));
  if (!next) {
    CHECK(next.error().code() == ErrorCode::connection_lost);
    CHECK(std::string(next.error().what()).find("refused UNWATCH") != std::string::npos);
  }
  CHECK(finish(client.exclusive(use_future)));
}

TEST_CASE("a connection of one's own that is lost is not replaced") {
  ValkeyServer server;
  Client client = connected(server.url());
  Exclusive own = finish(client.exclusive());
  const std::int64_t id = finish(own.client_id());
  finish(own.watch({"k"}));
  server.ask("CLIENT KILL ID " + std::to_string(id));
  CHECK(eventually([&] {
    return client.statistics().client.blocking_connections == 1 &&
           error_of(own.get("k", use_future)).code() == ErrorCode::connection_lost;
  }));
  auto tx = own.transaction();
  tx.set("k", "v");
  const native::Error error = error_of(tx.exec(use_future));
  CHECK(error.code() == ErrorCode::connection_lost);
  CHECK(error.executed() == Executed::no);
  CHECK(finish(client.get("k")) == std::nullopt);  // the shared one is there
  Exclusive another = finish(client.exclusive());
  CHECK(finish(another.ping()) == "PONG");
}

TEST_CASE("a connection that is lost while it is given has executed nothing") {
  ValkeyServer server;
  Client client = connected(server.url());
  finish(finish(client.exclusive()).set("k", "v"));  // the next one gets this connection
  server.pause();
  auto own = client.exclusive(use_future);
  auto built =
      native::optimistic_transaction(client, {"k"}, [](Exclusive& mine) -> awaitable<Transaction> {
        auto tx = mine.transaction();
        tx.set("k", "w");
        co_return tx;
      });
  auto committed = asio::co_spawn(client.get_executor(), std::move(built), use_future);
  server.kill();
  const native::Error error = error_of(std::move(own));
  INFO(error.what());
  // It was lost behind the client's PING, or in front of it.
  CHECK(error.code() != ErrorCode::lost_in_doubt);
  CHECK(error.executed() == Executed::no);
  server.restart();
  CHECK(finish(std::move(committed)).committed());
  CHECK(finish(client.get("k")) == "w");
}

TEST_CASE("a connection of one's own can be dropped with calls under way, and outlive its client") {
  ValkeyServer server;
  std::optional<Client> client = connected(server.url());
  std::optional<Exclusive> own = finish(client->exclusive());
  auto ping = own->ping(use_future);
  auto tx = own->transaction();
  auto number = tx.incr("number");
  own.reset();
  CHECK(value_of(std::move(ping)) == "PONG");
  CHECK(finish(tx.exec()).get(number) == 1);  // it kept the connection
  Exclusive late = finish(client->exclusive());
  client.reset();
  CHECK(error_of(late.ping(use_future)).code() == ErrorCode::closed);
  static_cast<void>(connected(server.url()).exclusive());  // dropped at once, unanswered
}

TEST_CASE("optimistic_transaction tries again while others are faster") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    co_await client.set("stock", "10");
    int attempts = 0;
    Queued<std::int64_t> left;
    auto done = co_await native::optimistic_transaction(
        client, {"stock"}, [&](Exclusive& own) -> awaitable<Transaction> {
          const auto stock = co_await own.get("stock");
          if (++attempts < 3) co_await client.incr("stock");
          auto tx = own.transaction();
          left = tx.incrby("stock", -std::stoll(*stock));
          co_return tx;
        });
    CHECK(attempts == 3);
    CHECK(done.get(left) == 0);
  }());
}

TEST_CASE("optimistic_transaction gives up after its attempts, and has executed nothing") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    co_await client.set("stock", "10");
    int attempts = 0;
    bool gave_up = false;
    try {
      co_await native::optimistic_transaction(
          client, {"stock"},
          [&](Exclusive& own) -> awaitable<Transaction> {
            ++attempts;
            co_await client.incr("stock");
            auto tx = own.transaction();
            tx.set("stock", "0");
            co_return tx;
          },
          4);
    } catch (const native::Error& error) {
      gave_up = true;
      CHECK(error.code() == ErrorCode::transaction_aborted);
    }
    CHECK(gave_up);
    CHECK(attempts == 4);
    const auto stock = co_await client.get("stock");
    CHECK(stock == "14");
  }());
}

TEST_CASE("optimistic_transaction goes on with another connection when its own was lost") {
  ValkeyServer server;
  run([](ValkeyServer& server) -> awaitable<void> {
    auto options = patient_options();
    options.blocking_connections_max = 1;
    auto client = co_await native::connect(server.url(), options);
    int attempts = 0;
    Queued<std::int64_t> number;
    auto done = co_await native::optimistic_transaction(
        client, {"number"}, [&](Exclusive& own) -> awaitable<Transaction> {
          const auto id = co_await own.client_id();
          if (++attempts < 3) server.ask("CLIENT KILL ID " + std::to_string(id));
          while (attempts < 3) co_await own.ping();  // until it is lost
          auto tx = own.transaction();
          number = tx.incr("number");
          co_return tx;
        });
    CHECK(attempts == 3);
    CHECK(done.get(number) == 1);
  }(server));
}

TEST_CASE("what may have been executed is not tried again") {
  using native::detail::Remedy;
  const auto remedy_for = [](ErrorCode code, bool was_sent) {
    const auto executed = code == ErrorCode::lost_in_doubt ? Executed::maybe : Executed::no;
    return native::detail::remedy_for(native::Error(code, executed, "lost"), was_sent);
  };
  CHECK(remedy_for(ErrorCode::lost_in_doubt, true) == Remedy::none);
  CHECK(remedy_for(ErrorCode::lost_in_doubt, false) == Remedy::open_another);
  for (const bool was_sent : {false, true}) {
    CHECK(remedy_for(ErrorCode::lost_unsent, was_sent) == Remedy::open_another);
    CHECK(remedy_for(ErrorCode::connection_lost, was_sent) == Remedy::open_another);
    CHECK(remedy_for(ErrorCode::cluster_redirect, was_sent) == Remedy::begin_again);
    CHECK(remedy_for(ErrorCode::cluster_down, was_sent) == Remedy::begin_again);
    for (const ErrorCode code : {ErrorCode::timed_out, ErrorCode::closed, ErrorCode::server_error,
                                 ErrorCode::transaction_aborted, ErrorCode::connect_failed}) {
      CHECK(remedy_for(code, was_sent) == Remedy::none);
    }
  }
}

TEST_CASE("optimistic transactions that wait for an owner begin again at different times") {
  const auto check = [](int attempts, int most) {
    INFO("behind " << attempts << " attempts");
    std::set<std::chrono::milliseconds> waits;
    for (int i = 0; i < 100; ++i) waits.insert(native::detail::wait_behind(attempts));
    CHECK(*waits.begin() >= std::chrono::milliseconds(most / 2));
    CHECK(*waits.rbegin() <= std::chrono::milliseconds(most));
    CHECK(waits.size() > 1);
  };
  check(1, 10);
  check(2, 20);
  check(1000, 500);
}

TEST_CASE("many optimistic transactions at a time lose no update") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    co_await client.set("counter", "0");
    auto executor = co_await asio::this_coro::executor;
    int left = 4;
    for (int i = 0; i < 4; ++i) {
      asio::co_spawn(
          executor,
          [&client]() -> awaitable<void> {
            for (int round = 0; round < 25; ++round) {
              co_await native::optimistic_transaction(
                  client, {"counter"},
                  [](Exclusive& own) -> awaitable<Transaction> {
                    const auto now = co_await own.get("counter");
                    auto tx = own.transaction();
                    tx.set("counter", std::to_string(std::stoll(*now) + 1));
                    co_return tx;
                  },
                  1000);
            }
          },
          [&left](const std::exception_ptr& problem) {
            if (!problem) --left;
          });
    }
    while (left > 0) co_await client.ping();
    const auto counter = co_await client.get("counter");
    CHECK(counter == "100");
  }());
}

}  // namespace
}  // namespace plimsoll::testing::exclusive_test
