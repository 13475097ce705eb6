// Connects with TLS: tls URL CA_FILE, such as
//
//   tls valkeys://db.example.org:6379 /etc/valkey/ca.pem
//
// The server's certificate has to be valid, of that authority, and of the host in the address.
// Servers that know their clients by certificates want one too. docs/connecting.md has the rest.

#include <exception>
#include <iostream>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"

namespace asio = boost::asio;
namespace native = plimsoll::native;

asio::awaitable<void> run(std::string url, std::string ca_file) {
  native::Options options;
  options.tls.ca_file = ca_file;  // without it, the authorities that the system trusts
  options.tls.min_version = native::TlsOptions::Version::tls_1_3;
  // options.tls.certificate_file = "client.pem";
  // options.tls.key_file = "client.key";

  const auto executor = co_await asio::this_coro::executor;
  auto client = co_await native::connect(executor, url, options);
  co_await client.set("ship", "Great Eastern");
  std::cout << *co_await client.get("ship") << "\n";

  // The same server under a name that is not in its certificate: nothing is sent to it.
  options.tls.server_name = "elsewhere.example.org";
  const auto refused = co_await native::connect(executor, url, options, asio::use_awaitable);
  if (!refused) std::cout << name(refused.error().code()) << "\n";
}

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::cerr << "usage: tls URL CA_FILE\n";
    return 1;
  }
  asio::io_context io;
  auto done = asio::co_spawn(io, run(argv[1], argv[2]), asio::use_future);
  io.run();
  done.get();  // throws what run() threw
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}

// Prints:
//   Great Eastern
//   certificate_invalid
