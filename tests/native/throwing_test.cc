#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/finish.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/shared_server.h"

// Callbacks that throw, or end the client, on an executor of the user's own.

namespace plimsoll::testing::throwing_test {
namespace {

namespace asio = boost::asio;
using native::Client;
using native::Result;
using Text = std::optional<std::string>;

// Runs `context` until `done`; returns how many exceptions came out of it meanwhile.
template <class Done>
int run_until(asio::io_context& context, Done done) {
  const auto deadline = std::chrono::steady_clock::now() + patience();
  int exceptions = 0;
  while (!done()) {
    try {
      context.restart();
      if (context.run_one_until(deadline) == 0) throw std::logic_error("a call did not end");
    } catch (const std::runtime_error&) {
      ++exceptions;
    }
  }
  return exceptions;
}

Client connected_on(asio::io_context& context) {
  return finish(context, native::connect(context.get_executor(), unix_url(), patient_options(),
                                         asio::use_future))
      .value();
}

TEST_CASE("an exception of a callback leaves through run(), and nobody else loses an outcome") {
  asio::io_context context;
  Client client = connected_on(context);
  int outcomes = 0;
  for (int i = 0; i < 50; ++i) {
    client.ping([&outcomes, i](Result<std::string> pong) {
      CHECK(pong);
      ++outcomes;
      if (i % 5 == 0) throw std::runtime_error("thrown by a callback");
    });
  }
  CHECK(run_until(context, [&] { return outcomes == 50; }) <= 10);
}

TEST_CASE("a client serves on after callbacks that threw") {
  asio::io_context context;
  Client client = connected_on(context);
  for (int i = 0; i < 3; ++i) {
    bool called = false;
    client.ping([&](Result<std::string>) {
      called = true;
      throw std::runtime_error("thrown by a callback");
    });
    run_until(context, [&] { return called; });
    const Result<std::string> pong = finish(context, client.ping(asio::use_future));
    CHECK(pong);
  }
}

TEST_CASE("a client serves on after the callback of its connect threw") {
  asio::io_context context;
  std::optional<Client> client;
  native::connect(context.get_executor(), unix_url(), patient_options(),
                  [&](Result<Client> connected) {
                    client = *std::move(connected);
                    throw std::runtime_error("thrown by a callback");
                  });
  CHECK(run_until(context, [&] { return client.has_value(); }) <= 1);
  CHECK(finish(context, client->ping(asio::use_future)));
}

TEST_CASE("a callback may destroy the client: the others end all the same, once each") {
  asio::io_context context;
  std::optional<Client> client = connected_on(context);
  int values = 0;
  int losses = 0;
  for (int i = 0; i < 50; ++i) {
    client->ping([&](Result<std::string> pong) {
      if (pong) {
        ++values;
      } else {
        CHECK(pong.error().code() == ErrorCode::lost_in_doubt);
        ++losses;
      }
      client.reset();
    });
  }
  run_until(context, [&] { return values + losses == 50; });
  CHECK(values >= 1);
  context.restart();
  context.run_for(patience());
  CHECK(values + losses == 50);
}

TEST_CASE("a callback may destroy the client that another thread serves") {
  auto client = std::make_shared<std::optional<Client>>(
      finish(native::connect(unix_url(), patient_options(), asio::use_future)).value());
  std::promise<void> ended;
  auto future = ended.get_future();
  (*client)->ping([client, &ended](Result<std::string>) {
    client->reset();
    ended.set_value();
  });
  finish(std::move(future));
}

TEST_CASE("a callback may close the client and wait for that") {
  asio::io_context context;
  Client client = connected_on(context);
  bool closed = false;
  client.ping(
      [&](Result<std::string>) { client.close([&](Result<void> end) { closed = !!end; }); });
  run_until(context, [&] { return closed; });
  CHECK(finish(context, client.ping(asio::use_future)).error().code() == ErrorCode::closed);
}

}  // namespace
}  // namespace plimsoll::testing::throwing_test
