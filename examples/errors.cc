// What can go wrong with a call, and what to do then. An awaited call throws; with a completion
// token it gives a Result, which holds the same Error.

#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;
using native::ErrorCode;
using native::Executed;

std::string_view advice(const native::Error& error) {
  switch (error.code()) {
    case ErrorCode::lost_unsent: return "it never left: send it again";
    case ErrorCode::lost_in_doubt: return "it may have run: send it again if it may run twice";
    case ErrorCode::timed_out:
    case ErrorCode::cancelled:
      return error.executed() == Executed::no ? "it never left: send it again, if it still matters"
                                              : "it may have run: look before you send it again";
    case ErrorCode::rejected_by_limit: return "too much at once: wait until some of it is done";
    case ErrorCode::reply_too_large: return "it has run: ask for less at a time";
    case ErrorCode::out_of_memory: return "the machine is full: shed load";
    case ErrorCode::cluster_redirect: return "this is a cluster: say so in the address";
    case ErrorCode::cluster_down: return "the cluster does not serve it now: send it again later";
    case ErrorCode::transaction_aborted: return "nothing of it has run: see server_text()";
    case ErrorCode::server_error: return "the server says no: see server_code()";
    case ErrorCode::protocol_error: return "this is no Valkey: check the address";
    case ErrorCode::wrong_type: return "it has run: ask for the type that it answers";
    case ErrorCode::invalid_argument:
    case ErrorCode::invalid_option:
    case ErrorCode::refused_command: return "nothing was sent: mend the program";
    case ErrorCode::connect_failed: return "nobody is there: try again later";
    case ErrorCode::connection_lost:
    case ErrorCode::connection_dead:
    case ErrorCode::server_loading:
    case ErrorCode::primary_down:
    case ErrorCode::server_busy:
    case ErrorCode::too_many_clients:
    case ErrorCode::protected_mode:
    case ErrorCode::tls_failed:
    case ErrorCode::credentials_failed: return "it will not serve us now: try again later";
    case ErrorCode::certificate_invalid:
    case ErrorCode::authentication_failed:
    case ErrorCode::permission_denied:
    case ErrorCode::unsupported_protocol:
    case ErrorCode::unknown_database:
    case ErrorCode::tracking_refused: return "it will not serve us: mend the options or the server";
    case ErrorCode::closed: return "nothing was sent: connect anew";
    case ErrorCode::forked: return "connect anew in the child";
    case ErrorCode::unknown_command:
    case ErrorCode::refused_by_bridge:
      return "it has not run: ask for something else, or mend the configuration";
    case ErrorCode::not_enough_replicas:
    case ErrorCode::read_only_replica:
    case ErrorCode::persistence_failed:
    case ErrorCode::server_out_of_memory: return "no writes now: try again later, or see who can";
  }
  return "";
}

void report(const native::Error& error) {
  std::cout << name(error.code()) << " - " << advice(error) << "\n";
}

asio::awaitable<void> run(std::string url) {
  auto client = co_await native::connect(url);
  co_await client.hset("ship", {{"name", "Great Eastern"}});

  try {
    co_await client.get("ship");  // which is a hash
  } catch (const native::Error& error) {
    report(error);
    std::cout << "  " << error.server_code() << "\n";
  }

  const auto number =
      co_await client.command<std::int64_t>({"HGET", "ship", "name"}, asio::use_awaitable);
  if (!number) report(number.error());

  const auto refused = co_await client.command({"SUBSCRIBE", "news"}, asio::use_awaitable);
  if (!refused) report(refused.error());

  co_await client.close();
  const auto late = co_await client.ping(asio::use_awaitable);
  if (!late) report(late.error());

  native::Options hasty;
  hasty.connect_timeout = std::chrono::milliseconds(20);
  const auto nobody =
      co_await native::connect("unix:///there/is/no/server", hasty, asio::use_awaitable);
  if (!nobody) report(nobody.error());
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
//   server_error - the server says no: see server_code()
//     WRONGTYPE
//   wrong_type - it has run: ask for the type that it answers
//   refused_command - nothing was sent: mend the program
//   closed - nothing was sent: connect anew
//   connect_failed - nobody is there: try again later
