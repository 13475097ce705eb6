// Waiting for work: a command that blocks waits on a connection of its own, so everything else goes
// on, and an element that arrives as the wait is cancelled is not lost.

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;
using namespace std::chrono_literals;

asio::awaitable<void> run(std::string url) {
  auto client = co_await native::connect(url);
  co_await client.rpush("jobs", {"rivet the keel", "caulk the deck"});
  co_await client.rpush("urgent", {"stop the leak"});
  for (int i = 0; i < 3; ++i) {
    const auto job = co_await client.blpop({"urgent", "jobs"}, 10s);
    std::cout << job->key << ": " << job->element << "\n";
  }

  auto next = client.blpop({"urgent", "jobs"}, 10s);  // waits already
  co_await client.rpush("jobs", {"go home"});         // and this does not wait for it
  const auto job = co_await std::move(next);
  std::cout << job->key << ": " << job->element << "\n";

  const auto none = co_await client.blpop({"urgent", "jobs"}, 10ms);
  std::cout << (none ? "more work" : "nothing to do") << "\n";
}

int main(int argc, char** argv) try {
  const std::string url = argc > 1 ? argv[1] : "valkey://127.0.0.1:6379";
  asio::io_context io;
  auto done = asio::co_spawn(io, run(url), asio::use_future);
  io.run();
  done.get();  // throws what run() threw
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

// Prints:
//   urgent: stop the leak
//   jobs: rivet the keel
//   jobs: caulk the deck
//   jobs: go home
//   nothing to do
