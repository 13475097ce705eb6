// Commands that the server executes all or none: in one request on the connection that all share;
// and, where they depend on what was read before, on a connection of their own that watches it.

#include "plimsoll/transaction.h"

#include <cstdint>
#include <exception>
#include <iostream>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"
#include "plimsoll/optimistic.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;

asio::awaitable<void> load_cargo(native::Client& client) {
  auto tx = client.transaction();
  tx.rpush("hold", {"cable", "coal"});
  auto tons = tx.incrby("tons", 7000);
  auto wrong = tx.incr("hold");  // a list: this command fails, the others do not
  auto done = co_await tx.exec();
  std::cout << done.get(tons) << " tons loaded\n";
  if (const auto error = done.error(wrong)) std::cout << error->server_code() << "\n";
}

// Takes `wanted` tons if there are as many; nobody else can take them in between.
asio::awaitable<bool> unload(native::Client& client, std::int64_t wanted) {
  native::Queued<std::int64_t> left;
  auto done = co_await native::optimistic_transaction(
      client, {"tons"}, [&](native::Exclusive& own) -> asio::awaitable<native::Transaction> {
        const auto tons = co_await own.get("tons");
        auto tx = own.transaction();
        if (std::stoll(tons.value_or("0")) >= wanted) left = tx.decrby("tons", wanted);
        co_return tx;
      });
  if (done.size() == 0) co_return false;
  std::cout << done.get(left) << " tons left\n";
  co_return true;
}

asio::awaitable<void> refused(native::Client& client) {
  auto tx = client.transaction();
  tx.incr("tons");
  tx.command("UNLOAD", "tons");
  try {
    co_await tx.exec();
  } catch (const native::Error& error) {
    std::cout << name(error.code()) << ", executed: " << name(error.executed()) << "\n";
  }
}

asio::awaitable<void> run(std::string url) {
  auto client = co_await native::connect(url);
  co_await load_cargo(client);
  std::cout << std::boolalpha << co_await unload(client, 5000) << "\n";
  std::cout << co_await unload(client, 5000) << "\n";
  co_await refused(client);
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
//   7000 tons loaded
//   WRONGTYPE
//   2000 tons left
//   true
//   false
//   transaction_aborted, executed: no
