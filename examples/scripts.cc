// Scripts that run on the server, each as one step for everybody else: sent by their SHA-1, and
// with their text only where the server does not know them yet.

#include <cstdint>
#include <exception>
#include <iostream>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"
#include "plimsoll/script.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;

// So many calls in so many seconds.
const native::Script limit(R"(
  local calls = redis.call('INCR', KEYS[1])
  if calls == 1 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
  if calls > tonumber(ARGV[1]) then
    return redis.error_reply('SLOWDOWN ' .. calls .. ' calls')
  end
  return calls
)");

asio::awaitable<void> run(std::string url) {
  auto client = co_await native::connect(url);
  try {
    while (true) {
      const auto calls = co_await limit.run<std::int64_t>(client, {"calls:brunel"}, {"3", "60"});
      std::cout << calls << "\n";
    }
  } catch (const native::Error& error) {
    std::cout << error.server_text() << "\n";
  }

  co_await client.command("FUNCTION", "LOAD", "REPLACE", R"(#!lua name=ship
    redis.register_function{function_name = 'deck', flags = {'no-writes'},
                            callback = function(keys, args) return args[1] .. ' deck' end})");
  const native::Function deck("deck");
  std::cout << co_await deck.run_readonly<std::string>(client, {}, {"upper"}) << "\n";
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
//   1
//   2
//   3
//   SLOWDOWN 4 calls
//   upper deck
